"""Pictures of a scene in pixel space: small squares of it at any power of two, and an overview."""

from functools import lru_cache
from math import ceil, log2
from threading import Lock, Semaphore

import numpy as np

from hsidiff.errors import MissingFileError
from hsidiff.report.pictures import png, stretch_limits, stretched
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.thinned import thinned, with_bands
from hsidiff.scenes.window import Window

TILE_PX = 256
OVERVIEW_PX = 256
"""Side of the picture from which the stretch is taken, and which is shown before the tiles."""
MAX_AT_ONCE = 3
"""So many squares of a scene are in memory at most."""
KEPT_PICTURES = 1024

Bands = tuple[int, int, int]


def largest_step(shape: tuple[int, int]) -> int:
    """The power of two at which a scene fits one square."""
    return int(2 ** max(ceil(log2(max(shape) / TILE_PX)), 0))


def overview_step(shape: tuple[int, int]) -> int:
    """Every so many-th pixel is shown in the overview."""
    return ceil(max(shape) / OVERVIEW_PX)


def tile_window(shape: tuple[int, int], step: int, col: int, row: int) -> Window:
    """What a square shows, in pixels of the scene thinned by ``step``.

    Args:
        shape: rows and columns of the scene.
        step: every ``step``-th pixel is shown, a power of two.
        col: which square from the left, from 0.
        row: which square from above, from 0.

    Raises:
        MissingFileError: if there is no such square.
    """
    is_power = 0 < step <= largest_step(shape) and step & (step - 1) == 0
    if is_power and row >= 0 and col >= 0:
        size = (ceil(shape[0] / step), ceil(shape[1] / step))
        window = Window(row * TILE_PX, col * TILE_PX, TILE_PX, TILE_PX).clipped(size)
        if window.n_rows and window.n_cols:
            return window
    raise MissingFileError(f"tile {step}/{col}/{row}: the scene has no such tile")


def padded(picture: np.ndarray) -> np.ndarray:
    """A picture (rows, cols, 4) at the border of a scene, filled up to a square; transparent."""
    rows, cols = picture.shape[:2]
    return np.pad(picture, ((0, TILE_PX - rows), (0, TILE_PX - cols), (0, 0)))


class SceneTiles:
    """Draws a scene. The stretch of each choice of bands comes from one look at all of it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._at_once = Semaphore(MAX_AT_ONCE)
        self.overview = lru_cache(64)(self._overview)
        self.tile = lru_cache(KEPT_PICTURES)(self._tile)
        self._stretch = lru_cache(64)(self._stretch_of)
        self._stretching = Lock()

    def _overview(self, bands: Bands) -> bytes:
        """The whole scene as a PNG of at most 256 x 256 pixels."""
        values, limits = self._limits(bands)
        return png(stretched(values, limits))

    def _tile(self, bands: Bands, step: int, col: int, row: int) -> bytes:
        """A PNG of 256 x 256 pixels. See :func:`tile_window`."""
        window = tile_window(self.scene.shape, step, col, row)
        _, limits = self._limits(bands)
        with self._at_once:
            return png(padded(stretched(self._read(bands, step, window), limits)))

    def _limits(self, bands: Bands) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`_stretch_of`. A page asks for the overview and its tiles at once."""
        with self._stretching:
            return self._stretch(bands)

    def _stretch_of(self, bands: Bands) -> tuple[np.ndarray, np.ndarray]:
        """The overview's values, and their 2nd and 98th percentiles."""
        step = overview_step(self.scene.shape)
        size = (ceil(self.scene.shape[0] / step), ceil(self.scene.shape[1] / step))
        with self._at_once:
            values = self._read(bands, step, Window.whole(size))
        return values, stretch_limits(values)

    def _read(self, bands: Bands, step: int, window: Window) -> np.ndarray:
        three = with_bands(self.scene, bands)
        order = np.searchsorted(three.band_indices, bands)
        return thinned(three, step).read(window)[:, :, order]
