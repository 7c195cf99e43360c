"""What makes a picture readable: hatching where there is no data, marks for few single pixels."""

from typing import Literal

import numpy as np
from scipy.ndimage import binary_dilation

from hsidiff.labels.hex_colors import rgba
from hsidiff.report.style import HATCH, MUTED, PAPER

HATCH_STEP_PX, HATCH_LINE_PX = 8, 2
FEW_POINTS = 500
"""So few labels are drawn larger than a pixel, or nobody would see them."""

Mark = Literal["square", "plus", "cross"]


def hatched(picture: np.ndarray) -> np.ndarray:
    """A picture (rows, cols, 4) uint8 whose transparent part is hatched and outlined.

    Give it as large as it is shown: lines are so many screen pixels wide.
    """
    empty = picture[..., 3] == 0
    if not empty.any():
        return picture
    shown = picture.copy()
    diagonal = np.add.outer(np.arange(empty.shape[0]), np.arange(empty.shape[1]))
    shown[empty] = rgba(PAPER)
    shown[empty & (diagonal % HATCH_STEP_PX < HATCH_LINE_PX)] = rgba(HATCH)
    # The outline lies outside of the data, or it would cover pixels.
    shown[empty & binary_dilation(~empty)] = rgba(MUTED)
    return shown


def stamp(
    picture: np.ndarray, rows: np.ndarray, cols: np.ndarray, colors: np.ndarray, mark: Mark
) -> None:
    """Draw marks, so large that they are seen, around pixels of a picture (rows, cols, 4).

    Training and test, right and wrong have marks of another form, not of another colour alone.

    Args:
        picture: changed in place.
        rows: (n,) rows of the pixels.
        cols: (n,) columns of the pixels.
        colors: (4,) uint8.
        mark: the form.
    """
    reach = max(round(max(picture.shape[:2]) / 200), 1)
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    forms = {
        "square": np.ones_like(down, dtype=bool),
        "plus": (abs(down) <= reach // 3) | (abs(right) <= reach // 3),
        "cross": abs(abs(down) - abs(right)) <= reach // 3,
    }
    for row, col in zip(down[forms[mark]], right[forms[mark]], strict=True):
        at = rows + row, cols + col
        inside = (at[0] >= 0) & (at[0] < picture.shape[0]) & (at[1] >= 0)
        inside &= at[1] < picture.shape[1]
        picture[at[0][inside], at[1][inside]] = colors
