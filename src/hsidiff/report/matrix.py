"""A square matrix of coloured cells with numbers in them."""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from hsidiff.report.style import INK, RIGHT, shade


@dataclass(frozen=True)
class MatrixCell:
    """What one cell of a matrix shows.

    Attributes:
        written: its text.
        share: strength of its colour, 0 to 1.
        color: red, green, blue of the full colour.
        framed: whether it is set off, by a frame and in bold.
    """

    written: str
    share: float = 0.0
    color: tuple[int, int, int] = RIGHT
    framed: bool = False


def draw_cells(axes: Axes, cells: Mapping[tuple[int, int], MatrixCell], n: int) -> None:
    """Draw the cells (row, col) of a square matrix of n rows; one artist holds all squares."""
    shades = [shade(cell.share, cell.color) for cell in cells.values()]
    colors = [background for background, _ in shades]
    axes.add_collection(
        PolyCollection(
            [_corners(*place, 0.5) for place in cells],
            facecolors=colors, edgecolors="white", linewidths=1,
        ),
        autolim=False,
    )  # fmt: skip
    framed = [_corners(*place, 0.46) for place, cell in cells.items() if cell.framed]
    axes.add_collection(
        PolyCollection(framed, facecolors="none", edgecolors=INK, linewidths=1), autolim=False
    )
    for ((row, col), cell), (_, ink) in zip(cells.items(), shades, strict=True):
        if cell.written:
            axes.text(
                col, row, cell.written, ha="center", va="center", fontsize=9, color=ink,
                fontweight="bold" if cell.framed else "normal", in_layout=False,
            )  # fmt: skip
    _square(axes, n)


def _corners(row: int, col: int, half: float) -> list[tuple[float, float]]:
    return [
        (col + x, row + y) for x, y in ((-half, -half), (half, -half), (half, half), (-half, half))
    ]


def _square(axes: Axes, n: int) -> None:
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
