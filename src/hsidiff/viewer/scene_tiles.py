"""Pictures of a scene in pixel space: small squares of it at any power of two, and an overview."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import Semaphore

import numpy as np

from hsidiff.errors import MissingFileError
from hsidiff.report.pictures import png, stretched
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.thinned import step_to_fit, thinned, thinned_shape, with_bands
from hsidiff.scenes.window import Window
from hsidiff.viewer.overview import Bands, Overview, Overviews, plan_of

TILE_PX = 256
MAX_AT_ONCE = 3
"""So many squares of a scene are read at the same time at most."""
N_KEPT_SQUARES = 128
"""Values of squares in memory, 0.8 MB each."""


@dataclass(frozen=True)
class Picture:
    """A picture of a scene, of which a part may not be read yet.

    Attributes:
        png: the bytes of a PNG file; what is not read is transparent.
        share: how much of the scene is read, from 0 to 1.
    """

    png: bytes
    share: float


def largest_step(shape: tuple[int, int]) -> int:
    """The power of two at which a scene fits one square."""
    return step_to_fit(shape, TILE_PX)


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
        window = Window(row * TILE_PX, col * TILE_PX, TILE_PX, TILE_PX)
        window = window.clipped(thinned_shape(shape, step))
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
        self._plan = plan_of(scene)
        self._overviews = Overviews(
            self._plan, lambda bands, window: self._read(bands, self._plan.step, window)
        )
        self._square = lru_cache(N_KEPT_SQUARES)(self._read)

    @property
    def overview_step(self) -> int:
        """Every so many-th pixel is shown in the overview."""
        return self._plan.step

    def overview(self, bands: Bands) -> Picture:
        """The whole scene in one picture, as far as it is read."""
        overview = self._overviews.of(bands)
        return _drawn(overview.values, overview)

    def tile(self, bands: Bands, step: int, col: int, row: int) -> Picture:
        """A picture of 256 x 256 pixels. See :func:`tile_window`."""
        window = tile_window(self.scene.shape, step, col, row)
        overview = self._overviews.of(bands)
        if step % self._plan.step:
            values = self._square(bands, step, window)
        else:
            every = step // self._plan.step
            values = overview.values[::every, ::every][window.slices]
        return _drawn(values, overview, fill_up=padded)

    def close(self) -> None:
        """Read no more of the scene."""
        self._overviews.close()

    def _read(self, bands: Bands, step: int, window: Window) -> np.ndarray:
        three = with_bands(self.scene, bands)
        order = np.searchsorted(three.band_indices, bands)
        with self._at_once:
            return thinned(three, step).read(window)[:, :, order]


def _drawn(
    values: np.ndarray,
    overview: Overview,
    fill_up: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> Picture:
    """Values (rows, cols, 3) in the stretch of an overview."""
    share = overview.share  # before it is drawn: what is read meanwhile may be missing
    colours = fill_up(stretched(values, overview.limits()))
    return Picture(png(colours, compress_level=1), share)
