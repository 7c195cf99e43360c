"""Which pixels of a grid points and polygons label."""

from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize


@dataclass(frozen=True)
class Parts:
    """Single points and polygons in pixels of the scene (x = col, y = row).

    Attributes:
        shapes: (parts,) shapely geometries; their position + 1 is the sample id.
        class_ids: (parts,) int64.
        inside: (parts,) bool, whether the bounding box meets the scene.
        dropped: what became of features and parts that were not taken as they are, with counts.
    """

    shapes: np.ndarray
    class_ids: np.ndarray
    inside: np.ndarray
    dropped: dict[str, int]


def burn(parts: Parts, shape: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Sample id of each pixel, (rows, cols) int32, and the number of contested pixels.

    The last part that is burnt into a pixel stays. Burnt by increasing class, the highest class of
    each pixel stays; by decreasing class, the lowest. Where the two differ, classes disagree.
    Within a class the part that comes first in the file stays.
    """
    numbers = np.flatnonzero(parts.inside)
    class_ids = np.concatenate([[0], parts.class_ids])
    highest, lowest = (
        _burn_in_order(
            parts, numbers[np.lexsort([-numbers, sign * parts.class_ids[numbers]])], shape
        )
        for sign in (1, -1)
    )
    contested = class_ids[highest] != class_ids[lowest]
    return np.where(contested, 0, lowest).astype(np.int32), int(contested.sum())


def _burn_in_order(parts: Parts, order: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    samples = [(parts.shapes[i], i + 1) for i in order if not shapely.is_empty(parts.shapes[i])]
    if not samples:
        return np.zeros(shape, dtype=np.int32)
    return rasterize(samples, out_shape=shape, dtype=np.int32)


def n_too_small(parts: Parts, sample_ids: np.ndarray, shape: tuple[int, int]) -> int:
    """Number of polygons inside the scene that cover no pixel centre of it.

    Args:
        parts: points and polygons in pixels.
        sample_ids: (rows, cols) which part labels each pixel, from 1; 0 = none.
        shape: (rows, cols) of the scene.
    """
    # A part without a pixel may also lie below others: each is looked at alone.
    without_pixel = np.setdiff1d(np.flatnonzero(parts.inside) + 1, sample_ids) - 1
    return sum(not _covers_a_centre(parts.shapes[i], shape) for i in without_pixel)


def _covers_a_centre(part: shapely.Geometry, shape: tuple[int, int]) -> bool:
    if part.is_empty:
        return False
    left, top, right, bottom = part.bounds
    col, row = max(int(left), 0), max(int(top), 0)
    n_cols = min(int(right) + 1, shape[1]) - col
    n_rows = min(int(bottom) + 1, shape[0]) - row
    if min(n_cols, n_rows) <= 0:  # repaired, it is smaller than its bounding box was
        return False
    moved = Affine.translation(col, row)
    return bool(rasterize([part], out_shape=(n_rows, n_cols), transform=moved).any())
