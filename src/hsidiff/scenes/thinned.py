"""Every n-th pixel of a scene, for pictures of scenes that are too large to look at whole."""

from dataclasses import dataclass, replace
from math import ceil, log2
from typing import Any

import numpy as np
from affine import Affine

from hsidiff.scenes.formats.geotiff import GeotiffSource
from hsidiff.scenes.scene import PixelSource, Scene
from hsidiff.scenes.window import Window


def thinned_shape(shape: tuple[int, int], step: int) -> tuple[int, int]:
    """Rows and columns that are left of so many, every ``step``-th of each."""
    return ceil(shape[0] / step), ceil(shape[1] / step)


def step_to_fit(shape: tuple[int, int], most_px: int) -> int:
    """The power of two by which a scene is thinned to sides of at most so many pixels."""
    return int(2 ** max(ceil(log2(max(shape) / most_px)), 0))


@dataclass(frozen=True)
class ThinnedSource:
    """Every ``step``-th row and column of another source.

    A GeoTIFF is read through GDAL, which takes the nearest pixel or, where the file has overviews,
    one of these. Of other sources single rows are read.

    Attributes:
        source: the whole.
        step: how many rows and columns become one.
    """

    source: PixelSource
    step: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands of what is left."""
        return (*thinned_shape(self.source.shape[:2], self.step), self.source.shape[2])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored numbers."""
        return self.source.dtype

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`; ``window`` counts what is left."""
        whole = Window(
            window.row * self.step,
            window.col * self.step,
            window.n_rows * self.step,
            window.n_cols * self.step,
        ).clipped(self.source.shape[:2])
        if isinstance(self.source, GeotiffSource):
            return self.source.read_nearest(whole, bands, (window.n_rows, window.n_cols))
        rows = range(whole.row, whole.row + whole.n_rows, self.step)
        lines = [
            self.source.read(Window(row, whole.col, 1, whole.n_cols), bands)[:, :: self.step]
            for row in rows
        ]
        return np.concatenate(lines)


def thinned(scene: Scene, step: int) -> Scene:
    """A scene of every ``step``-th row and column; the scene itself for a step of 1."""
    if step == 1:
        return scene
    transform = None if scene.transform is None else scene.transform @ Affine.scale(step)
    return replace(scene, source=ThinnedSource(scene.source, step), transform=transform, files=())


def with_bands(scene: Scene, indices: tuple[int, ...]) -> Scene:
    """A scene with these bands of its file only (from 0), so that no other is read.

    They come in the order of the file.
    A pixel that lacks a value in another band is no gap in it.
    """
    good_bands = np.zeros_like(scene.good_bands)
    good_bands[list(indices)] = True
    return replace(scene, good_bands=good_bands, band_order=None)
