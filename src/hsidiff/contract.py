"""The contract that every method and every baseline keeps.

``fit`` learns from a scene and its training labels and from nothing else. Prediction is defined
window by window: a window sees ``halo_px`` pixels around itself and where it lies. Windows lie on
one grid that follows from the scene's shape alone, so a map is the same to the last bit however
they are ordered, grouped into tiles, or shared among cores and workers (decision 0034).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from hsidiff.about import About, Cost
from hsidiff.cores import side_by_side, usable_cores
from hsidiff.errors import ModelError
from hsidiff.labels.fold_by_fold import Predict, predict_fold_by_fold
from hsidiff.labels.label_map import LabelMap, LandClass, most_probable_of
from hsidiff.memory import or_none_without_memory
from hsidiff.progress import track
from hsidiff.saved_model import Learned, SavedModel, check_restored, read_config, whole_model
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.gather import Samples, gather_spectra
from hsidiff.windows.seen_bands import SeenBands
from hsidiff.windows.seen_values import SeenValues
from hsidiff.windows.smaller_parts import SmallerParts
from hsidiff.windows.tiles import even_tile_windows, read_with_halo, without_margin
from hsidiff.windows.training_labels import on_valid_pixels

WINDOW_PX = 112
"""Largest side of the windows that are computed; another size changes the last bits. What networks
write of larger ones does not stay in a processor's cache."""
MAX_TILES_AT_ONCE = 8
"""So many are in memory at most."""
_LARGEST_HALO_PX = 4096


class TileRead(NamedTuple):
    """What was read for a window: its pixels with their context."""

    window: Window
    cube: np.ndarray


