"""Changes to a map that exists: other classes, an area cut out, patches that are too small."""

from dataclasses import replace

import numpy as np
from rasterio.features import sieve

from hsidiff.errors import LabelError, SettingError
from hsidiff.labels.label_map import LabelMap


def cut_to(drawn: LabelMap, area: np.ndarray) -> LabelMap:
    """A map within an area (rows, cols) bool, and 0 outside.

    Raises:
        LabelError: if nothing is left.
    """
    cut = replace(drawn, values=np.where(area, drawn.values, 0).astype(np.int32))
    if not cut.n_labelled:
        raise LabelError("no pixel of the map lies in the area: check the area's CRS")
    return cut


def sieved(drawn: LabelMap, min_size_px: int) -> LabelMap:
    """A map without patches of fewer than ``min_size_px`` pixels.

    A patch is pixels of one class that share edges. One that is too small gets the class of its
    largest neighbour, as GDAL's sieve does it. Where that leaves small patches, since all of their
    neighbours are small, the smallest go first. What touches nothing but no data stays; so does no
    data.

    Args:
        drawn: the map.
        min_size_px: smallest mapping unit in pixels, at least 2.

    Raises:
        SettingError: if ``min_size_px`` is less than 2.
    """
    if min_size_px < 2:
        raise SettingError(f"min_size={min_size_px}: must be at least 2: a pixel is the least")
    values, has_class = drawn.values, drawn.values > 0
    for size in (min_size_px, *_sizes_up_to(min_size_px)):
        before = None
        while before is None or not np.array_equal(values, before):
            before, values = values, sieve(values, size, mask=has_class, connectivity=4)
    return replace(drawn, values=np.where(has_class, values, 0).astype(np.int32))


def _sizes_up_to(largest: int) -> list[int]:
    """2, 3, 4, 6, 9, 13 ...: half as much again each time, and the largest."""
    sizes = [2]
    while sizes[-1] < largest:
        sizes.append(min(sizes[-1] * 3 // 2, largest))
    return sizes
