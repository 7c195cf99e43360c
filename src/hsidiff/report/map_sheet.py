"""Several maps of one scene side by side in one picture, with one key below."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from hsidiff.report.drawing import axes_of_pixels, columns_of, plain_figure
from hsidiff.report.pictures import CONFIDENCE_COLORS, Enlargement
from hsidiff.report.style import INK, LINE

# The file has two pixels for one of the page, for sharp screens and for print.
DPI, PIXELS_PER_PAGE_PX = 192, 2
SHEET_PX, NARROWEST_SHEET_PX = 2200, 760
PANEL_PX, LARGEST_PANEL_PX, NARROWEST_COLUMN_PX = 520, 800, 330
GAP_PX, LINE_PX, LETTER_PX, KEY_ROW_PX = 36, 34, 14, 42
FONT_POINTS = 9.5


@dataclass(frozen=True)
class Panel:
    """One map of a sheet.

    Attributes:
        title: what it is.
        number: its main number, a line of its own; may be empty.
        picture: (rows, cols, 4) uint8, one pixel per shown pixel of the scene.
    """

    title: str
    number: str
    picture: np.ndarray = field(repr=False)


def shown_part(shape: tuple[int, int]) -> Enlargement:
    """How a scene of ``shape`` (rows, cols) fits a panel: enlarged, whole, or every n-th pixel."""
    fit = Enlargement.to_fit(shape, PANEL_PX, PANEL_PX)
    if fit.step == 1:
        return fit
    return Enlargement.to_fit(shape, LARGEST_PANEL_PX, LARGEST_PANEL_PX)


def draw_sheet(
    panels: Sequence[Panel], fit: Enlargement, key: Sequence[tuple[str, str]] | None
) -> Figure:
    """Draw maps in rows, so many beside each other as the page holds.

    Args:
        panels: the maps, all of one shape.
        fit: of :func:`shown_part`.
        key: colours (``#rrggbb``) and what they mean; None draws the scale of confidence.
    """
    pictures = [fit.apply(panel.picture) for panel in panels]
    height, width = pictures[0].shape[:2]
    column = max(width, NARROWEST_COLUMN_PX)
    fitting = max(1, (SHEET_PX - GAP_PX) // (column + GAP_PX))
    n_columns = columns_of(len(panels), fitting)
    n_rows = ceil(len(panels) / n_columns)
    titles = [_title(panel, column) for panel in panels]
    title_px = LINE_PX * max(title.count("\n") + 1 for title in titles) + 10
    sheet_width = max(n_columns * (column + GAP_PX) + GAP_PX, NARROWEST_SHEET_PX)
    key_columns = _key_columns(key, sheet_width)
    key_px = KEY_ROW_PX * (ceil(len(key) / key_columns) if key else 2) + GAP_PX
    row_px = title_px + height + GAP_PX
    size_px = (sheet_width, n_rows * row_px + key_px)
    figure = plain_figure(*size_px, DPI)
    for place, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
        row, col = divmod(place, n_columns)
        left = GAP_PX + col * (column + GAP_PX)
        bottom = size_px[1] - (row + 1) * row_px + GAP_PX
        axes = axes_of_pixels(figure, (left, bottom, width, height), size_px)
        axes.imshow(picture, interpolation="none", aspect="auto")
        axes.set_title(title, fontsize=FONT_POINTS, color=INK, loc="left", pad=4)
    if key is None:
        _draw_scale(figure, key_px, size_px)
    else:
        _draw_key(figure, key, key_columns, size_px)
    return figure


def _title(panel: Panel, column_px: int) -> str:
    lines = textwrap.wrap(panel.title, column_px // LETTER_PX) or [""]
    return "\n".join([*lines, panel.number] if panel.number else lines)


def _key_columns(key: Sequence[tuple[str, str]] | None, sheet_width: int) -> int:
    if not key:
        return 1
    entry_px = (LETTER_PX - 1) * max(len(name) for _, name in key) + 80
    return max(1, min(len(key), (sheet_width - GAP_PX) // entry_px))


def _draw_key(
    figure: Figure, key: Sequence[tuple[str, str]], n_columns: int, size_px: tuple[int, int]
) -> None:
    figure.legend(
        handles=[Patch(facecolor=color, edgecolor=LINE, label=name) for color, name in key],
        loc="lower left",
        bbox_to_anchor=(GAP_PX / size_px[0], GAP_PX / 2 / size_px[1]),
        ncols=n_columns,
        frameon=False,
        fontsize=FONT_POINTS,
        labelcolor=INK,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.2,
        handleheight=1.2,
    )


def _draw_scale(figure: Figure, key_px: int, size_px: tuple[int, int]) -> None:
    box = (GAP_PX + 20, key_px - KEY_ROW_PX, 420, 22)
    axes = axes_of_pixels(figure, box, size_px)
    axes.set_axis_on()
    colors = ScalarMappable(mpl.colors.Normalize(0, 100), CONFIDENCE_COLORS)
    bar = figure.colorbar(colors, cax=axes, orientation="horizontal")
    bar.set_ticks([0, 50, 100], labels=["0 %", "50 %", "100 %"])
    bar.ax.tick_params(labelsize=FONT_POINTS, colors=INK, length=0)
    bar.ax.text(
        1.08,
        0.5,
        "probability",
        transform=bar.ax.transAxes,
        va="center",
        color=INK,
        fontsize=FONT_POINTS,
    )
    bar.outline.set_visible(False)