@dataclass(repr=False, eq=False)
class SceneClassifier(BaseEstimator, ABC):
    """Parent of every method and baseline. Subclasses are dataclasses whose fields are settings.

    Follows scikit-learn's rules: the constructor stores settings and does nothing else, ``fit``
    validates and learns, names of learned attributes end in ``_``, and ``get_params`` and ``clone``
    work.

    A subclass gives :meth:`_fit`, :meth:`_predict_proba_tile`, :meth:`_get_learned` and
    :meth:`_set_learned`, and :attr:`halo_px` if it looks around a pixel.

    Attributes:
        name: the word that names the classifier on the command line and in result files.
        about: where it comes from; one of your own may leave it out.
        classes_: the classes that had training labels; the order of the probabilities.
    """

    name: ClassVar[str]
    about: ClassVar[About | None] = None

    classes_: tuple[LandClass, ...] = field(init=False)
    n_bands_: int = field(init=False)
    bands_: SeenBands = field(init=False)
    seen_values_: SeenValues | None = field(init=False)

    @property
    def halo_px(self) -> int:
        """How many pixels around a pixel can change its probabilities. From settings alone.

        Raises:
            SettingError: if a setting that decides about it is out of range.
        """
        return 0

    @property
    def receptive_field_px(self) -> int:
        """Side of the square of pixels that can change the probabilities of its middle pixel."""
        return 2 * self.halo_px + 1

    @property
    def transductive(self) -> bool:
        """Whether ``fit`` learns, without labels, from pixels that may be test pixels."""
        return False

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

    @property
    def n_held_out_folds(self) -> int:
        """In how many folds of its labels it can be fitted anew; 1 where a fit takes long."""
        return 1

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
            labels = on_valid_pixels(scene, train_labels)
            self.n_bands_ = scene.n_bands
            self.bands_ = SeenBands.of_scene(scene)
            self.seen_values_ = SeenValues.of_scene(scene, labels.region)
            self.classes_ = labels.used_classes
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
            if {name.rpartition("__")[2] for name in settings} - {"device"}:
                self._forget()
        return self

    def _forget(self) -> None:
        """Become as new: what was learned would not fit the settings or the classes."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)

    @abstractmethod
    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        """Learn. ``labels`` fit the scene and lie on valid pixels of at least two classes."""

    @abstractmethod
    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """Probabilities of one tile. Several threads may ask at once, so nothing is changed.

        Args:
            cube: (window.n_rows + 2 halo_px, window.n_cols + 2 halo_px, n_bands) float32, the tile
                with its context; NaN in all bands of an invalid pixel.
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

    def held_out_proba(self, scene: Scene, labels: LabelMap, fold: np.ndarray) -> np.ndarray:
        """Probabilities of labelled pixels, by classifiers that were fitted to the other labels.

        What is learned without labels, and what was chosen, may stay as it is; here all is learned
        anew.

        Args:
            scene: the scene that this classifier was fitted to.
            labels: the labels on valid pixels that it was fitted to.
            fold: (n,) int, which fold each labelled pixel, row by row, is held out with; -1 where
                it never is.

        Returns:
            (n, n_classes) float64 in the order of ``classes_``: 0 for a class that had no other
            label, NaN where a pixel was not held out.
        """
        ids = [land_class.id for land_class in self.classes_]
        rows, cols = np.nonzero(labels.values)
        pixels = [Window(int(row), int(col), 1, 1) for row, col in zip(rows, cols, strict=True)]

        def fit(inside: np.ndarray) -> tuple[np.ndarray, Predict]:
            mask = np.zeros(labels.shape, dtype=bool)
            mask[rows[inside], cols[inside]] = True
            other = clone(self).fit(scene, labels.keeping(mask, labels.region))
            known = np.searchsorted(ids, [land_class.id for land_class in other.classes_])
            predict = partial(other.predict_proba_window, scene)
            return known, lambda chosen: np.stack([predict(pixels[i])[0, 0] for i in chosen])

        return predict_fold_by_fold(fold, len(ids), fit)

    def values_at(self, scene: Scene, labels: LabelMap) -> Samples:
        """What tells labelled pixels apart for this classifier: spectra, unless it knows better.

        Args:
            scene: a scene as :meth:`check_scene` gives it.
            labels: which pixels; those without a value are left out.

        Returns:
            Samples of values (n, n_values).
        """
        return gather_spectra(scene, labels)

    def predict_proba_window(self, scene: Scene, window: Window) -> np.ndarray:
        """Probabilities of the pixels of one window, which lies in the scene.

        Returns:
            (window.n_rows, window.n_cols, n_classes) float32 in the order of ``classes_``; 0 in
            all classes of an invalid pixel.
        """
        return self._predict_proba_read(self._read(scene, window))

    def predict_proba_windows(
        self, scene: Scene, windows: Sequence[Window], part_px: int | None = None
    ) -> Iterator[tuple[Window, np.ndarray]]:
        """Each window, in order, with its probabilities (rows, cols, classes) float32.

        Small tiles are computed several at a time, one on each core. A tile that is larger than
        ``part_px``, or that memory does not suffice for, is computed in smaller parts, which may
        change the last bits.
        """
        what = f"{self.name}, {self.n_bands_} bands and {self.halo_px} px around a tile"
        parts = SmallerParts(partial(self.predict_proba_window, scene), what, part_px)
        tiles = (parts.attempt(window, partial(self._read, scene, window)) for window in windows)
        found = side_by_side(self._predict_proba_if_read, tiles, self._n_at_once)
        probabilities = (
            parts.of(window) if proba is None else proba
            for window, proba in zip(windows, found, strict=True)
        )
        return track(zip(windows, probabilities, strict=True), "map", len(windows))

    def map_windows(self, scene: Scene, window_px: int | None = None) -> list[Window]:
        """The windows in which a scene is computed: they follow from its shape alone.

        Args:
            scene: the scene.
            window_px: largest side of a window; None takes :data:`WINDOW_PX`, as every map does.

        Raises:
            SettingError: if the size is not at least 1.
        """
        return even_tile_windows(scene.shape, WINDOW_PX if window_px is None else window_px)

    @property
    def _n_at_once(self) -> int:
        alone = self.compute_device != "cpu" or not self.small_tiles
        return 1 if alone else min(usable_cores(), MAX_TILES_AT_ONCE)

    def _read(self, scene: Scene, window: Window) -> TileRead:
        return TileRead(window, read_with_halo(scene, window, self.halo_px))

    def _predict_proba_if_read(self, tile: Any) -> np.ndarray | None:
        """Probabilities of what was read; None if memory did not suffice, now or to read it."""
        if tile is None:
            return None
        return or_none_without_memory(partial(self._predict_proba_read, tile))

    def _predict_proba_read(self, tile: TileRead) -> np.ndarray:
        """Probabilities of what :meth:`_read` read; 0 in all classes of an invalid pixel."""
        spectra = without_margin(tile.cube, self.halo_px)
        valid = np.isfinite(spectra).all(axis=-1, keepdims=True)
        if not valid.any():
            return np.zeros((*valid.shape[:2], len(self.classes_)), dtype=np.float32)
        probabilities = self._predict_proba_tile(tile.cube, tile.window)
        return np.where(valid, probabilities, 0).astype(np.float32)

    def predict_proba(self, scene: Scene, window_px: int | None = None) -> np.ndarray:
        """Probabilities of every pixel of a scene.

        Args:
            scene: a scene with the bands that the classifier was fitted on, found by wavelength:
                see :meth:`check_scene`.
            window_px: largest side of the windows that are computed, see :meth:`map_windows`.
                Another than the default changes memory, speed and the last bits.

        Returns:
            (rows, cols, n_classes) float32 in the order of ``classes_``; 0 in all classes of an
            invalid pixel.

        Raises:
            ModelError: if the scene lacks bands, or its values are in another unit.
        """
        scene = self.check_scene(scene)
        probabilities = np.empty((*scene.shape, len(self.classes_)), dtype=np.float32)
        windows = self.map_windows(scene, window_px)
        for window, of_window in self.predict_proba_windows(scene, windows):
            probabilities[window.slices] = of_window
        return probabilities

    def predict(self, scene: Scene, window_px: int | None = None) -> np.ndarray:
        """Class id of every pixel of a scene, (rows, cols) int32; 0 for an invalid pixel.

        Takes and raises what :meth:`predict_proba` does.
        """
        scene = self.check_scene(scene)
        class_map = np.empty(scene.shape, dtype=np.int32)
        windows = self.map_windows(scene, window_px)
        for window, probabilities in self.predict_proba_windows(scene, windows):
            class_map[window.slices] = self.most_probable(probabilities)
        return class_map

    def most_probable(self, probabilities: np.ndarray) -> np.ndarray:
        """Class ids (rows, cols) int32 of probabilities (rows, cols, n_classes); 0 where all 0."""
        return most_probable_of(self.classes_, probabilities)

    def description(self) -> dict[str, Any]:
        """Name, profile and seed (None where there is none), and settings, as JSON values."""
        settings = self.get_params(deep=False)
        profile, seed = settings.get("profile"), settings.get("random_state")
        return {"method": self.name, "profile": profile, "seed": seed, "settings": settings}

    def learned_facts(self) -> dict[str, Any]:
        """What was chosen while learning, as JSON values: hyper-parameters, for example."""
        check_is_fitted(self, "classes_")
        return self._get_learned().facts

    def check_scene(self, scene: Scene) -> Scene:
        """Give back a scene as the classifier reads it: its own bands, in its order.

        Bands are found by wavelength, and resampled where those of the scene lie elsewhere
        (:mod:`hsidiff.scenes.bands_at`). Where wavelengths are unknown, bands are counted.

        Raises:
            ModelError: if the scene lacks bands, or its values are in another unit than those that
                were learned from.

        Warns:
            HsidiffWarning: if bands are resampled.
        """
        check_is_fitted(self, "classes_")
        matched = self.bands_.matched(scene, self.n_bands_)
        if self.seen_values_ is not None:
            self.seen_values_.check_unit(matched)
        return matched

    def save(self, folder: str | Path) -> None:
        """Write the fitted classifier to a folder: JSON and safetensors, never pickle.

        An older model of that name is replaced when the new one is complete.

        Raises:
            ModelError: if there is something else of that name.
        """
        check_is_fitted(self, "classes_")
        self._saved_model(self.get_params(deep=False)).write(folder)

    def _saved_model(self, settings: dict[str, Any]) -> SavedModel:
        return SavedModel(
            method=self.name,
            settings=settings,
            n_bands=self.n_bands_,
            bands=self.bands_,
            seen_values=self.seen_values_,
            classes=self.classes_,
            learned=self._get_learned(),
        )

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a classifier of this class that :meth:`save` wrote.

        Raises:
            MissingFileError: if the folder or a file in it is missing.
            ModelError: if the folder holds a classifier of another class, or a broken file.
        """
        return cls._from_folder(folder)

    def _try(self) -> None:
        """Map one pixel, where that is little work, to see whether what was read fits together.

        Raises:
            Exception: of any kind, if it does not.
        """
        if not 0 <= self.halo_px <= _LARGEST_HALO_PX:
            raise ValueError(f"it would look at {self.halo_px} pixels around each")
        if not self.small_tiles:
            return
        pixel = np.zeros((1, 1, self.n_bands_), dtype=np.float32)
        scene = Scene("pixel", ArraySource(pixel), np.ones(self.n_bands_, dtype=bool))
        with np.errstate(all="ignore"):
            probabilities = self.predict_proba_window(scene, Window(0, 0, 1, 1))
        if probabilities.shape != (1, 1, len(self.classes_)):
            raise ValueError(f"it knows {probabilities.shape[2]} of {len(self.classes_)} classes")

    @classmethod
    def _from_folder(cls, folder: str | Path, **parts: Any) -> Self:
        """Read a classifier; ``parts`` are settings that its folder does not hold."""
        method = read_config(folder)["method"]
        if method != cls.name:
            raise ModelError(f"{folder} holds a {method!r} model, not a {cls.name!r}")
        with whole_model(folder):
            saved = SavedModel.read(folder)
            model = cls(**saved.settings, **parts)
            model.n_bands_, model.bands_ = saved.n_bands, saved.bands
            model.seen_values_ = saved.seen_values
            model.classes_ = saved.classes
            model._set_learned(saved.learned)
            check_restored(model._get_learned(), saved.learned)
            model._try()
        return model
