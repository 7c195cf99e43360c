"""What every format asks of the pixels of a file before it makes a scene of them."""

from typing import Any

import numpy as np

from hsidiff.errors import SceneError


def check_pixels(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise unless an array can be the pixels of a scene.

    Args:
        name: what the message calls the array.
        shape: its shape, expected as (rows, cols, bands) without a zero.
        dtype: its type, expected real: boolean, integer or floating point.

    Raises:
        SceneError: if the shape or the type is another.
    """
    if len(shape) != 3 or 0 in shape:
        raise SceneError(
            f"{name} has shape {shape}: expected (rows, cols, bands) with at least one of each"
        )
    if dtype.kind == "c":
        raise SceneError(f"{name} holds complex numbers: expected real ones, say its magnitude")
    if dtype.kind not in "biuf":
        raise SceneError(f"{name} holds {dtype}: expected real numbers")
