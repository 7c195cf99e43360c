"""Matrices of coloured squares: what is taken for what, and which method beats which."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from hsidiff.evaluation.comparison import PairedDifference
from hsidiff.labels.label_map import LandClass
from hsidiff.report.amounts import NO_PIXEL, UNKNOWN, count, signed
from hsidiff.report.drawing import Drawing, figure_name, look, new_figure, panels
from hsidiff.report.style import INK, MUTED, RIGHT, WRONG, shade

CELL_INCHES, LETTER_INCHES, LONGEST_NAME = 0.37, 0.078, 30
# A difference of this many points has the full colour.
FULL_COLOR_POINTS = 30.0
_VERY_LITTLE = "<1"
_MARGIN: dict[str, Any] = {"fontsize": 8, "color": MUTED, "in_layout": False, "va": "center"}


class Square(NamedTuple):
    """One square of a matrix: its text, how strong its colour is (0 to 1), and in which it is."""

    text: str
    share: float = 0.0
    color: tuple[int, int, int] = RIGHT
    is_framed: bool = False


def draw_squares(axes: Axes, squares: Mapping[tuple[int, int], Square], n: int) -> None:
    """Draw the squares (row, col) of a matrix of n rows and n columns."""
    shades = {place: shade(square.share, square.color) for place, square in squares.items()}
    _add_boxes(axes, list(squares), 0.5, [color for color, _ in shades.values()], "white")
    _add_boxes(axes, [place for place, one in squares.items() if one.is_framed], 0.46, "none", INK)
    for (row, col), square in squares.items():
        weight = "bold" if square.is_framed else "normal"
        axes.text(col, row, square.text, ha="center", va="center", fontsize=9, in_layout=False,
                  color=shades[row, col][1], fontweight=weight)  # fmt: skip
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _add_boxes(
    axes: Axes, places: list[tuple[int, int]], half: float, colors: str | list[str], edge: str
) -> None:
    corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    boxes = [np.add(corners, (col, row)) for row, col in places]
    artist = PolyCollection(boxes, facecolors=colors, edgecolors=edge, linewidths=1)
    axes.add_collection(artist, autolim=False)


def row_shares(counts: np.ndarray, n_test: np.ndarray) -> np.ndarray:
    """A confusion matrix as shares of the test pixels of each true class.

    Pixels that are mapped as no class count in the total: their share is missing from the row.

    Args:
        counts: (n_classes, n_classes) int, truth in rows.
        n_test: (n_classes,) int, test pixels of each class.

    Returns:
        (n_classes, n_classes) float; NaN in the row of a class without test pixels.
    """
    shares: np.ndarray = counts / np.where(n_test > 0, n_test, np.nan)[:, None]
    return shares


def draw_confusion(
    names: tuple[str, ...],
    about: str,
    classes: Sequence[LandClass],
    counts: np.ndarray,
    n_test: np.ndarray,
) -> Drawing:
    """What is taken for what: per cent of each true class, and pixels in the margins.

    Args:
        names: what the file is named by, after ``confusion``.
        about: whose matrix it is.
        classes: the classes, in the order of the rows.
        counts: (n_classes, n_classes) int, truth in rows.
        n_test: (n_classes,) int, test pixels of each class.
    """
    n, shares = len(classes), row_shares(counts, n_test)
    rows = [f"{c.name[:LONGEST_NAME]}  {c.id}" for c in classes]
    width = CELL_INCHES * (n + 2) + LETTER_INCHES * max(map(len, rows)) + 0.5
    known = np.nan_to_num(shares)
    squares = {
        (row, col): Square(_whole_percent(share), share, RIGHT if row == col else WRONG)
        for (row, col), share in np.ndenumerate(known)
    }
    with look():
        figure = new_figure(max(width, 4.4), CELL_INCHES * (n + 1) + 1)
        axes = panels(figure, 1, 1)[0]
        draw_squares(axes, squares, n)
        _draw_margins(axes, counts.sum(axis=0), n_test)
        axes.set_xticks(range(n), [str(c.id) for c in classes])
        axes.set_yticks(range(n), rows)
        axes.set_xlabel("the map says", fontsize=9)
        figure.suptitle(f"{about}: % of each true class", x=0.02, ha="left", fontsize=10)
    empty = "" if (n_test > 0).all() else " An outlined row has no test pixel."
    return Drawing(
        figure_name("confusion", *names),
        figure,
        f"Confusion matrix of {' on '.join(names[::-1])}. {_confusion_in_words(shares, classes)}",
        "Each row is a true class and sums to 100 %, unless pixels were mapped as no class. Beside "
        "it stand its test pixels, below a column those that are mapped as its class. "
        f"Blue is right, orange is wrong. {NO_PIXEL} is no pixel, {_VERY_LITTLE} are fewer than "
        f"0.5 %.{empty}",
    )


def _draw_margins(axes: Axes, mapped: np.ndarray, n_test: np.ndarray) -> None:
    n = len(n_test)
    for row, n_pixels in enumerate([*n_test, n_test.sum()]):
        axes.text(n + 0.9, row, count(int(n_pixels)), ha="right", **_MARGIN)
    axes.text(n + 0.9, -0.9, "pixels", ha="right", **_MARGIN)
    # Numbers that are wider than their column stand upright.
    turned = {"rotation": 90, "va": "top"} if mapped.max() >= 1000 else {}
    for col, n_pixels in enumerate(mapped):
        style = _MARGIN | {"ha": "center"} | turned
        axes.text(col, n - 0.35 if turned else n, count(int(n_pixels)), **style)
    empty = [(int(row), col) for row in np.flatnonzero(n_test == 0) for col in range(n)]
    _add_boxes(axes, empty, 0.46, "none", MUTED)
    axes.set(xlim=(-0.5, n + 0.9), ylim=(n + (0.9 if turned else 0.4), -0.5))


def _confusion_in_words(shares: np.ndarray, classes: Sequence[LandClass]) -> str:
    right = ", ".join(
        f"{c.name} {100 * share:.0f} %"
        for c, share in zip(classes, shares.diagonal(), strict=True)
        if not np.isnan(share)
    )
    wrong = np.where(np.eye(len(classes), dtype=bool) | np.isnan(shares), 0, shares)
    largest = [np.unravel_index(i, wrong.shape) for i in np.argsort(wrong, axis=None)[:-4:-1]]
    confused = ", ".join(
        f"{classes[row].name} as {classes[col].name} {100 * wrong[row, col]:.0f} %"
        for row, col in largest
        if wrong[row, col] > 0
    )
    return f"Right: {right}." + (f" Most confused: {confused}." if confused else "")


def _whole_percent(share: float) -> str:
    # What is nothing, and what only rounds to nothing, is told apart.
    if share == 0:
        return NO_PIXEL
    return f"{100 * share:.0f}" if share >= 0.005 else _VERY_LITTLE


def draw_differences(
    scene: str,
    split: str,
    labels: Sequence[str],
    differences: Mapping[tuple[str, str], PairedDifference],
) -> Drawing | None:
    """Difference of overall accuracy of each pair of methods, and which ones are sure.

    Args:
        scene: its name.
        split: its name.
        labels: the methods, in order.
        differences: of (first, second), in either order of a pair; a pair may be missing.

    Returns:
        None if no pair was compared.
    """
    shown = [label for label in labels if any(label in pair for pair in differences)]
    if not shown:
        return None
    known = {pair: _points_and_sureness(one) for pair, one in differences.items()}
    both = known | {(b, a): (-points, is_sure) for (a, b), (points, is_sure) in known.items()}
    squares = {
        (row, col): _difference_square(*both.get((first, second), (None, False)))
        for row, first in enumerate(shown)
        for col, second in enumerate(shown)
        if row != col
    }
    n, margin = len(shown), LETTER_INCHES * max(len(label) for label in shown)
    with look():
        # The names above lean by 40 degrees: they take about 0.6 of their length.
        figure = new_figure(max(0.56 * n + 1.8 * margin, 4.6), 0.56 * n + 0.62 * margin + 0.5)
        axes = panels(figure, 1, 1)[0]
        draw_squares(axes, squares, n)
        axes.set_xticks(range(n), shown, rotation=40, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(n), shown)
        title = f"{split}: row minus column, points of overall accuracy"
        figure.suptitle(title, x=0.02, ha="left", fontsize=10)
    return Drawing(
        figure_name("differences", scene, split),
        figure,
        f"Differences of overall accuracy on {scene}, split {split}. {_pairs_in_words(known)}",
        "Points of overall accuracy by which the method of the row is better (blue) or worse "
        "(orange) than that of the column, on the same test pixels. Bold with a frame: the 95 % "
        "interval, from drawing whole fields or blocks of the ground again and again, does not "
        "hold 0.",
    )


def _points_and_sureness(one: PairedDifference) -> tuple[float, bool]:
    """Points by which the first is better, and whether the interval leaves 0 out."""
    is_sure = one.low is not None and one.high is not None and not one.low <= 0 <= one.high
    return 100 * one.difference, is_sure


def _difference_square(points: float | None, is_sure: bool) -> Square:
    if points is None:
        return Square(UNKNOWN)
    # The eye must not see in an unsure difference what the test does not.
    strength = min(abs(points) / FULL_COLOR_POINTS, 1.0) / (1 if is_sure else 4)
    return Square(signed(points), strength, RIGHT if points > 0 else WRONG, is_sure)


def _pairs_in_words(known: Mapping[tuple[str, str], tuple[float, bool]]) -> str:
    sentences = []
    for wanted, words in ((True, "The interval leaves 0 out"), (False, "The interval holds 0")):
        pairs = [
            f"{first} minus {second} {signed(points)}"
            for (first, second), (points, is_sure) in known.items()
            if is_sure == wanted
        ]
        sentences += [f"{words}: {', '.join(pairs)}."] if pairs else []
    return " ".join(sentences)
