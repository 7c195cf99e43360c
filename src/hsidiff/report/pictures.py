"""Scenes, maps and labels as pictures: arrays (rows, cols, 4) uint8 of red, green, blue, alpha.

Pictures are never interpolated: a pixel of the scene is a square of whole screen pixels or, where
a scene is too large for the page, every n-th pixel is shown.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.image import imsave
from rasterio.enums import Resampling

from hsidiff.labels.hex_colors import RGBA, rgba
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.split import Split
from hsidiff.report.marks import FEW_POINTS, Mark, stamp
from hsidiff.report.style import RIGHT_PIXEL, WRONG_PIXEL
from hsidiff.scenes.formats.gdal import open_raster
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import tile_windows

# Vegetation is red in near infrared, red, green, as remote sensing has drawn it since film.
FALSE_COLOUR_NM, FARTHEST_BAND_NM = (850.0, 650.0, 550.0), 60.0
# Without wavelengths: these parts of the band order lie near infrared, red and green for sensors
# of 400 to 1000 nm as well as of 400 to 2500 nm.
FALSE_COLOUR_PARTS = (0.5, 0.25, 0.1)
READ_SIZE_PX = 512
CONFIDENCE_COLORS = "cividis"
TRAIN_COLOR, TEST_COLOR, EMPTY_COLOR = "#d55e00", "#0072b2", "#eceff1"

Points = tuple[np.ndarray, Any, Mark]
"""A mask, its colour (or one per pixel of the mask), and how few of its pixels are marked."""


@dataclass(frozen=True)
class Enlargement:
    """How a scene fits a picture.

    Attributes:
        step: every ``step``-th pixel is shown, in rows and columns.
        zoom: screen pixels per shown pixel, in rows and columns.
    """

    step: int
    zoom: int

    @classmethod
    def to_fit(cls, shape: tuple[int, int], width_px: int, height_px: int) -> "Enlargement":
        """The largest whole zoom at which a scene of ``shape`` (rows, cols) fits."""
        step = max(ceil(shape[0] / height_px), ceil(shape[1] / width_px))
        if step > 1:
            return cls(step, 1)
        return cls(1, min(height_px // shape[0], width_px // shape[1]))

    def thinned(self, values: np.ndarray) -> np.ndarray:
        """Every ``step``-th pixel of (rows, cols, ...)."""
        return values[:: self.step, :: self.step]

    def apply(self, picture: np.ndarray) -> np.ndarray:
        """Enlarge a picture of every ``step``-th pixel, (rows, cols, ...)."""
        return picture.repeat(self.zoom, axis=0).repeat(self.zoom, axis=1)


def false_colour_bands(scene: Scene) -> tuple[int, ...]:
    """Positions, among the usable bands, of those shown as red, green and blue."""
    if scene.wavelengths_nm is not None:
        distances = np.abs(np.subtract.outer(FALSE_COLOUR_NM, scene.wavelengths_nm))
        if distances.min(axis=1).max() <= FARTHEST_BAND_NM:
            return tuple(int(position) for position in distances.argmin(axis=1))
    return tuple(round(part * (scene.n_bands - 1)) for part in FALSE_COLOUR_PARTS)


def bands_in_words(scene: Scene) -> str:
    """Which bands are shown as red, green and blue."""
    bands = list(false_colour_bands(scene))
    if scene.wavelengths_nm is None:
        names = ", ".join(str(int(index) + 1) for index in scene.band_indices[bands])
        return f"bands {names} as red, green, blue"
    centres = ", ".join(f"{centre:.0f} nm" for centre in scene.wavelengths_nm[bands])
    return f"{centres} as red, green, blue"


def false_colour(scene: Scene, step: int = 1) -> np.ndarray:
    """(rows, cols, 4) the scene in near infrared, red and green, from 2nd to 98th percentile.

    Three bands of one part of the scene at a time are read, and every ``step``-th pixel is shown.
    A pixel without a value in one of the three is transparent.
    """
    indices = scene.band_indices[list(false_colour_bands(scene))]
    bands, order = np.unique(indices, return_inverse=True)
    three_bands = replace(scene, band_order=bands)
    values = np.empty((*(ceil(size / step) for size in scene.shape), 3), dtype=np.float32)
    for window in tile_windows(scene.shape, step * ceil(READ_SIZE_PX / step)):
        shown = three_bands.read(window)[::step, ::step, order]
        row, col = window.row // step, window.col // step
        values[row : row + shown.shape[0], col : col + shown.shape[1]] = shown
    return stretched(values, stretch_limits(values))


def stretch_limits(values: np.ndarray) -> np.ndarray:
    """The 2nd and 98th percentile of each channel, (2, 3), of (rows, cols, 3) with NaN gaps."""
    valid = values[np.isfinite(values).all(axis=-1)]
    return np.percentile(valid, (2, 98), axis=0) if len(valid) else np.array([[0.0] * 3, [1.0] * 3])


def stretched(values: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Colours (rows, cols, 4) uint8 of values (rows, cols, 3) with NaN at invalid pixels.

    ``limits``, (2, 3), are what is drawn as 0 and as 255 in each channel.
    """
    picture = np.zeros((*values.shape[:2], 4), dtype=np.uint8)
    valid = np.isfinite(values).all(axis=-1)
    low, high = limits
    share = (values[valid] - low) / np.where(high > low, high - low, 1)
    picture[valid, :3] = np.round(np.clip(share, 0, 1) * 255)
    picture[valid, 3] = 255
    return picture


