"""From pixels to places on the map, and back."""

import numpy as np
from affine import Affine


def transformed(transform: Affine, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points under a transform: x and y, or col and row of pixels, in arrays of one shape."""
    # Affine's types speak of numbers; arrays are multiplied and added in the same way.
    return transform @ (x, y)  # type: ignore[operator, return-value]


def pixel_centres(
    transform: Affine | None, rows: np.ndarray, cols: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """X and y of the centres of pixels, (n,) each; in pixels without a transform."""
    return transformed(transform or Affine.identity(), cols + 0.5, rows + 0.5)
