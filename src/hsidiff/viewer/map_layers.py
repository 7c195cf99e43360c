"""Results as layers: finished maps on disk and the live map, drawn as squares in pixel space."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from rasterio.enums import Resampling

from hsidiff.errors import MissingFileError
from hsidiff.labels.hex_colors import rgba
from hsidiff.labels.label_map import LandClass, most_probable_of
from hsidiff.maps.geotiff import NO_PROBABILITY, PROBABILITY_STEPS
from hsidiff.report.pictures import (
    CONFIDENCE_COLORS,
    class_colours,
    confidence_colours,
)
from hsidiff.report.result_folder import ResultFolder, SceneMap
from hsidiff.report.style import RIGHT_PIXEL, WRONG_PIXEL
from hsidiff.scenes.formats.gdal import of_rasterio, open_raster
from hsidiff.scenes.thinned import thinned_shape
from hsidiff.scenes.window import Window
from hsidiff.viewer.fitted_head import FittedHead

KINDS = ("map", "confidence", "entropy", "held-out", "errors", "difference")


@dataclass(frozen=True)
class MapLayer:
    """A finished map, with its scores, in a folder of the kind that ``hsidiff map`` writes.

    Attributes:
        results: the folder.
        mapped: where in it the map of this scene is.
        place: which of its scenes this is, from 0.
        title: what people call it.
    """

    results: ResultFolder
    mapped: SceneMap
    place: int
    title: str

    @classmethod
    def read(cls, folder: Path) -> "MapLayer":
        """Read a map that the viewer made.

        Raises:
            HsidiffError: if the folder holds none.
        """
        results = ResultFolder.read(folder)
        method = results.result.get("method") or "unknown"
        return cls(results, results.maps[0], 0, f"Map {folder.name}: {method}")

    @property
    def classes(self) -> tuple[LandClass, ...]:
        """The classes that the map may show."""
        return self.results.classes

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can be shown of it, of :data:`KINDS`."""
        has_probabilities = self.mapped.probabilities_path is not None
        missing = set() if has_probabilities else {"confidence", "entropy"}
        if self.results.held_out is None:
            missing.add("held-out")
        return tuple(kind for kind in KINDS if kind not in missing)

    def class_ids(self, window: Window, step: int) -> np.ndarray:
        """Class ids (rows, cols) of every ``step``-th pixel of a window of the scene."""
        return _read(self.file("map.tif"), window, step)[0]

    def probabilities(self, window: Window, step: int) -> np.ndarray:
        """Probabilities (rows, cols, n_classes) of the same; 0 in all classes where invalid."""
        stored = np.moveaxis(_read(self.file("probabilities.tif"), window, step), 0, -1)
        return np.where(stored == NO_PROBABILITY, 0, stored / PROBABILITY_STEPS)

    def held_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Where held-out labels were predicted right, and where wrong, (rows, cols) bool each.

        Raises:
            MissingFileError: if it is not known.
        """
        held_out = self.results.held_out
        if held_out is None:
            raise MissingFileError(f"{self.title}: no label was held out")
        right = self.mapped.part_of(held_out.is_right)
        return right, self.mapped.part_of(held_out.labels.values > 0) & ~right

    def file(self, name: str) -> Path:
        """A file of the map, or of the folder that it is in.

        Raises:
            MissingFileError: if there is none, or it is a link that leads out of the folder.
        """
        whole = self.results.path.resolve()
        for folder in (self.mapped.path, self.results.path):
            # Of what lies there, so that no name leads elsewhere.
            found = [path for path in folder.iterdir() if path.name == name and path.is_file()]
            if found and found[0].resolve().is_relative_to(whole):
                return found[0]
        raise MissingFileError(f"{name[:40]}: there is no such file")


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
        return most_probable_of(self.classes, self.probabilities(window, step))

    def probabilities(self, window: Window, step: int) -> np.ndarray:
        """Probabilities (rows, cols, n_classes) of the same; 0 in all classes where invalid."""
        return self.head.probabilities(window, step)


Layer = MapLayer | LiveLayer


def class_map(layer: Layer, window: Window, step: int, classes: Sequence[LandClass]) -> np.ndarray:
    """(rows, cols, 4) the map in a legend's colours; classes that it lost keep their old ones."""
    colors = {c.id: c for c in layer.classes} | {c.id: c for c in classes}
    return class_colours(layer.class_ids(window, step), list(colors.values()))


def confidence(layer: Layer, window: Window, step: int) -> np.ndarray:
    """The highest probability, from chance (dark) to 1 (bright)."""
    probabilities = layer.probabilities(window, step)
    highest = np.where(probabilities.any(axis=-1), probabilities.max(axis=-1), np.nan)
    return confidence_colours(highest, probabilities.shape[-1])


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


def held_out(layer: MapLayer, window: Window, step: int) -> np.ndarray:
    """(rows, cols, 4) labels that models had not learned from, in the colours of errors.

    In a picture of every ``step``-th pixel a label is drawn at the nearest shown one, or few labels
    of a large scene would be lost.
    """
    right, wrong = (_thickened(where[window.slices], step) for where in layer.held_out())
    return _two_colours(right & ~wrong, wrong, right | wrong)


def _thickened(mask: np.ndarray, step: int) -> np.ndarray:
    """Whether any of ``step`` x ``step`` pixels is set."""
    rows, cols = np.nonzero(mask)
    few = np.zeros(thinned_shape(mask.shape, step), dtype=bool)
    few[rows // step, cols // step] = True
    return few


def difference(layer: Layer, other: Layer, window: Window, step: int) -> np.ndarray:
    """(rows, cols, 4) pale where two maps agree, vermilion where they do not."""
    one, two = layer.class_ids(window, step), other.class_ids(window, step)
    picture = _two_colours(one == two, one != two, (one > 0) & (two > 0))
    picture[(one == two) & (one > 0)] = (255, 255, 255, 170)
    return picture


def _two_colours(right: np.ndarray, wrong: np.ndarray, shown: np.ndarray) -> np.ndarray:
    picture = np.zeros((*shown.shape, 4), dtype=np.uint8)
    picture[right & shown] = rgba(RIGHT_PIXEL)
    picture[wrong & shown] = rgba(WRONG_PIXEL)
    return picture


def _ramp(values: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Values 0..1 in colours that colour-blind readers can follow; invalid pixels transparent."""
    picture = mpl.colormaps[CONFIDENCE_COLORS](np.clip(values, 0, 1), bytes=True)
    picture[~probabilities.any(axis=-1)] = 0
    return picture


def _read(path: Path, window: Window, step: int) -> np.ndarray:
    """Stored numbers (bands, rows, cols) of every ``step``-th pixel of a window."""
    part = of_rasterio(window)
    size = thinned_shape((window.n_rows, window.n_cols), step)
    with open_raster(path, "GTiff") as dataset:
        return dataset.read(
            window=part, out_shape=(dataset.count, *size), resampling=Resampling.nearest
        )
