"""Ground that several scenes show: other dates of a place, flight lines side by side.

A field that was learned on one date must not score the map of another. So pixels of different
scenes that lie on one place count as one place, and as near to each other as they are on the
ground.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pyproj
from affine import Affine
from rasterio.crs import CRS
from scipy.ndimage import distance_transform_cdt

from hsidiff.labels.grid import horizontal, known_crs, same_crs
from hsidiff.scenes.pixel_places import transformed
from hsidiff.scenes.window import Window

FAR_PX = 2**30
"""A distance that no two pixels of a scene have."""
Grid = tuple[CRS | None, Affine | None]


@dataclass(frozen=True, eq=False)
class View:
    """Where the pixels of one scene lie in another one.

    Attributes:
        place: where the scene lies among all.
        other: where the other one does.
        rows: (rows, cols) int32, row of the nearest pixel of the other.
        cols: (rows, cols) int32, its column.
        beyond_px: (rows, cols) float32, how far beyond the edge of the other, in its pixels.
        pixels_per_pixel: pixels of this scene per pixel of the other, along a side.
    """

    place: Window
    other: Window
    rows: np.ndarray
    cols: np.ndarray
    beyond_px: np.ndarray
    pixels_per_pixel: float

    def numbers(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers of the other (rows, cols) of all scenes, at the pixels of this one."""
        at: np.ndarray = numbers[self.other.slices][self.rows, self.cols]
        return at

    @property
    def inside(self) -> np.ndarray:
        """(rows, cols) bool, the pixels whose centre lies in the other scene."""
        return self.beyond_px == 0

    def distance_px(self, pixels: np.ndarray) -> np.ndarray:
        """Distance (rows, cols) int from each pixel to those of the other, in this one's pixels."""
        there = pixels[self.other.slices]
        if not there.any():
            return np.full(self.rows.shape, FAR_PX)
        distance_px = distance_transform_cdt(~there, metric="chessboard")[self.rows, self.cols]
        # From beyond the edge it is this far at least; a guard may be too wide there.
        distance_px = np.maximum(distance_px, self.beyond_px) * self.pixels_per_pixel
        return np.minimum(distance_px, FAR_PX).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Overlap:
    """The views of all scenes on each other; without any, no two show the same ground."""

    views: tuple[View, ...]

    def distance_px(self, pixels: np.ndarray) -> np.ndarray:
        """Distance (rows, cols) int to the nearest of ``pixels`` (bool) in another scene.

        It is 0 on the same place, and :data:`FAR_PX` where no other scene is near.
        """
        nearest = np.full(pixels.shape, FAR_PX, dtype=np.int64)
        for view in self.views:
            here = nearest[view.place.slices]
            np.minimum(here, view.distance_px(pixels), out=here)
        return nearest

    def as_in_the_first(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers (rows, cols) of places: each pixel has that of the first scene that shows it."""
        same = numbers.copy()
        for view in reversed(self.views):  # that on the first scene comes last, and stays
            if view.other.row < view.place.row:
                here = same[view.place.slices]
                here[view.inside] = view.numbers(numbers)[view.inside]
        return same

    def pairs(self, numbers: np.ndarray) -> np.ndarray:
        """(pairs, 2) numbers (rows, cols, 0 = none) of two scenes that are found on one place."""
        found = [np.empty((0, 2), dtype=numbers.dtype)]
        for view in self.views:
            both = np.stack([numbers[view.place.slices], view.numbers(numbers)], axis=-1)
            found.append(np.unique(both[view.inside & both.all(axis=-1)], axis=0))
        return np.concatenate(found)


def overlap_of(grids: Sequence[Grid], places: Sequence[Window], near_px: int) -> Overlap:
    """Find the ground that scenes share.

    Args:
        grids: CRS and transform of each scene; one without both lies nowhere.
        places: where each lies among all.
        near_px: scenes farther apart than this do not know of each other.
    """
    views = []
    for here, there in permutations(range(len(places)), 2):
        way = _Way.between(grids[here], grids[there])
        if way is not None:
            view = _view(places[here], places[there], way)
            views += [view] if view.beyond_px.min() <= near_px else []
    return Overlap(tuple(views))


@dataclass(frozen=True)
class _Way:
    """From the pixels of one scene to those of another; ``project`` is None within one CRS."""

    transform: Affine
    project: pyproj.Transformer | None
    other_transform: Affine

    @classmethod
    def between(cls, grid: Grid, other: Grid) -> "_Way | None":
        """The way, or None if one of the two has no known place on the earth."""
        crs, other_crs = known_crs(grid[0]), known_crs(other[0])
        if crs is None or other_crs is None or grid[1] is None or other[1] is None:
            return None
        if same_crs(crs, other_crs):
            return cls(grid[1], None, other[1])
        flat, other_flat = (pyproj.CRS.from_wkt(horizontal(c).to_wkt()) for c in (crs, other_crs))
        project = pyproj.Transformer.from_crs(flat, other_flat, always_xy=True)
        return cls(grid[1], project, other[1])

    def go(self, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the other at places of the one; infinite where there is none."""
        x, y = transformed(self.transform, cols, rows)
        if self.project is not None:
            x, y = self.project.transform(x, y)
        with np.errstate(invalid="ignore"):
            cols, rows = transformed(~self.other_transform, x, y)
        has_place = np.isfinite(rows) & np.isfinite(cols)
        return np.where(has_place, rows, np.inf), np.where(has_place, cols, np.inf)


def _view(place: Window, other: Window, way: _Way) -> View:
    shape = (place.n_rows, place.n_cols)
    rows, cols = way.go(*(np.indices(shape) + 0.5))
    (row, beyond_rows), (col, beyond_cols) = (
        _nearest(at, size) for at, size in ((rows, other.n_rows), (cols, other.n_cols))
    )
    beyond_px = np.minimum(np.maximum(beyond_rows, beyond_cols), FAR_PX).astype(np.float32)
    return View(place, other, row, col, beyond_px, _pixels_per_pixel(shape, way))


def _nearest(at: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Of places along an axis of so many pixels the nearest pixel, and how far beyond its ends."""
    pixel = np.clip(np.nan_to_num(np.floor(at), posinf=0), 0, size - 1)
    return pixel.astype(np.int32), np.maximum(np.maximum(-at, at - size), 0)


def _pixels_per_pixel(shape: tuple[int, int], way: _Way) -> float:
    """How many pixels of the one lie along a pixel of the other, in the middle of the one."""
    row, col = shape[0] / 2, shape[1] / 2
    rows, cols = way.go(np.array([row, row, row + 1]), np.array([col, col + 1, col]))
    sides = np.array([rows[1:] - rows[0], cols[1:] - cols[0]])
    area = abs(np.linalg.det(sides)) if np.isfinite(sides).all() else 1.0
    return float(max(area, 1e-12) ** -0.5)
