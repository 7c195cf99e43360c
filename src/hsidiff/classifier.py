"""The contract that every method and every baseline keeps.

``fit`` learns from a scene and its training labels and from nothing else. Prediction is defined
tile by tile: a tile sees ``halo_px`` pixels around itself and where it lies, so a map does not
depend on the tile size, on the order of tiles, or on how many workers draw it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self, final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from hsidiff.about import About, Cost
from hsidiff.cores import side_by_side, usable_cores
from hsidiff.errors import LabelError, ModelError
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.progress import track
from hsidiff.saved_model import Learned, SavedModel, read_config, whole_model
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.smoothing import find_guide, smooth_probabilities, smoothing_reach_px
from hsidiff.windows.statistics import PrincipalComponents, valid_pixels
from hsidiff.windows.tiles import even_tile_windows, read_with_halo, without_margin

DEFAULT_TILE_SIZE_PX = 112
"""What networks write of larger tiles does not stay in a processor's cache."""
MAX_TILES_AT_ONCE = 8
"""So many are in memory at most."""
WAVELENGTH_TOLERANCE_NM = 2.0
_GUIDE = "smoothing."
"""How the names of the guide's arrays begin in a saved model."""


class _TileRead(NamedTuple):
    """What was read for a window: the pixels ``seen``, with their context in ``cube``."""

    window: Window
    seen: Window
    cube: np.ndarray


