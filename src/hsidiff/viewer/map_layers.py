"""Results as layers: finished maps on disk and the live map, drawn as squares in pixel space."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window as RasterioWindow

from hsidiff.errors import MissingFileError
from hsidiff.labels.label_map import LandClass
from hsidiff.maps.geotiff import NO_PROBABILITY, PROBABILITY_STEPS
from hsidiff.report.pictures import CONFIDENCE_COLORS, class_colours, rgba
from hsidiff.report.style import RIGHT, WRONG
from hsidiff.scenes.window import Window
from hsidiff.viewer.live import FittedHead

KINDS = ("map", "confidence", "entropy", "errors", "difference")


@dataclass(frozen=True)
class MapLayer:
    """A finished map in a folder that :func:`hsidiff.viewer.train_map.train_map` wrote.

    Attributes:
        folder: holds ``map.tif``, ``probabilities.tif`` and ``layer.json``.
        about: what ``layer.json`` says.
    """

    folder: Path
    about: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "MapLayer":
        """Read what there is about a map.

        Raises:
            MissingFileError: if the folder holds none.
        """
        if not (folder / "layer.json").exists() or not (folder / "map.tif").exists():
            raise MissingFileError(f"{folder.name}: there is no such map")
        return cls(folder, json.loads((folder / "layer.json").read_text(encoding="utf-8")))

    @property
    def classes(self) -> tuple[LandClass, ...]:
        """The classes that the map may show."""
        return tuple(LandClass(**land_class) for land_class in self.about["classes"])

    def class_ids(self, window: Window, step: int) -> np.ndarray:
        """Class ids (rows, cols) of every ``step``-th pixel of a window of the scene."""
        return _read(self.folder / "map.tif", window, step)[0]

    def probabilities(self, window: Window, step: int) -> np.ndarray:
        """Probabilities (rows, cols, n_classes) of the same; 0 in all classes where invalid."""
        stored = np.moveaxis(_read(self.folder / "probabilities.tif", window, step), 0, -1)
        return np.where(stored == NO_PROBABILITY, 0, stored / PROBABILITY_STEPS)


@dataclass(frozen=True)
class LiveLayer:
    """The map of a head that was fitted a moment ago."""

    head: FittedHead

    @property
    def classes(self) -> tuple[LandClass, ...]:
        """The classes that the map may show."""
        return self.head.classes

    def class_ids(self, window: Window, step: int) -> np.ndarray:
        """Class ids (rows, cols) of every ``step``-th pixel of a window of the scene."""
        probabilities = self.probabilities(window, step)
        ids = np.array([land_class.id for land_class in self.classes])
        return np.where(probabilities.any(axis=-1), ids[probabilities.argmax(axis=-1)], 0)

    def probabilities(self, window: Window, step: int) -> np.ndarray:
        """Probabilities (rows, cols, n_classes) of the same; 0 in all classes where invalid."""
        return self.head.probabilities(window, step)


Layer = MapLayer | LiveLayer


def class_map(layer: Layer, window: Window, step: int, classes: Sequence[LandClass]) -> np.ndarray:
    """The map in the colours of a legend; classes that it lost since keep their old colours."""
    colors = {c.id: c for c in layer.classes} | {c.id: c for c in classes}
    return class_colours(layer.class_ids(window, step), list(colors.values()))


def confidence(layer: Layer, window: Window, step: int) -> np.ndarray:
    """The highest probability, from chance (dark) to 1 (bright)."""
    probabilities = layer.probabilities(window, step)
    n_classes = probabilities.shape[-1]
    above_chance = (probabilities.max(axis=-1) - 1 / n_classes) / (1 - 1 / n_classes)
    return _ramp(above_chance, probabilities)


def entropy(layer: Layer, window: Window, step: int) -> np.ndarray:
    """How evenly the classes share a pixel: 0 (dark) if one has it all, 1 (bright) if all do."""
    probabilities = layer.probabilities(window, step)
    safe = np.where(probabilities > 0, probabilities, 1)
    bits = -(probabilities * np.log(safe)).sum(axis=-1) / np.log(probabilities.shape[-1])
    return _ramp(bits, probabilities)


def errors(layer: Layer, window: Window, step: int, labels: np.ndarray) -> np.ndarray:
    """Labelled pixels: blue where the map says the same, vermilion where it does not.

    ``labels`` are those of the whole scene, (rows, cols).
    """
    mapped = layer.class_ids(window, step)
    rows, cols = window.slices
    wanted = labels[rows, cols][::step, ::step]
    return _two_colours(wanted == mapped, wanted != mapped, wanted > 0)


def difference(layer: Layer, other: Layer, window: Window, step: int) -> np.ndarray:
    """Pale where two maps agree, vermilion where they do not."""
    one, two = layer.class_ids(window, step), other.class_ids(window, step)
    picture = _two_colours(one == two, one != two, (one > 0) & (two > 0))
    picture[(one == two) & (one > 0)] = (255, 255, 255, 170)
    return picture


def _two_colours(right: np.ndarray, wrong: np.ndarray, shown: np.ndarray) -> np.ndarray:
    picture = np.zeros((*shown.shape, 4), dtype=np.uint8)
    picture[right & shown] = rgba(RIGHT)
    picture[wrong & shown] = rgba(WRONG)
    return picture


def _ramp(values: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Values 0..1 in colours that colour-blind readers can follow; invalid pixels transparent."""
    picture = mpl.colormaps[CONFIDENCE_COLORS](np.clip(values, 0, 1), bytes=True)
    picture[~probabilities.any(axis=-1)] = 0
    return picture


def _read(path: Path, window: Window, step: int) -> np.ndarray:
    """Stored numbers (bands, rows, cols) of every ``step``-th pixel of a window."""
    part = RasterioWindow(window.col, window.row, window.n_cols, window.n_rows)
    size = (ceil(window.n_rows / step), ceil(window.n_cols / step))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            return dataset.read(
                window=part, out_shape=(dataset.count, *size), resampling=Resampling.nearest
            )