def class_picture(map_path: Path, classes: Sequence[LandClass], step: int = 1) -> np.ndarray:
    """(rows, cols, 4) a class map in the colours of its legend; transparent where it has none."""
    return class_colours(_read_band(map_path, 1, step), classes)


def class_colours(
    class_ids: np.ndarray, classes: Sequence[LandClass], background: RGBA = (0, 0, 0, 0)
) -> np.ndarray:
    """Class ids (rows, cols) in the colours of their legend; all else is ``background``."""
    picture = np.full((*class_ids.shape, 4), background, dtype=np.uint8)
    for land_class in classes:
        picture[class_ids == land_class.id] = rgba(land_class.color)
    return picture


def confidence_picture(probabilities_path: Path, step: int = 1) -> np.ndarray:
    """The highest probability of each pixel; see :func:`confidence_colours`."""
    with open_raster(probabilities_path, "GTiff") as dataset:
        nodata, scale, n_bands = dataset.nodata, dataset.scales[0], dataset.count
    highest = _read_band(probabilities_path, 1, step)
    invalid = highest == nodata
    for band in range(2, n_bands + 1):
        highest = np.maximum(highest, _read_band(probabilities_path, band, step))
    return confidence_colours(np.where(invalid, np.nan, highest * scale), n_bands)


def confidence_colours(confidence: np.ndarray, n_classes: int) -> np.ndarray:
    """Confidence (rows, cols) as colours, from 1 / classes (dark blue) to 1 (yellow), see cividis.

    The highest of some probabilities cannot be lower. NaN is transparent.
    """
    lowest = least_confidence(n_classes)
    share = (confidence - lowest) / (1 - lowest)
    picture = mpl.colormaps[CONFIDENCE_COLORS](np.nan_to_num(share), bytes=True)
    picture[np.isnan(confidence)] = 0
    return np.asarray(picture)


def least_confidence(n_classes: int) -> float:
    """What the highest of ``n_classes`` probabilities is at least."""
    return 1 / max(n_classes, 2)


def split_picture(split: Split, step: int = 1, place: Window | None = None) -> np.ndarray:
    """(rows, cols, 4) where training and test labels lie, training labels over test labels.

    Args:
        split: the split.
        step: every ``step``-th pixel is shown.
        place: the part to show, one of several scenes; None shows all.
    """
    shown = (place or Window.whole(split.train.shape)).slices
    train, test = (side.values[shown] > 0 for side in (split.train, split.test))
    points: tuple[Points, ...] = (
        (test, rgba(TEST_COLOR), "plus"),
        (train, rgba(TRAIN_COLOR), "square"),
    )
    return points_picture(train.shape, points, step)


def right_and_wrong_picture(right: np.ndarray, wrong: np.ndarray, step: int = 1) -> np.ndarray:
    """Where labels (rows, cols) bool were predicted right and wrong, the wrong ones on top."""
    points: tuple[Points, ...] = (
        (right, rgba(RIGHT_PIXEL), "square"),
        (wrong, rgba(WRONG_PIXEL), "cross"),
    )
    return points_picture(right.shape, points, step)


def points_picture(shape: tuple[int, ...], points: Sequence[Points], step: int) -> np.ndarray:
    """Masks (rows, cols) bool of a scene, each in its colour or colours, the later ones on top.

    In a picture of every n-th pixel a pixel is drawn at the nearest shown one, so that a few
    labels of a large scene stay visible. So few that they would be lost are drawn as marks.
    """
    is_few = sum(np.count_nonzero(mask) for mask, _, _ in points) <= FEW_POINTS
    size = [ceil(length / step) for length in shape]
    picture = np.full((*size, 4), rgba(EMPTY_COLOR), dtype=np.uint8)
    places = [np.nonzero(mask) for mask, _, _ in points]
    if is_few:
        for (rows, cols), (_, colors, mark) in zip(places, points, strict=True):
            stamp(picture, rows // step, cols // step, np.asarray(colors), mark)
    # After the marks, which must not hide the pixels of others.
    for (rows, cols), (_, colors, _) in zip(places, points, strict=True):
        picture[rows // step, cols // step] = colors
    return picture


def png(picture: np.ndarray, compress_level: int = 6) -> bytes:
    """A picture as the bytes of a PNG file; ``compress_level`` 1 takes a sixth of the time of 6."""
    stream = io.BytesIO()
    packing = {"compress_level": compress_level}
    imsave(stream, np.ascontiguousarray(picture), format="png", pil_kwargs=packing)
    return stream.getvalue()


def _read_band(path: Path, band: int, step: int) -> np.ndarray:
    with open_raster(path, "GTiff") as dataset:
        shape = ceil(dataset.height / step), ceil(dataset.width / step)
        return dataset.read(band, out_shape=shape, resampling=Resampling.nearest)
