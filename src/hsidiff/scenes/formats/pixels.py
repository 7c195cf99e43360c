"""What every format asks of the pixels of a file before it makes a scene of them."""

import math
from typing import Any

import numpy as np

from hsidiff.errors import SceneError

MOST_BANDS = 2**13
"""Of a scene; an axis that is longer holds something else."""


BAND_AXES = ("first", "middle", "last")
"""Which of the three axes of a cube holds the bands, as users say it."""
BANDS_LAST = 2
AXIS_OPTION = "band_axis= (--band-axis)"
"""How a user says it, for messages."""


LARGEST_BLOCK_BYTES = 2**29
"""Of a file: to read one pixel of a block that is packed, all of it is unpacked."""


_MOST_ROWS = 2**26


def check_chunks(name: str, dataset: Any) -> None:
    """Refuse a dataset of HDF5 whose chunks are too large to unpack.

    Raises:
        SceneError: naming their size.
    """
    chunk = dataset.chunks
    size = 0 if chunk is None else math.prod(chunk) * dataset.dtype.itemsize
    if size > LARGEST_BLOCK_BYTES:
        raise SceneError(
            f"{name}: {dataset.name.lstrip('/')} is stored in chunks of {size} bytes, which have "
            "to be read whole: store it in smaller ones (h5repack -l CHUNK=32x32x32)"
        )


def check_pixels(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise unless an array can be the pixels of a scene.

    Args:
        name: what the message calls the array.
        shape: its shape, expected as (rows, cols, bands) without a zero.
        dtype: its type, expected real: boolean, integer or floating point.

    Raises:
        SceneError: if the shape or the type is another, or an axis is too long.
    """
    check_kind(name, shape, dtype)
    check_extent(name, shape)


def check_kind(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """The first half of :func:`check_pixels`: three axes of real numbers.

    Raises:
        SceneError: if they are not.
    """
    if len(shape) != 3 or 0 in shape:
        raise SceneError(
            f"{name} has shape {shape}: expected (rows, cols, bands) with at least one of each"
        )
    if dtype.kind == "c":
        raise SceneError(f"{name} holds complex numbers: expected real ones, say its magnitude")
    if dtype.kind not in "biuf":
        raise SceneError(f"{name} holds {dtype}: expected real numbers")


def check_extent(name: str, shape: tuple[int, ...]) -> None:
    """The second half of :func:`check_pixels`: no axis is longer than any scene's.

    Raises:
        SceneError: if one is.
    """
    if max(shape[:2]) > _MOST_ROWS:
        raise SceneError(
            f"{name} has shape {shape}: rows or columns are too many (at most {_MOST_ROWS}): "
            "expected (rows, cols, bands)"
        )
    if shape[2] > MOST_BANDS:
        raise SceneError(
            f"{name} has shape {shape}: {shape[2]} bands are too many (at most {MOST_BANDS}): "
            "expected (rows, cols, bands)"
        )
