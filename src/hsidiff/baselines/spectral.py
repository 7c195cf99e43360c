"""What the baselines on single spectra share: gather spectra, fit an estimator, predict in chunks.

A baseline of this kind sees one spectrum at a time, as the training pixels' spectra and nothing
else taught it: it is not transductive, and its receptive field is one pixel. Scaling, where a
baseline scales, is part of its scikit-learn pipeline and uses the training pixels only. Those on
principal components of the scene (``components.py``) depart from this, and say so.

A fitted baseline is saved as its training spectra and the numbers that were chosen on them, and
refitted when it is loaded: fitting is deterministic, and no pickle is needed.
"""

import math
import warnings
from abc import abstractmethod
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import sklearn
from sklearn.base import ClassifierMixin

from hsidiff.about import Cost
from hsidiff.contract import SceneClassifier
from hsidiff.errors import LARGEST_RANDOM_STATE, HsidiffWarning, check_whole_number
from hsidiff.labels.fold_by_fold import Predict, predict_fold_by_fold
from hsidiff.labels.label_map import LabelMap
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.gather import Samples, gather_spectra

CHUNK_PIXELS = 16_384
"""Spectra predicted at once; with it, memory does not grow with the tile."""


@dataclass(repr=False, eq=False)
class SpectralBaseline(SceneClassifier):
    """Parent of the baselines that classify each spectrum by itself with scikit-learn.

    A subclass gives :meth:`_make_estimator`, and may give :meth:`_check_settings`, :meth:`_check`,
    :meth:`_choose` and :meth:`_spectra_proba`.

    Attributes:
        random_state: seed of everything that is drawn.
        estimator_: the fitted scikit-learn estimator.
        chosen_: the numbers that were chosen on the training pixels, by name.
        train_spectra_: (n, n_bands) float32, the spectra that it was fitted on.
        train_class_ids_: (n,) int64, their classes.
    """

    random_state: int = field(default=0, kw_only=True)

    @abstractmethod
    def _make_estimator(self) -> ClassifierMixin:
        """Build the unfitted estimator from settings and ``chosen_``."""

    def _check_settings(self) -> None:
        """Refuse settings that are out of range; a subclass adds its own after ``super()``'s.

        Raises:
            SettingError: if one is.
        """
        check_whole_number("random_state", self.random_state, 0, LARGEST_RANDOM_STATE)

    def _check(self, class_ids: np.ndarray) -> None:
        """Refuse settings that the training labels cannot serve.

        Args:
            class_ids: (n,) classes of the training pixels.

        Raises:
            SettingError: if there is one.
        """

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """Not known: an estimator grows with what it learns from."""
        self._check_settings()
        return super().cost(n_bands, n_classes)

    def _gather(self, scene: Scene, labels: LabelMap) -> Samples:
        """Gather what the estimator learns from, one vector (n_bands,) per training pixel."""
        return gather_spectra(scene, labels)

    def _choose(self, spectra: np.ndarray, class_ids: np.ndarray) -> dict[str, float]:
        """Choose what is to be chosen on the training pixels (n, n_bands); by default nothing."""
        return {}

    def _spectra_proba(self, spectra: np.ndarray) -> np.ndarray:
        """Probabilities (n, n_classes) of spectra (n, n_bands) float64; columns by class id."""
        return self.estimator_.predict_proba(spectra)

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        self._check_settings()
        samples = self._gather(scene, labels)
        self._check(samples.class_ids)
        self.chosen_ = self._choose(samples.values.astype(np.float64), samples.class_ids)
        self._fit_estimator(samples.values, samples.class_ids)

    @property
    def n_held_out_folds(self) -> int:
        """Ten: an estimator with chosen numbers is fitted quickly."""
        return 10

    def held_out_proba(self, scene: Scene, labels: LabelMap, fold: np.ndarray) -> np.ndarray:
        """As of every classifier; the numbers that were chosen stay."""
        samples = self._gather(scene, labels)
        order = np.lexsort((samples.cols, samples.rows))
        vectors, class_ids = samples.values[order], samples.class_ids[order]
        all_ids = [land_class.id for land_class in self.classes_]

        def fit(inside: np.ndarray) -> tuple[np.ndarray, Predict]:
            other = copy(self)
            other._check(class_ids[inside])
            other._fit_estimator(vectors[inside], class_ids[inside])
            known = np.searchsorted(all_ids, np.unique(class_ids[inside]))
            return known, lambda chosen: other._spectra_proba(vectors[chosen].astype(np.float64))

        return predict_fold_by_fold(fold, len(all_ids), fit)

    def _fit_estimator(self, spectra: np.ndarray, class_ids: np.ndarray) -> None:
        self.train_spectra_ = spectra
        self.train_class_ids_ = class_ids.astype(np.int64)
        # In double precision: raw radiances differ by less than float32 keeps of their products.
        self.estimator_ = self._make_estimator().fit(
            spectra.astype(np.float64), self.train_class_ids_
        )

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        return proba_of_valid_spectra(
            cube,
            len(self.classes_),
            lambda spectra: self._spectra_proba(spectra.astype(np.float64)),
        )

    def _get_learned(self) -> Learned:
        arrays = {"spectra": self.train_spectra_, "class_ids": self.train_class_ids_}
        return Learned(arrays, {"chosen": self.chosen_, "scikit_learn": sklearn.__version__})

    def _set_learned(self, learned: Learned) -> None:
        trained_with = learned.facts["scikit_learn"]
        if trained_with != sklearn.__version__:
            warnings.warn(
                f"this {self.name} model was fitted with scikit-learn {trained_with}, now it is "
                f"refitted with {sklearn.__version__}: its probabilities may differ a little",
                HsidiffWarning,
                stacklevel=3,
            )
        self.chosen_ = learned.facts["chosen"]
        self._check_settings()  # a broken file may ask for billions of trees
        self._fit_estimator(learned.arrays["spectra"], learned.arrays["class_ids"])


def proba_of_valid_spectra(
    cube: np.ndarray, n_classes: int, proba_of: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Probabilities of a tile whose pixels are classified each by itself, a chunk at a time.

    Args:
        cube: (rows, cols, n_bands); NaN where invalid.
        n_classes: number of classes.
        proba_of: from spectra (m, n_bands), all valid, to probabilities (m, n_classes).

    Returns:
        (rows, cols, n_classes) float32; 0 where invalid.
    """
    spectra = cube.reshape(-1, cube.shape[-1])
    probabilities = np.zeros((len(spectra), n_classes), dtype=np.float32)
    valid = np.flatnonzero(np.isfinite(spectra).all(axis=1))
    for start in range(0, len(valid), CHUNK_PIXELS):
        chunk = valid[start : start + CHUNK_PIXELS]
        probabilities[chunk] = proba_of(spectra[chunk])
    return probabilities.reshape(*cube.shape[:2], n_classes)


def is_real_number(value: Any) -> bool:
    """Whether a setting's value is a finite number (and not a boolean)."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value))
