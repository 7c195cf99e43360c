"""Matrices of an experiment: what is taken for what, and which method beats which."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from hsidiff.evaluation.comparison import PairedDifference
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.labels.label_map import LandClass
from hsidiff.report.drawing import Drawing, figure_name, look, new_figure, panels
from hsidiff.report.elements import NONE, UNKNOWN
from hsidiff.report.matrix import MatrixCell, draw_cells
from hsidiff.report.style import RIGHT, WRONG

CELL_INCHES = 0.37
LETTER_INCHES = 0.078
LONGEST_NAME = 30
# A difference of this many points has the full colour.
FULL_COLOR_POINTS = 30.0
_MINUS, _TRACE = "\N{MINUS SIGN}", "<1"


def confusion_drawings(folder: ExperimentFolder, scene: str, split: str) -> Iterator[Drawing]:
    """The confusion matrix of each method that has a finished cell."""
    for label in folder.methods:
        cells = [c for c in folder.of(scene, split, label) if c.result.get("confusion_matrix")]
        if cells:
            yield draw_confusion(cells, folder.classes_of(scene))


def row_shares(cells: Sequence[Cell]) -> np.ndarray:
    """Confusion matrix of all seeds together as shares of the test pixels of each true class.

    Pixels that are mapped as no class count in the total: their share is missing from the row.

    Returns:
        (n_classes, n_classes) float, truth in rows; NaN in the row of a class without test pixels.
    """
    counts = np.sum([cell.result["confusion_matrix"] for cell in cells], axis=0)
    n_test = np.sum(
        [[entry["n_test"] for entry in cell.result["per_class"]] for cell in cells], axis=0
    )
    shares: np.ndarray = counts / np.where(n_test > 0, n_test, np.nan)[:, None]
    return shares


def draw_confusion(cells: Sequence[Cell], classes: Sequence[LandClass]) -> Drawing:
    """What one method takes for what on one split, all its seeds together."""
    first = cells[0]
    shares = row_shares(cells)
    names = [f"{c.name[:LONGEST_NAME]}  {c.id}" for c in classes]
    side = CELL_INCHES * len(classes)
    width = side + LETTER_INCHES * max(len(name) for name in names) + 0.5
    with look():
        figure = new_figure(max(width, 3.8), side + 0.95)
        _draw_shares(panels(figure, 1, 1)[0], shares, names, [str(c.id) for c in classes])
        title = f"{first.method}, {first.split}: % of each true class"
        figure.suptitle(title, x=0.02, ha="left", fontsize=10)
    return Drawing(
        figure_name("confusion", first.scene, first.split, first.method),
        figure,
        f"Confusion matrix of {first.method} on {first.scene}, split {first.split}, "
        f"{len(cells)} seeds together. {_confusion_in_words(shares, classes)}",
        "Each row is a true class and sums to 100 %, unless pixels were mapped as no class. "
        f"Blue is right, orange is wrong. {NONE} is no pixel, {_TRACE} are fewer than 0.5 %.",
    )


def _draw_shares(axes: Axes, shares: np.ndarray, rows: list[str], cols: list[str]) -> None:
    cells = {}
    for row, col in np.ndindex(shares.shape):
        share = float(np.nan_to_num(shares[row, col]))
        color = RIGHT if row == col else WRONG
        cells[row, col] = MatrixCell(_whole_percent(share), share, color)
    draw_cells(axes, cells, len(rows))
    axes.set_xticks(range(len(cols)), cols)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel("the map says", fontsize=9)


def _confusion_in_words(shares: np.ndarray, classes: Sequence[LandClass]) -> str:
    """Right shares of all classes, and the three commonest confusions."""
    known = [i for i in range(len(classes)) if not np.isnan(shares[i, i])]
    right = ", ".join(f"{classes[i].name} {100 * shares[i, i]:.0f} %" for i in known)
    wrong = np.where(np.eye(len(classes), dtype=bool) | np.isnan(shares), 0, shares)
    largest = [divmod(int(i), len(classes)) for i in np.argsort(wrong, axis=None)[::-1][:3]]
    confused = [
        f"{classes[row].name} as {classes[col].name} {100 * wrong[row, col]:.0f} %"
        for row, col in largest
        if wrong[row, col] > 0
    ]
    sentence = f"Right: {right}."
    return sentence + (f" Most confused: {', '.join(confused)}." if confused else "")


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
    side, margin = 0.56 * len(shown), LETTER_INCHES * max(len(label) for label in shown)
    with look():
        # The names above lean by 40 degrees: they take about 0.6 of their length.
        figure = new_figure(max(side + 1.8 * margin, 4.6), side + 0.62 * margin + 0.5)
        axes = panels(figure, 1, 1)[0]
        cells = {
            (row, col): _difference_cell(_directed(differences, first, second))
            for row, first in enumerate(shown)
            for col, second in enumerate(shown)
            if row != col
        }
        draw_cells(axes, cells, len(shown))
        axes.set_xticks(range(len(shown)), shown, rotation=40, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(len(shown)), shown)
        title = f"{split}: row minus column, points of overall accuracy"
        figure.suptitle(title, x=0.02, ha="left", fontsize=10)
    return Drawing(
        figure_name("differences", scene, split),
        figure,
        f"Differences of overall accuracy on {scene}, split {split}. "
        + _differences_in_words(shown, differences),
        "Points of overall accuracy by which the method of the row is better (blue) or worse "
        "(orange) than that of the column, on the same test pixels. Bold with a frame: the 95 % "
        "interval, from drawing whole fields or blocks of the ground again and again, does not "
        "hold 0.",
    )


def _directed(
    differences: Mapping[tuple[str, str], PairedDifference], first: str, second: str
) -> tuple[float, bool] | None:
    """Points by which ``first`` is better than ``second``, and whether that is sure."""
    for pair, sign in (((first, second), 1), ((second, first), -1)):
        if pair in differences:
            found = differences[pair]
            return 100 * sign * found.difference, is_sure(found)
    return None


def is_sure(found: PairedDifference) -> bool:
    """Whether the interval of a difference leaves 0 out."""
    return found.low is not None and found.high is not None and not found.low <= 0 <= found.high


def _difference_cell(found: tuple[float, bool] | None) -> MatrixCell:
    if found is None:
        return MatrixCell(UNKNOWN)
    points, sure = found
    share = min(abs(points) / FULL_COLOR_POINTS, 1.0)
    # The eye must not see in an unsure difference what the test does not.
    strength = share if sure else share / 4
    return MatrixCell(_signed(points), strength, RIGHT if points > 0 else WRONG, sure)


def _differences_in_words(
    shown: Sequence[str], differences: Mapping[tuple[str, str], PairedDifference]
) -> str:
    sure: list[str] = []
    unsure: list[str] = []
    for place, first in enumerate(shown):
        for second in shown[place + 1 :]:
            found = _directed(differences, first, second)
            if found is not None:
                words = f"{first} minus {second} {_signed(found[0])}"
                (sure if found[1] else unsure).append(words)
    sentences = []
    if sure:
        sentences.append(f"The interval leaves 0 out: {', '.join(sure)}.")
    if unsure:
        sentences.append(f"The interval holds 0: {', '.join(unsure)}.")
    return " ".join(sentences)


def _whole_percent(share: float) -> str:
    """Whole per cent; what is nothing, and what only rounds to nothing, is told apart."""
    if share == 0:
        return NONE
    return f"{100 * share:.0f}" if share >= 0.005 else _TRACE


def _signed(points: float) -> str:
    if round(points, 1) == 0:
        return "0.0"
    return f"{points:+.1f}".replace("-", _MINUS)