@dataclass(repr=False, eq=False)
class SceneClassifier(BaseEstimator, ABC):
    """Parent of every method and baseline. Subclasses are dataclasses whose fields are settings.

    Follows scikit-learn's rules: the constructor stores settings and does nothing else, ``fit``
    validates and learns, names of learned attributes end in ``_``, and ``get_params`` and ``clone``
    work.

    A subclass gives :meth:`_fit`, :meth:`_predict_proba_tile`, :meth:`_get_learned` and
    :meth:`_set_learned`, and :attr:`context_px` if it looks around a pixel.

    Attributes:
        smoothing: "guided" smooths the probabilities along the edges of the scene, see
            :mod:`hsidiff.windows.smoothing`; "none" leaves them.
        smoothing_radius_px: of the windows of that filter, which reaches twice as far.
        name: the word that names the classifier on the command line and in result files.
        about: where it comes from; one of your own may leave it out.
        classes_: the classes that had training labels; the order of the probabilities.
        guide_: components of the scene whose edges the smoothing keeps; only if it smooths.
    """

    smoothing: str = field(default="none", kw_only=True)
    smoothing_radius_px: int = field(default=2, kw_only=True)

    name: ClassVar[str]
    about: ClassVar[About | None] = None
    tile_multiple: ClassVar[int] = 1

    classes_: tuple[LandClass, ...] = field(init=False)
    n_bands_: int = field(init=False)
    wavelengths_nm_: np.ndarray | None = field(init=False)
    guide_: PrincipalComponents = field(init=False)

    @property
    def context_px(self) -> int:
        """How far around a pixel the classifier looks before any smoothing. From settings alone."""
        return 0

    @property
    @final
    def halo_px(self) -> int:
        """How many pixels around a pixel can change its probabilities. From settings alone.

        Raises:
            SettingError: if a setting that decides about it is out of range.
        """
        return self.context_px + self._smoothing_reach_px

    @property
    def _smoothing_reach_px(self) -> int:
        return smoothing_reach_px(self.smoothing, self.smoothing_radius_px)

    @property
    def receptive_field_px(self) -> int:
        """Side of the square of pixels that can change the probabilities of its middle pixel."""
        return 2 * self.halo_px + 1

    @property
    def transductive(self) -> bool:
        """Whether ``fit`` learns, without labels, from pixels that may be test pixels.

        Smoothing makes it so: its guide is made of components of all pixels that may be seen.
        """
        return self.smoothing != "none"

    @property
    def compute_device(self) -> str:
        """What it computes on: ``cpu``, ``cuda`` or ``mps``."""
        return "cpu"

    @property
    def small_tiles(self) -> bool:
        """Whether a tile is best left to one core: it is little work and needs little memory."""
        return True

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """What a map costs with these settings, for so many bands and classes; nothing is learned.

        Raises:
            SettingError: if a setting is out of range.
        """
        return Cost()

    def fit(self, scene: Scene, train_labels: LabelMap) -> Self:
        """Learn to map ``scene`` from its training labels.

        Args:
            scene: the scene.
            train_labels: training labels only, of the scene's shape.

        Raises:
            LabelError: if shapes differ, or fewer than two classes have a label on a valid pixel.
            SceneError: if the scene holds values that cannot be learned from.
            SettingError: if a setting is out of range.
        """
        try:
            labels = _on_valid_pixels(scene, train_labels)
            self.n_bands_ = scene.n_bands
            self.wavelengths_nm_ = scene.wavelengths_nm
            counts = labels.counts()
            self.classes_ = tuple(c for c in labels.classes if counts[c.id] > 0)
            if self._smoothing_reach_px > 0:
                self.guide_ = find_guide(scene, self._seen_region(labels))
            self._fit(scene, labels)
        except BaseException:
            self._forget()
            raise
        return self

    def set_params(self, **settings: Any) -> Self:
        """Change settings. What was learned with others is forgotten, unless only ``device`` is."""
        try:
            super().set_params(**settings)
        finally:  # of several settings some may have changed before one was refused
            if set(settings) - {"device"}:
                self._forget()
        return self

    def _forget(self) -> None:
        """Become as new: what was learned would not fit the settings or the classes."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)

    def _seen_region(self, labels: LabelMap) -> np.ndarray | None:
        """The pixels that may be seen without labels, (rows, cols) bool; None allows all.

        Who restricts them also says so by :attr:`transductive`.
        """
        return None

    @abstractmethod
    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        """Learn. ``labels`` fit the scene and lie on valid pixels of at least two classes."""

    @abstractmethod
    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """Probabilities of one tile. Several threads may ask at once, so nothing is changed.

        Args:
            cube: (window.n_rows + 2 context_px, window.n_cols + 2 context_px, n_bands) float32, the
                tile with its context; NaN in all bands of an invalid pixel.
            window: where the tile lies in the scene, without its context.

        Returns:
            (window.n_rows, window.n_cols, n_classes) float32, finite, summing to 1. What it holds
            at invalid pixels does not matter.
        """

    @abstractmethod
    def _get_learned(self) -> Learned:
        """What :meth:`_fit` learned, beyond classes and bands."""

    @abstractmethod
    def _set_learned(self, learned: Learned) -> None:
        """Become the classifier that :meth:`_get_learned` described."""

    def predict_proba_window(self, scene: Scene, window: Window) -> np.ndarray:
        """Probabilities of the pixels of one window, which lies in the scene.

        Returns:
            (window.n_rows, window.n_cols, n_classes) float32 in the order of ``classes_``; 0 in
            all classes of an invalid pixel.
        """
        return self._predict_proba_read(self._read(scene, window))

    def predict_proba_windows(
        self, scene: Scene, windows: Sequence[Window]
    ) -> Iterator[tuple[Window, np.ndarray]]:
        """Each window, in order, with what :meth:`predict_proba_window` gives for it.

        Small tiles are computed several at a time, one on each core.
        """
        read = (self._read(scene, window) for window in windows)
        found = side_by_side(self._predict_proba_read, read, self._n_at_once)
        return track(zip(windows, found, strict=True), "map", len(windows))

    def map_windows(self, scene: Scene, tile_size: int) -> list[Window]:
        """The tiles in which a scene is mapped.

        Raises:
            SettingError: if ``tile_size`` is not a multiple of ``tile_multiple``.
        """
        return even_tile_windows(scene.shape, tile_size, self.tile_multiple, self._n_at_once)

    @property
    def _n_at_once(self) -> int:
        alone = self.compute_device != "cpu" or not self.small_tiles
        return 1 if alone else min(usable_cores(), MAX_TILES_AT_ONCE)

    def _read(self, scene: Scene, window: Window) -> _TileRead:
        # Of the pixels beyond the window, smoothing needs the probabilities, too.
        margin = -(-self._smoothing_reach_px // self.tile_multiple) * self.tile_multiple
        seen = window.grown(margin).clipped(scene.shape)
        return _TileRead(window, seen, read_with_halo(scene, seen, self.context_px))

    def _predict_proba_read(self, tile: _TileRead) -> np.ndarray:
        window, seen, cube = tile.window, tile.seen, tile.cube
        spectra = without_margin(cube, self.context_px)
        here = window.within(seen)
        valid = np.isfinite(spectra[here]).all(axis=-1, keepdims=True)
        if not valid.any():
            return np.zeros((window.n_rows, window.n_cols, len(self.classes_)), dtype=np.float32)
        probabilities = self._predict_proba_tile(cube, seen)
        if self._smoothing_reach_px > 0:
            probabilities = smooth_probabilities(
                probabilities, spectra, self.guide_, self.smoothing_radius_px
            )
        return np.where(valid, probabilities[here], 0).astype(np.float32)

    def predict_proba(self, scene: Scene, tile_size: int = DEFAULT_TILE_SIZE_PX) -> np.ndarray:
        """Probabilities of every pixel of a scene.

        Args:
            scene: a scene with the bands that the classifier was fitted on.
            tile_size: largest side of a tile in pixels; it changes memory and speed, not the map.

        Returns:
            (rows, cols, n_classes) float32 in the order of ``classes_``; 0 in all classes of an
            invalid pixel.

        Raises:
            ModelError: if the scene has other bands.
        """
        self.check_scene(scene)
        probabilities = np.empty((*scene.shape, len(self.classes_)), dtype=np.float32)
        windows = self.map_windows(scene, tile_size)
        for window, found in self.predict_proba_windows(scene, windows):
            probabilities[window.slices] = found
        return probabilities

    def predict(self, scene: Scene, tile_size: int = DEFAULT_TILE_SIZE_PX) -> np.ndarray:
        """Class id of every pixel of a scene, (rows, cols) int32; 0 for an invalid pixel.

        Takes and raises what :meth:`predict_proba` does.
        """
        self.check_scene(scene)
        class_map = np.empty(scene.shape, dtype=np.int32)
        windows = self.map_windows(scene, tile_size)
        for window, probabilities in self.predict_proba_windows(scene, windows):
            class_map[window.slices] = self.most_probable(probabilities)
        return class_map

    def most_probable(self, probabilities: np.ndarray) -> np.ndarray:
        """Class ids (rows, cols) int32 of probabilities (rows, cols, n_classes); 0 where all 0."""
        ids = np.array([land_class.id for land_class in self.classes_], dtype=np.int32)
        return np.where(probabilities.any(axis=-1), ids[probabilities.argmax(axis=-1)], 0)

    def learned_facts(self) -> dict[str, Any]:
        """What was chosen while learning, as JSON values: hyper-parameters, for example."""
        check_is_fitted(self, "classes_")
        return self._get_learned().facts

    def check_scene(self, scene: Scene) -> None:
        """Refuse a scene whose bands are not those that the classifier was fitted on.

        Raises:
            ModelError: if the number of bands differs, or a known wavelength by more than 2 nm.
        """
        check_is_fitted(self, "classes_")
        if scene.n_bands != self.n_bands_:
            raise ModelError(
                f"{scene.name} has {scene.n_bands} usable bands, the model was fitted on "
                f"{self.n_bands_}: use a scene of the same sensor and drop the same bands"
            )
        if scene.wavelengths_nm is None or self.wavelengths_nm_ is None:
            return
        distance = np.abs(scene.wavelengths_nm - self.wavelengths_nm_)
        if distance.max() > WAVELENGTH_TOLERANCE_NM:
            band = int(distance.argmax())
            raise ModelError(
                f"{scene.name}: usable band {band + 1} lies at {scene.wavelengths_nm[band]:.1f} "
                f"nm, the model was fitted on {self.wavelengths_nm_[band]:.1f} nm: "
                "use a scene of the same sensor and drop the same bands"
            )

    def save(self, folder: str | Path) -> None:
        """Write the fitted classifier to a folder: JSON and safetensors, never pickle.

        An older model of that name is replaced when the new one is complete.

        Raises:
            ModelError: if there is something else of that name.
        """
        check_is_fitted(self, "classes_")
        learned = self._get_learned()
        SavedModel(
            method=self.name,
            settings=self.get_params(deep=False),
            n_bands=self.n_bands_,
            wavelengths_nm=self.wavelengths_nm_,
            classes=self.classes_,
            learned=replace(learned, arrays=learned.arrays | self._guide_arrays()),
        ).write(folder)

    def _guide_arrays(self) -> dict[str, np.ndarray]:
        """The guide of the smoothing, to be stored; empty if there is none."""
        return self.guide_.arrays(_GUIDE) if self._smoothing_reach_px > 0 else {}

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a classifier of this class that :meth:`save` wrote.

        Raises:
            MissingFileError: if the folder or a file in it is missing.
            ModelError: if the folder holds a classifier of another class, or a broken file.
        """
        method = read_config(folder)["method"]
        if method != cls.name:
            raise ModelError(f"{folder} holds a {method!r} model, not a {cls.name!r}")
        with whole_model(folder):
            saved = SavedModel.read(folder)
            model = cls(**saved.settings)
            model.n_bands_, model.wavelengths_nm_ = saved.n_bands, saved.wavelengths_nm
            model.classes_ = saved.classes
            arrays = saved.learned.arrays
            if model._smoothing_reach_px > 0:
                model.guide_ = PrincipalComponents.of(_GUIDE, arrays)
            own = {key: array for key, array in arrays.items() if not key.startswith(_GUIDE)}
            model._set_learned(replace(saved.learned, arrays=own))
        return model


def _on_valid_pixels(scene: Scene, labels: LabelMap) -> LabelMap:
    """Training labels that lie on valid pixels.

    Raises:
        LabelError: if the shape is not the scene's, or fewer than two classes are left.
        SceneError: if no pixel is valid, or a band holds one value only.
    """
    if labels.shape != scene.shape:
        raise LabelError(
            f"labels are {labels.shape} (rows, cols), {scene.name} is {scene.shape}: "
            "give labels of the same grid"
        )
    if labels.n_labelled == 0:
        raise LabelError("there is no training label: label some pixels of at least two classes")
    labels = labels.keeping(valid_pixels(scene), labels.region)
    n_classes = np.count_nonzero(list(labels.counts().values()))
    if n_classes == 0:
        raise LabelError(
            f"none of the training labels lies on a valid pixel of {scene.name}: "
            "label pixels that have a value in every band"
        )
    if n_classes == 1:
        raise LabelError("training labels are of one class only: label at least two classes")
    return labels
