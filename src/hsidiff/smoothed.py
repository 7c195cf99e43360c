"""Any classifier, whose probabilities are smoothed along the edges of the scene."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from hsidiff.about import About, Cost
from hsidiff.contract import SceneClassifier, TileRead, seen_region
from hsidiff.errors import ModelError, check_whole_number
from hsidiff.labels.label_map import LabelMap
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.smoothing import find_guide, smooth_probabilities
from hsidiff.windows.statistics import PrincipalComponents
from hsidiff.windows.tiles import without_margin

SMOOTHING = "smoothing_radius_px"
"""The setting that puts the wrapper around any classifier."""


class _Surrounded(NamedTuple):
    """A window, and what the inner classifier read for it and its surroundings."""

    window: Window
    inner: TileRead


@dataclass(repr=False, eq=False)
class Smoothed(SceneClassifier):
    """Smooths the probabilities of another classifier, see :mod:`hsidiff.windows.smoothing`.

    Attributes:
        model: the classifier; it is copied, and the copy is fitted.
        radius_px: of the windows of the filter, which reaches twice as far.
        pretrain_on: the edges to keep are learned from components of all pixels of the scene
            ("scene": transductive), or of the training blocks of a block split ("train_blocks").
        model_: the fitted copy.
        guide_: components of the scene whose edges the smoothing keeps.
    """

    model: SceneClassifier
    radius_px: int = 2
    pretrain_on: str = "scene"

    model_: SceneClassifier = field(init=False)
    guide_: PrincipalComponents = field(init=False)

    name: ClassVar[str] = "smoothed"
    about: ClassVar[About] = About("method", "Kang et al., IEEE TGRS", 2014)

    @property
    def _inner(self) -> SceneClassifier:
        return self.model_ if hasattr(self, "model_") else self.model

    @property
    def halo_px(self) -> int:
        """That of the classifier, and the reach of the filter."""
        check_whole_number("radius_px", self.radius_px, 1)
        return self._inner.halo_px + 2 * self.radius_px

    @property
    def transductive(self) -> bool:
        """Whether guide or classifier learn from pixels that may be test pixels."""
        return self.pretrain_on == "scene" or self._inner.transductive

    @property
    def compute_device(self) -> str:
        """That of the classifier."""
        return self._inner.compute_device

    @property
    def small_tiles(self) -> bool:
        """As of the classifier."""
        return self._inner.small_tiles

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of the classifier; the filter has no weights."""
        return self._inner.cost(n_bands, n_classes)

    def set_params(self, **settings: Any) -> Self:
        """Change settings. What was learned is forgotten, unless only the device is changed."""
        super().set_params(**settings)
        if hasattr(self, "model_") and "model__device" in settings:
            self.model_.set_params(device=settings["model__device"])
        return self

    def learned_facts(self) -> dict[str, Any]:
        """Those of the classifier."""
        return self.model_.learned_facts()

    def description(self) -> dict[str, Any]:
        """That of the classifier, and how it is smoothed."""
        own = {"radius_px": self.radius_px, "pretrain_on": self.pretrain_on}
        return {**self._inner.description(), "smoothed": own}

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        check_whole_number("radius_px", self.radius_px, 1)
        self.guide_ = find_guide(scene, seen_region(self.pretrain_on, labels))
        self.model_ = clone(self.model).fit(scene, labels)

    def _read(self, scene: Scene, window: Window) -> Any:
        # Of the pixels beyond the window, too, the probabilities are needed.
        seen = window.grown(2 * self.radius_px).clipped(scene.shape)
        return _Surrounded(window, self.model_._read(scene, seen))

    def _predict_proba_read(self, tile: Any) -> np.ndarray:
        probabilities = self.model_._predict_proba_read(tile.inner)
        spectra = without_margin(tile.inner.cube, self.model_.halo_px)
        smoothed = smooth_probabilities(probabilities, spectra, self.guide_, self.radius_px)
        here = tile.window.within(tile.inner.window)
        valid = np.isfinite(spectra[here]).all(axis=-1, keepdims=True)
        return np.where(valid, smoothed[here], 0).astype(np.float32)

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        raise NotImplementedError("tiles are smoothed with what lies around them")

    def save(self, folder: str | Path) -> None:
        """Write the guide, and the classifier into a folder inside."""
        check_is_fitted(self, "classes_")
        own = {"radius_px": self.radius_px, "pretrain_on": self.pretrain_on}
        self._saved_model(own).write(folder, self.model_.save)

    def _get_learned(self) -> Learned:
        return Learned(self.guide_.arrays("guide."), {})

    def _set_learned(self, learned: Learned) -> None:
        self.guide_ = PrincipalComponents.from_arrays("guide.", learned.arrays)
        if self.model.classes_ != self.classes_:
            raise ValueError("the classifier inside knows other classes")
        self.model_ = self.model

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Refuse: only :func:`hsidiff.catalog.load_classifier` can tell what is inside.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{folder}: read a smoothed classifier with hsidiff.load_classifier")

    @classmethod
    def load_around(cls, model: SceneClassifier, folder: str | Path) -> Self:
        """Read what :meth:`save` wrote, around the classifier that was saved inside.

        Raises:
            MissingFileError: if the folder or a file in it is missing.
            ModelError: if a file is broken.
        """
        return cls._from_folder(folder, model=model)


def build_classifier(
    classifier: type[SceneClassifier], settings: Mapping[str, Any]
) -> SceneClassifier:
    """A classifier with these settings; ``smoothing_radius_px`` among them smooths it."""
    own = {name: value for name, value in settings.items() if name != SMOOTHING}
    model = classifier(**own)
    if SMOOTHING not in settings:
        return model
    pretrain_on = model.get_params(deep=False).get("pretrain_on", "scene")
    return Smoothed(model, settings[SMOOTHING], pretrain_on)
