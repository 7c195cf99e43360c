"""Any classifier, whose probabilities say how often they are right."""

import warnings
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from hsidiff.about import About
from hsidiff.calibration import WORD_GROUPS, Familiar, HeldOutProba, fit_temperature, tempered
from hsidiff.contract import SceneClassifier, TileRead
from hsidiff.errors import HsidiffError, HsidiffWarning, SettingError, check_choice
from hsidiff.heads.held_out import Folds, folds_of, judged_samples
from hsidiff.labels.ground import NEAR_PX, held_out_units
from hsidiff.labels.label_map import LabelMap
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.gather import gather_spectra
from hsidiff.wrapped import Wrapped

FOLDS_OF_ONE = 4
"""Where a fit takes long, one fold of so many is held out, and the others are never."""
FEW_FOLDS, MANY_LABELS = 4, 2000
"""Of so many labels fewer folds leave enough inside."""
LEAST_HELD_OUT = 10
"""Fewer held-out pixels say too little: the probabilities are left as they are."""


@dataclass(repr=False, eq=False)
class Calibrated(Wrapped):
    """Divides the logarithms of another classifier's probabilities by one temperature.

    The temperature is fitted on labelled pixels that were held out with all others of their block
    of 16 x 16 pixels or of their field (``unit`` of the labels), see :mod:`hsidiff.calibration`.
    Maps stay the same: the most probable class does.

    Attributes:
        temperature_: what the logarithms are divided by; 1 where nothing could be held out.
        source_: what held out labels for it, a key of :data:`hsidiff.calibration.WORD_GROUPS`.
        by_groups_: held-out pixels, whole blocks at a time.
        at_random_: held-out pixels, one by one; none where a fit takes long.
        familiar_: distance of a spectrum to what was learned.
        held_out_distances_: (m,) float64, of pixels held out by groups, in increasing order.
    """

    temperature_: float = field(init=False)
    source_: str = field(init=False)
    by_groups_: HeldOutProba = field(init=False)
    at_random_: HeldOutProba = field(init=False)
    familiar_: Familiar = field(init=False)
    held_out_distances_: np.ndarray = field(init=False)

    name: ClassVar[str] = "calibrated"
    about: ClassVar[About] = About("method", "Guo et al., ICML", 2017)

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        # 1. Fit the classifier to all labels.
        self.model_ = clone(self.model).fit(scene, labels)
        # 2. Let classifiers like it predict held-out labels.
        classes, rows, cols = self._labelled(labels)
        groups = held_out_units(labels, rows, cols)
        folds = self._folds(classes, groups)
        self.by_groups_ = self._ask(scene, labels, classes, groups, folds)
        one_by_one = np.arange(len(classes))
        single = self._folds(classes, one_by_one) if len(folds) > 1 else []
        self.at_random_ = self._ask(scene, labels, classes, one_by_one, single)
        # 3. Learn from that how sure to be, and how far from the labels a spectrum may lie.
        self.source_ = "folds"
        self.temperature_ = self._temperature()
        self._learn_distances(scene, labels, classes, folds)

    @classmethod
    def around(
        cls,
        fitted: SceneClassifier,
        scene: Scene,
        labels: LabelMap,
        held_out: HeldOutProba | None = None,
        unit: str | None = None,
    ) -> Self:
        """Calibrate a classifier that is fitted, as ``hsidiff map`` does.

        Args:
            fitted: the classifier; it becomes part of the result.
            scene: the scene that it was fitted to.
            labels: the labels that it was fitted to.
            held_out: what copies of it said of labels that score it, in the order of its classes;
                nothing is fitted again. None lets it predict folds of its own labels: blocks of
                :data:`hsidiff.labels.ground.NEAR_PX` pixels, or fields.
            unit: what these folds hold out, "blocks" or "fields"; None as the labels say.

        Warns:
            HsidiffWarning: if too few labels could be held out to say anything.
        """
        check_is_fitted(fitted, "classes_")
        result = cls(fitted)
        for name in ("classes_", "n_bands_", "bands_", "seen_values_"):
            setattr(result, name, getattr(fitted, name))
        result.model_ = fitted
        classes, rows, cols = result._labelled(labels)
        result.source_ = "near folds" if held_out is None else "score"
        if held_out is None:
            units = replace(labels, unit=unit or labels.unit)
            groups = held_out_units(units, rows, cols, NEAR_PX)
            near = result._folds(classes, groups)
            held_out = result._ask(scene, labels, classes, groups, near)
        nothing = held_out.part(np.arange(0))
        result.by_groups_ = held_out if len(held_out) >= LEAST_HELD_OUT else nothing
        result.at_random_ = nothing
        result.temperature_ = result._temperature()
        folds = result._folds(classes, held_out_units(labels, rows, cols))
        result._learn_distances(scene, labels, classes, folds)
        return result

    def _labelled(self, labels: LabelMap) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position of the class, row and column of each labelled pixel, row by row."""
        rows, cols = np.nonzero(labels.values)
        ids = [land_class.id for land_class in self.classes_]
        return np.searchsorted(ids, labels.values[rows, cols]), rows, cols

    def _folds(self, classes: np.ndarray, groups: np.ndarray) -> Folds:
        """Folds that are held out, fewer than that where a fit takes long."""
        n_folds = self.model_.n_held_out_folds
        if len(classes) > MANY_LABELS:
            n_folds = min(n_folds, FEW_FOLDS)
        drawn = n_folds if n_folds > 1 else FOLDS_OF_ONE
        return folds_of(classes, groups, _random_state_of(self.model_), drawn)[:n_folds]

    def _ask(
        self,
        scene: Scene,
        labels: LabelMap,
        classes: np.ndarray,
        groups: np.ndarray,
        folds: Folds,
    ) -> HeldOutProba:
        """What is said of held-out pixels whose class had other labels; of none if they are few."""
        judged = judged_samples(classes, folds)
        probabilities = np.empty((len(classes), len(self.classes_)))
        if judged.sum() < LEAST_HELD_OUT:
            judged[:] = False
        else:
            fold = np.full(len(classes), -1)
            for number, (_, outside) in enumerate(folds):
                fold[outside] = number
            try:
                probabilities = self.model_.held_out_proba(scene, labels, fold)
            except HsidiffError:  # a setting that asks for more labels than a part of them
                judged[:] = False
        said = probabilities[judged].astype(np.float32)
        return HeldOutProba(said, classes[judged], groups[judged])

    def _temperature(self) -> float:
        if self.is_calibrated:
            return fit_temperature(self.by_groups_, WORD_GROUPS[self.source_])
        warnings.warn(
            "too few labels lie apart from each other to hold some out, so the confidence is what "
            "the method believes and was not checked: label pixels in more places",
            HsidiffWarning,
            stacklevel=4,
        )
        return 1.0

    def _learn_distances(
        self, scene: Scene, labels: LabelMap, classes: np.ndarray, folds: Folds
    ) -> None:
        samples = gather_spectra(scene, labels)
        spectra = samples.values[np.lexsort((samples.cols, samples.rows))]
        self.familiar_ = Familiar.fit(spectra, classes)
        found = []
        for inside, outside in folds:
            known = outside[np.isin(classes[outside], classes[inside])]
            found.append(Familiar.fit(spectra[inside], classes[inside]).distances(spectra[known]))
        self.held_out_distances_ = np.sort(np.concatenate([np.empty(0), *found]))

    @property
    def is_calibrated(self) -> bool:
        """Whether enough labelled pixels could be held out."""
        return len(self.by_groups_) > 0

    def before(self, probabilities: np.ndarray) -> np.ndarray:
        """What the classifier inside says, of probabilities (..., n_classes) of this one."""
        return tempered(probabilities, 1 / self.temperature_)

    def prediction_sets(
        self, probabilities: np.ndarray, coverage: float, sampling: str = "groups"
    ) -> np.ndarray:
        """Sets of classes that hold the true one with a stated probability.

        It holds where the labels were drawn as the pixels of the map were: they are exchangeable.
        Labels that were drawn one by one all over the scene are (``sampling="random"``); of labels
        in some places only, whole blocks are held out ("groups"), and pixels of places without a
        label may still be covered less often. The most probable class is always of the set.

        Args:
            probabilities: (..., n_classes) of this classifier.
            coverage: how often a set is to hold the true class, in (0, 1).
            sampling: "groups" or "random".

        Returns:
            (..., n_classes) bool; nothing but False at invalid pixels.

        Raises:
            SettingError: if an argument is out of range, or no label could be held out that way.
        """
        check_share("coverage", coverage)
        held_out = {"groups": self.by_groups_, "random": self.at_random_}[
            check_choice("sampling", sampling, ("groups", "random"))
        ]
        if len(held_out) == 0:
            raise SettingError(
                f"coverage={coverage}: no label could be held out (sampling={sampling!r}): label "
                "pixels in more places, or use a method that learns its labels quickly"
            )
        least = held_out.least_probability(coverage, self.temperature_)
        best = probabilities.max(axis=-1, keepdims=True)
        return ((probabilities >= least) | (probabilities == best)) & (best > 0)

    def farthest(self, false_alarms: float) -> float:
        """The distance beyond which so small a share of held-out pixels lies.

        Where there are fewer than 1 / false_alarms - 1 of them it is the largest of theirs.

        Raises:
            SettingError: if the share is not in (0, 1), or no label could be held out.
        """
        check_share("false_alarms", false_alarms)
        n_held_out = len(self.held_out_distances_)
        if n_held_out < LEAST_HELD_OUT:
            raise SettingError(
                f"false_alarms={false_alarms}: {n_held_out} labelled pixels could be held out, at "
                f"least {LEAST_HELD_OUT} are needed: label pixels in more places"
            )
        rank = int(np.ceil((n_held_out + 1) * (1 - false_alarms) - 1e-9))
        return float(self.held_out_distances_[min(rank, n_held_out) - 1])

    def _read(self, scene: Scene, window: Window) -> TileRead:
        return self.model_._read(scene, window)

    def _predict_proba_read(self, tile: TileRead) -> np.ndarray:
        probabilities = self.model_._predict_proba_read(tile)
        return tempered(probabilities, self.temperature_) if self.is_calibrated else probabilities

    def _get_learned(self) -> Learned:
        arrays = {
            **self.by_groups_.arrays("by_groups."),
            **self.at_random_.arrays("at_random."),
            "held_out_distances": self.held_out_distances_,
            "whitening": self.familiar_.whitening,
            "means": self.familiar_.means,
        }
        facts = {"source": self.source_, **self.by_groups_.facts(self.temperature_)}
        return Learned(arrays, {"calibration": facts})

    def _set_learned(self, learned: Learned) -> None:
        arrays = learned.arrays
        self.temperature_ = float(learned.facts["calibration"]["temperature"])
        self.source_ = learned.facts["calibration"]["source"]
        self.by_groups_ = HeldOutProba.from_arrays("by_groups.", arrays)
        self.at_random_ = HeldOutProba.from_arrays("at_random.", arrays)
        self.held_out_distances_ = arrays["held_out_distances"]
        self.familiar_ = Familiar(arrays["whitening"], arrays["means"])
        self._adopt()


def check_share(name: str, value: Any) -> None:
    """Refuse what is not a number between 0 and 1, both excluded, with a SettingError."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not (is_number and 0 < value < 1):
        raise SettingError(f"{name}={value!r}: must lie strictly between 0 and 1")


def _random_state_of(model: SceneClassifier) -> int:
    """The seed among a classifier's settings, or those of one inside; 0 where there is none."""
    settings = model.get_params(deep=True)
    seeds = [value for name, value in settings.items() if name.split("__")[-1] == "random_state"]
    return int(seeds[0]) if seeds else 0
