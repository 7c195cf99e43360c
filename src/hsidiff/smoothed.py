"""Any classifier, whose probabilities are smoothed along the edges of the scene."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import clone

from hsidiff.about import About
from hsidiff.contract import SceneClassifier, TileRead
from hsidiff.errors import check_whole_number
from hsidiff.labels.label_map import LabelMap
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.smoothing import find_guide, smooth_probabilities
from hsidiff.windows.statistics import PrincipalComponents
from hsidiff.windows.tiles import without_margin
from hsidiff.windows.training_labels import seen_region
from hsidiff.wrapped import Wrapped

SMOOTHING = "smoothing_radius_px"
"""The setting that puts the wrapper around any classifier."""


class _Surrounded(NamedTuple):
    """A window, and what the inner classifier read for it and its surroundings."""

    window: Window
    inner: TileRead


@dataclass(repr=False, eq=False)
class Smoothed(Wrapped):
    """Smooths the probabilities of another classifier, see :mod:`hsidiff.windows.smoothing`.

    Attributes:
        radius_px: of the windows of the filter, which reaches twice as far.
        pretrain_on: the edges to keep are learned from components of all pixels of the scene
            ("scene": transductive), or of the training blocks of a block split ("train_blocks").
        guide_: components of the scene whose edges the smoothing keeps.
    """

    radius_px: int = 2
    pretrain_on: str = "scene"

    guide_: PrincipalComponents = field(init=False)

    name: ClassVar[str] = "smoothed"
    about: ClassVar[About] = About("method", "Kang et al., IEEE TGRS", 2014)

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
    def n_held_out_folds(self) -> int:
        """As of the classifier."""
        return self._inner.n_held_out_folds

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        check_whole_number("radius_px", self.radius_px, 1)
        self.guide_ = find_guide(scene, seen_region(self.pretrain_on, labels))
        self.model_ = clone(self.model).fit(scene, labels)

    def held_out_proba(self, scene: Scene, labels: LabelMap, fold: np.ndarray) -> np.ndarray:
        """Those of the classifier: single labelled pixels have no map around them to smooth."""
        return self.model_.held_out_proba(scene, labels, fold)

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

    def _get_learned(self) -> Learned:
        return Learned(self.guide_.arrays("guide."), {})

    def _set_learned(self, learned: Learned) -> None:
        self.guide_ = PrincipalComponents.from_arrays("guide.", learned.arrays)
        self._adopt()


def build_classifier(
    classifier: type[SceneClassifier], settings: Mapping[str, Any]
) -> SceneClassifier:
    """A classifier with these settings; ``smoothing_radius_px`` among them smooths it.

    Raises:
        SettingError: if it is not a whole number of at least 1, or None, which smooths nothing.
    """
    own = {name: value for name, value in settings.items() if name != SMOOTHING}
    model = classifier(**own)
    radius_px = settings.get(SMOOTHING)
    if radius_px is None:
        return model
    check_whole_number(SMOOTHING, radius_px, 1)
    pretrain_on = model.get_params(deep=False).get("pretrain_on", "scene")
    return Smoothed(model, radius_px, pretrain_on)
