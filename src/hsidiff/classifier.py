"""The contract that every method and every baseline keeps.

``fit`` learns from a scene and its training labels and from nothing else. Prediction is defined
tile by tile: a tile sees ``halo_px`` pixels around itself and where it lies, so a map does not
depend on the tile size, on the order of tiles, or on how many workers draw it.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from hsidiff.about import About, Cost
from hsidiff.errors import LabelError, MissingFileError, ModelError
from hsidiff.files import write_json, write_whole_folder
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.statistics import valid_pixels
from hsidiff.windows.tiles import read_with_halo, tile_windows

DEFAULT_TILE_SIZE_PX = 128
WAVELENGTH_TOLERANCE_NM = 2.0
_MODEL_FILES = ("config.json", "preprocess.json", "learned.safetensors")


@dataclass(frozen=True)
class Learned:
    """What a classifier has learned, in a form that can be written without pickle.

    Attributes:
        arrays: names to arrays, stored as safetensors.
        facts: names to JSON values.
    """

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


class SceneClassifier(BaseEstimator, ABC):
    """Parent of every method and baseline. Subclasses are dataclasses whose fields are settings.

    Follows scikit-learn's rules: the constructor stores settings and does nothing else, ``fit``
    validates and learns, names of learned attributes end in ``_``, and ``get_params`` and ``clone``
    work.

    A subclass gives :meth:`_fit`, :meth:`_predict_proba_tile`, :meth:`_get_learned` and
    :meth:`_set_learned`.

    Attributes:
        name: the word that names the classifier on the command line and in result files.
        about: where it comes from; one of your own may leave it out.
        classes_: the classes that had training labels; the order of the probabilities.
    """

    name: ClassVar[str]
    about: ClassVar[About | None] = None
    tile_multiple: ClassVar[int] = 1

    classes_: tuple[LandClass, ...]
    n_bands_: int
    wavelengths_nm_: np.ndarray | None

    @property
    def halo_px(self) -> int:
        """How many pixels around a pixel can change its probabilities. From settings alone."""
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
        labels = _on_valid_pixels(scene, train_labels)
        self.n_bands_ = scene.n_bands
        self.wavelengths_nm_ = scene.wavelengths_nm
        counts = labels.counts()
        self.classes_ = tuple(c for c in labels.classes if counts[c.id] > 0)
        try:
            self._fit(scene, labels)
        except BaseException:
            self._forget()
            raise
        return self

    def set_params(self, **settings: Any) -> Self:
        """Change settings. What was learned with others is forgotten, unless only ``device`` is."""
        super().set_params(**settings)
        if set(settings) - {"device"}:
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
        """Probabilities of one tile.

        Args:
            cube: (window.n_rows + 2 halo_px, window.n_cols + 2 halo_px, n_bands) float32, the tile
                with its halo; NaN in all bands of an invalid pixel.
            window: where the tile lies in the scene, without its halo.

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
        """Probabilities of the pixels of one window.

        Returns:
            (window.n_rows, window.n_cols, n_classes) float32 in the order of ``classes_``; 0 in
            all classes of an invalid pixel.
        """
        halo = self.halo_px
        cube = read_with_halo(scene, window, halo)
        middle = cube[halo : halo + window.n_rows, halo : halo + window.n_cols]
        valid = np.isfinite(middle).all(axis=-1, keepdims=True)
        if not valid.any():
            return np.zeros((window.n_rows, window.n_cols, len(self.classes_)), dtype=np.float32)
        return np.where(valid, self._predict_proba_tile(cube, window), 0).astype(np.float32)

    def predict_proba(self, scene: Scene, tile_size: int = DEFAULT_TILE_SIZE_PX) -> np.ndarray:
        """Probabilities of every pixel of a scene.

        Args:
            scene: a scene with the bands that the classifier was fitted on.
            tile_size: side of the tiles in pixels; it changes memory and speed, not the result.

        Returns:
            (rows, cols, n_classes) float32 in the order of ``classes_``; 0 in all classes of an
            invalid pixel.

        Raises:
            ModelError: if the scene has other bands.
        """
        self.check_scene(scene)
        probabilities = np.empty((*scene.shape, len(self.classes_)), dtype=np.float32)
        for window in self._tiles(scene, tile_size):
            probabilities[window.slices] = self.predict_proba_window(scene, window)
        return probabilities

    def predict(self, scene: Scene, tile_size: int = DEFAULT_TILE_SIZE_PX) -> np.ndarray:
        """Class id of every pixel of a scene, (rows, cols) int32; 0 for an invalid pixel.

        Takes and raises what :meth:`predict_proba` does.
        """
        self.check_scene(scene)
        class_map = np.empty(scene.shape, dtype=np.int32)
        for window in self._tiles(scene, tile_size):
            probabilities = self.predict_proba_window(scene, window)
            class_map[window.slices] = self.most_probable(probabilities)
        return class_map

    def _tiles(self, scene: Scene, tile_size: int) -> Iterator[Window]:
        windows = tile_windows(scene.shape, tile_size, self.tile_multiple)
        return track(windows, "map", len(windows))

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
        check_model_folder(folder)
        learned = self._get_learned()
        wavelengths = None if self.wavelengths_nm_ is None else self.wavelengths_nm_.tolist()
        with write_whole_folder(folder) as new:
            write_json(
                new / "config.json",
                {
                    "method": self.name,
                    "settings": self.get_params(deep=False),
                    "hsidiff": version("hsidiff"),
                },
            )
            write_json(
                new / "preprocess.json",
                {
                    "n_bands": self.n_bands_,
                    "wavelengths_nm": wavelengths,
                    "classes": [asdict(land_class) for land_class in self.classes_],
                    "facts": learned.facts,
                },
            )
            arrays = {key: np.ascontiguousarray(a) for key, a in learned.arrays.items()}
            save_file(arrays, new / "learned.safetensors")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a classifier of this class that :meth:`save` wrote.

        Raises:
            MissingFileError: if the folder or a file in it is missing.
            ModelError: if the folder holds a classifier of another class, or a broken file.
        """
        config = read_config(folder)
        if config["method"] != cls.name:
            raise ModelError(f"{folder} holds a {config['method']!r} model, not a {cls.name!r}")
        try:
            model = cls(**config["settings"])
            about = json.loads((Path(folder) / "preprocess.json").read_text(encoding="utf-8"))
            arrays = load_file(Path(folder) / "learned.safetensors")
            model.n_bands_ = about["n_bands"]
            wavelengths = about["wavelengths_nm"]
            model.wavelengths_nm_ = None if wavelengths is None else np.array(wavelengths)
            model.classes_ = tuple(LandClass(**entry) for entry in about["classes"])
            model._set_learned(Learned(arrays, about["facts"]))
        except FileNotFoundError as error:
            # safetensors names the file in its message only.
            missing = f"{error.filename} is missing" if error.filename else error
            raise MissingFileError(f"{folder}: {missing}") from error
        except Exception as error:  # whatever is wrong with a file, the model is not whole
            raise ModelError(f"{folder} is not a complete model: {error!r}") from error
        return model


def check_model_folder(folder: str | Path) -> None:
    """Refuse a folder whose content is not a saved model's: saving would replace it.

    Raises:
        ModelError: if it is a file, or holds other things.
    """
    folder = Path(folder)
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= set(_MODEL_FILES):
        return
    if folder.exists():
        raise ModelError(
            f"{folder} holds something else than a saved model, which would be lost: "
            "give the name of a new folder"
        )


def read_config(folder: str | Path) -> dict[str, Any]:
    """Read ``config.json`` of a saved classifier: its method's name, settings, version.

    Raises:
        MissingFileError: if there is none.
        ModelError: if it is broken.
    """
    path = Path(folder) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return {"method": config["method"], "settings": config["settings"], **config}
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(f"{folder}: no saved model here ({path.name} is missing)") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is not the configuration of a saved model: {error}") from error


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
