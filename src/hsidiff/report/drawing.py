"""What all figures share: one look, one colour per method, a text alternative."""

import io
import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from hsidiff.report.blocks import Picture
from hsidiff.report.style import INK, LINE, METHOD_COLORS, MUTED

POSITION = "position"
# Ten colours and nine markers have no common divisor: a pair repeats after 90 methods only.
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_CSS_PX_PER_INCH = 96
_LOOK: Any = {
    "font.size": 10, "axes.titlesize": 10, "axes.titlelocation": "left",
    "axes.edgecolor": LINE, "axes.labelcolor": INK, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False,
    "grid.color": LINE, "grid.linewidth": 0.7, "text.color": INK,
    "xtick.color": INK, "ytick.color": INK, "xtick.labelsize": 9, "ytick.labelsize": 9.5,
    "legend.frameon": False, "legend.labelcolor": INK,
    "svg.hashsalt": "hsidiff",  # the same figure gives the same bytes
}  # fmt: skip


@dataclass(frozen=True)
class Drawing:
    """A figure that becomes a picture.

    Attributes:
        name: name of its file, without the ending.
        figure: the figure.
        alternative: what it shows, with its main numbers.
        caption: how to read it.
        kind: ``svg`` for charts; ``png`` for maps, whose pixels must not be blurred.
        width_px: its width on a page that is wide enough; 0 takes the figure's own.
    """

    name: str
    figure: Figure = field(repr=False)
    alternative: str
    caption: str
    kind: Literal["svg", "png"] = "svg"
    width_px: int = 0

    def content(self) -> bytes:
        """The bytes of its file."""
        stream = io.BytesIO()
        # No date and no version: the same folder gives the same files.
        metadata = {"Date": None} if self.kind == "svg" else {"Software": None}
        with look():
            self.figure.savefig(stream, format=self.kind, dpi=self.figure.dpi, metadata=metadata)
        return stream.getvalue()

    def picture(self) -> Picture:
        """The same for a page."""
        width_px = self.width_px or round(self.figure.get_figwidth() * _CSS_PX_PER_INCH)
        return Picture(
            self.name, self.content(), self.alternative, self.caption, self.kind, width_px
        )


@dataclass(frozen=True)
class MethodStyle:
    """How one method is drawn wherever it appears."""

    color: str
    marker: str

    @property
    def open(self) -> dict[str, Any]:
        """Arguments of ``Axes.plot`` for small dots: single seeds."""
        dots = {"marker": "o", "markersize": 4, "markeredgewidth": 0, "linestyle": "none"}
        return {"color": self.color, "alpha": 0.45, **dots}

    @property
    def full(self) -> dict[str, Any]:
        """Arguments of ``Axes.plot`` for a large marker: a mean."""
        edge = {"markeredgecolor": "white", "markeredgewidth": 0.8}
        return {"color": self.color, "marker": self.marker, "markersize": 8, **edge}


def method_styles(labels: Sequence[str]) -> dict[str, MethodStyle]:
    """A style for each label, by its place in the experiment; the control ``position`` is grey."""
    others = [label for label in labels if label != POSITION]
    styles = {
        label: MethodStyle(METHOD_COLORS[i % len(METHOD_COLORS)], _MARKERS[i % len(_MARKERS)])
        for i, label in enumerate(others)
    }
    styles[POSITION] = MethodStyle(MUTED, "d")
    return {label: styles[label] for label in labels}


def look() -> AbstractContextManager[None]:
    """The common look: every figure is made, and written, inside of it."""
    return mpl.rc_context(_LOOK)


def new_figure(width: float, height: float) -> Figure:
    """A figure in inches, in the common look, with room for what stands outside its axes."""
    # Numbers beside one panel must not touch the next.
    layout = ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.07)
    return Figure(figsize=(width, height), layout=layout, facecolor="white")


def panels(figure: Figure, n_panels: int, n_columns: int, **shared: str) -> list[Axes]:
    """Axes of a grid, row by row; ``shared`` goes to ``Figure.subplots`` (sharex, sharey)."""
    n_rows = ceil(n_panels / n_columns)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, **shared)  # type: ignore[call-overload]
    axes = list(grid.flat)
    for unused in axes[n_panels:]:
        unused.remove()
    return axes[:n_panels]


def plain_figure(width_px: int, height_px: int, dpi: int) -> Figure:
    """A figure of an exact size in pixels, white, without any layout."""
    figure = Figure(figsize=(width_px / dpi, height_px / dpi), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def axes_of_pixels(figure: Figure, box_px: tuple[float, float, float, float]) -> Axes:
    """Axes of an exact box (left, bottom, width, height) of :func:`plain_figure`, without frame.

    So a picture's pixels fall on whole pixels of the file.
    """
    all_px = figure.get_size_inches() * figure.dpi
    axes = figure.add_axes(tuple(part / all_px[i % 2] for i, part in enumerate(box_px)))
    axes.set_axis_off()
    return axes


def name_below(grid: Sequence[Axes], n_columns: int, name: str) -> None:
    """Name the horizontal axis of the lowest panel of each column."""
    for axes in grid[-n_columns:]:
        axes.set_xlabel(name)
        axes.tick_params(labelbottom=True)  # also above a place that is left free


def method_legend(
    figure: Figure,
    styles: dict[str, MethodStyle],
    further: Iterable[Line2D] = (),
    place: Literal["below", "right"] = "below",
) -> None:
    """Name the methods' markers outside of all axes."""
    handles = [
        Line2D([], [], linestyle="none", label=label, **s.full) for label, s in styles.items()
    ]
    handles += further
    is_below = place == "below"
    figure.legend(
        handles=handles,
        loc="outside lower center" if is_below else "outside right upper",
        ncols=_n_fitting(handles, figure.get_figwidth()) if is_below else 1,
        fontsize=9,
    )


def _n_fitting(handles: Sequence[Line2D], width_inches: float) -> int:
    """How many entries of a legend stand side by side in so many inches, at least one."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    # A letter of 9 pt is about 0.075 inches wide, a marker with its gaps half an inch.
    return columns_of(len(handles), max(1, int(width_inches / (0.075 * longest + 0.5))))


def columns_of(n: int, most: int) -> int:
    """Columns, at most so many, that give the fewest rows, and of these the fewest columns."""
    return ceil(n / ceil(n / most))


def figure_name(*parts: str) -> str:
    """A file name, safe in links, from a kind of figure and names of scene, split and method."""
    plain = "-".join(parts).replace("%", "pct")
    return re.sub(r"[^\w.+-]+", "-", plain, flags=re.ASCII).strip("-.")
