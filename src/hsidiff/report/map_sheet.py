"""Several maps of one scene side by side in one picture, with one key below."""

import textwrap
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from hsidiff.amounts import percent
from hsidiff.files import write_whole
from hsidiff.report.drawing import axes_of_pixels, columns_of, look, plain_figure
from hsidiff.report.marks import hatched
from hsidiff.report.pictures import CONFIDENCE_COLORS, Enlargement, class_picture, false_colour
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.style import LINE, MUTED
from hsidiff.scenes.scene import Scene

# The file has two pixels for one of the page, for sharp screens and for print.
DPI, PIXELS_PER_PAGE_PX = 192, 2
SHEET_PX, NARROWEST_SHEET_PX = 2200, 760
PANEL_PX, LARGEST_PANEL_PX, NARROWEST_COLUMN_PX = 520, 800, 330
GAP_PX, LINE_PX, LETTER_PX, KEY_ROW_PX = 36, 34, 14, 42
FONT_POINTS = 9.5

Key = Sequence[tuple[str, str]] | float
"""Colours (``#rrggbb``) and what they mean; a number stands for the scale of confidence from it."""
NO_DATA = ("#ffffff", "no data")
"""The entry of a key for what is hatched."""


class Panel(NamedTuple):
    """One map of a sheet: what it is, its main number, and (rows, cols, 4) uint8."""

    title: str
    number: str
    picture: np.ndarray


def shown_part(shape: tuple[int, int]) -> Enlargement:
    """How a scene of ``shape`` (rows, cols) fits a panel: enlarged, whole, or every n-th pixel."""
    fit = Enlargement.to_fit(shape, PANEL_PX, PANEL_PX)
    if fit.step == 1:
        return fit
    return Enlargement.to_fit(shape, LARGEST_PANEL_PX, LARGEST_PANEL_PX)


def draw_overview(folder: str | Path, scene: Scene, path: str | Path) -> None:
    """Draw a scene in false colour and its map side by side into one PNG file.

    Args:
        folder: a result folder.
        scene: the scene that was mapped.
        path: where to write, ``*.png``.

    Raises:
        MissingFileError: if the folder holds no result.
    """
    results, fit = ResultFolder.read(folder), shown_part(scene.shape)
    mapped = class_picture(results.map_path, results.classes, fit.step)
    shown = (Panel("false colour", "", false_colour(scene, fit.step)), Panel("map", "", mapped))
    key = [(c.color, c.name) for c in results.classes]
    if not mapped[..., 3].all():
        key.append(NO_DATA)
    figure = draw_sheet(shown, fit, key)
    with write_whole(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def draw_sheet(shown: Sequence[Panel], fit: Enlargement, key: Key) -> Figure:
    """Draw maps of one shape, thinned to ``fit``, in rows, so many side by side as a page holds."""
    pictures = [hatched(fit.apply(panel.picture)) for panel in shown]
    height, width = pictures[0].shape[:2]
    column = max(width, NARROWEST_COLUMN_PX)
    n_columns = columns_of(len(shown), max(1, (SHEET_PX - GAP_PX) // (column + GAP_PX)))
    wrapped = [textwrap.wrap(panel.title, column // LETTER_PX) or [""] for panel in shown]
    titles = ["\n".join([*w, p.number]).rstrip() for w, p in zip(wrapped, shown, strict=True)]
    row_px = LINE_PX * max(title.count("\n") + 1 for title in titles) + 10 + height + GAP_PX
    sheet_width = max(n_columns * (column + GAP_PX) + GAP_PX, NARROWEST_SHEET_PX)
    key_columns = _key_columns(key, sheet_width)
    key_rows = 2 if isinstance(key, float) else ceil(len(key) / key_columns)
    key_px = KEY_ROW_PX * key_rows + GAP_PX * (key_rows > 0)
    size_px = (sheet_width, ceil(len(shown) / n_columns) * row_px + key_px)
    with look():
        figure = plain_figure(*size_px, DPI)
        for place, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
            row, col = divmod(place, n_columns)
            corner = (GAP_PX + col * (column + GAP_PX), size_px[1] - (row + 1) * row_px + GAP_PX)
            _draw_panel(figure, picture, title, corner)
        if isinstance(key, float):
            _draw_scale(figure, key_px, key)
        elif key:
            _draw_key(figure, key, key_columns)
    return figure


def page_width_px(figure: Figure) -> int:
    """How wide a sheet is on a page."""
    return round(figure.get_figwidth() * DPI / PIXELS_PER_PAGE_PX)


def _draw_panel(
    figure: Figure, picture: np.ndarray, title: str, corner_px: tuple[int, int]
) -> None:
    """A picture pixel by pixel, in an outline that shows where data are missing."""
    height, width = picture.shape[:2]
    axes = axes_of_pixels(figure, (*corner_px, width, height))
    axes.imshow(picture, interpolation="none", aspect="auto")
    axes.set_title(title, fontsize=FONT_POINTS, loc="left", pad=4)
    # Half a pixel outside, and below: the line covers none of the picture.
    all_px = figure.get_size_inches() * DPI
    left, bottom = (np.array(corner_px) - 0.5) / all_px
    outline = Rectangle((left, bottom), (width + 1) / all_px[0], (height + 1) / all_px[1])
    outline.set(fill=False, edgecolor=LINE, linewidth=72 / DPI, zorder=-1)
    figure.add_artist(outline)


def _key_columns(key: Key, sheet_width: int) -> int:
    if isinstance(key, float) or not key:
        return 1
    entry_px = (LETTER_PX - 1) * max(len(name) for _, name in key) + 80
    return max(1, min(len(key), (sheet_width - GAP_PX) // entry_px))


def _draw_key(figure: Figure, key: Sequence[tuple[str, str]], n_columns: int) -> None:
    corner = (GAP_PX, GAP_PX / 2) / (figure.get_size_inches() * DPI)
    close = {"borderpad": 0, "borderaxespad": 0, "handlelength": 1.2, "handleheight": 1.2}
    figure.legend(
        handles=[
            Patch(
                facecolor=c, edgecolor=MUTED, label=n, hatch="////" if (c, n) == NO_DATA else None
            )
            for c, n in key
        ],
        loc="lower left",
        bbox_to_anchor=tuple(corner),
        ncols=n_columns,
        fontsize=FONT_POINTS,
        **close,
    )


def _draw_scale(figure: Figure, key_px: int, lowest: float) -> None:
    axes = axes_of_pixels(figure, (GAP_PX + 20, key_px - KEY_ROW_PX, 420, 22))
    axes.set_axis_on()
    ends = 100 * lowest, 100.0
    colors = ScalarMappable(mpl.colors.Normalize(*ends), CONFIDENCE_COLORS)
    bar = figure.colorbar(colors, cax=axes, orientation="horizontal")
    bar.set_ticks(ends, labels=[percent(lowest, 0), "100 %"])
    bar.ax.tick_params(labelsize=FONT_POINTS, length=0)
    place: Any = {"transform": bar.ax.transAxes, "va": "center", "fontsize": FONT_POINTS}
    bar.ax.text(1.08, 0.5, "probability", **place)
    bar.outline.set_visible(False)
