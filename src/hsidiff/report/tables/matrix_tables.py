"""Matrices of coloured cells: what is taken for what, and which method beats which."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hsidiff.amounts import NO_PIXEL, UNKNOWN, count, percent_number, signed
from hsidiff.evaluation.comparison import PairedDifference
from hsidiff.experiment.pairwise import MethodPair
from hsidiff.labels.label_map import LandClass
from hsidiff.report.blocks import Bold
from hsidiff.report.style import MUTED, RIGHT, WRONG, shade
from hsidiff.report.tables.table import Table, columns, file_stem

# A difference of this many points has the full colour.
FULL_COLOR_POINTS = 30.0
_OUTLINED = f"outline:1px solid {MUTED};outline-offset:-3px"
_VERY_LITTLE = "<1"


def row_shares(counts: np.ndarray, n_test: np.ndarray) -> np.ndarray:
    """A confusion matrix (n_classes, n_classes), truth in rows, as shares of ``n_test``.

    ``n_test``, (n_classes,), are the test pixels. Those mapped as no class count in the total, so
    their share is missing from the row. The row of a class without test pixels is NaN.
    """
    shares: np.ndarray = counts / np.where(n_test > 0, n_test, np.nan)[:, None]
    return shares


def confusion_table(
    place: tuple[str, str],
    label: str,
    classes: Sequence[LandClass],
    counts: np.ndarray,
    n_test: np.ndarray,
) -> Table:
    """What a method takes for what: per cent of each true class, and pixels in the margins.

    ``place`` is scene and split; ``counts`` and ``n_test`` are those of :func:`row_shares`, in the
    order of the classes.
    """
    rows, styles = [], []
    for row, shares in enumerate(row_shares(counts, n_test)):
        cells = [_whole_percent(share) for share in shares]
        n_of_class = int(n_test[row])
        right = percent_number(counts[row, row] / n_of_class if n_of_class else None)
        rows.append([f"{classes[row].id} {classes[row].name}", *cells, count(n_of_class), right])
        colors = [RIGHT if row == col else WRONG for col in range(len(classes))]
        pairs = zip(shares, colors, strict=True)
        styles.append(["", *(_OUTLINED if np.isnan(x) else shade(x, c) for x, c in pairs), "", ""])
    n_mapped, n_right, n_all = counts.sum(axis=0), np.diag(counts), int(n_test.sum())
    rows.append(["mapped px", *(count(int(n)) for n in n_mapped), count(n_all), ""])
    users = [percent_number(k / n if n else None) for k, n in zip(n_right, n_mapped, strict=True)]
    overall = percent_number(n_right.sum() / n_all if n_all else None)
    rows.append(["user's accuracy, %", *users, "", overall])
    names = [f"{land_class.id} {land_class.name}" for land_class in classes]
    labels = [land_class.name for land_class in classes]
    return Table(
        name=file_stem("confusion", *place, label),
        title=f"{', '.join(filter(None, place))}: what {label} takes for what",
        columns=columns(["truth ↓ map →"], [*names, "test px", "producer's accuracy, %"]),
        rows=rows,
        numbers=pd.DataFrame(counts, pd.Index(labels, name="truth"), labels).reset_index(
            allow_duplicates=True  # a class may have any name
        ),
        notes=(
            "In per cent of the test pixels of each true class, a row each; one that falls short "
            "of 100 has pixels mapped as no class. Blue is right, orange is wrong. "
            f"{NO_PIXEL} is no pixel, {_VERY_LITTLE} are fewer than 0.5 %. Producer's "
            "accuracy: the share of a class's test pixels that the map has right; user's "
            "accuracy: the share of the test pixels mapped as a class that are of it; in the "
            "corner, overall accuracy.",
        ),
        rule_before=len(classes),
        styles=styles,
        place=place,
    )


def _whole_percent(share: float) -> str:
    # What is nothing, and what only rounds to nothing, is told apart.
    if share < 0.005:
        return _VERY_LITTLE if share > 0 else NO_PIXEL
    return NO_PIXEL if np.isnan(share) else f"{100 * share:.0f}"


def differences_table(
    scene: str, split: str, labels: Sequence[str], pairs: Sequence[MethodPair]
) -> Table:
    """Difference of overall accuracy of each pair of methods, and which ones are sure."""
    shown = [label for label in labels if any(label in (p.first, p.second) for p in pairs)]
    known = {(p.first, p.second): _points_and_sureness(p.bootstrap) for p in pairs}
    known |= {(b, a): (-points, is_sure) for (a, b), (points, is_sure) in known.items()}
    cells = [[_difference(known.get((a, b)), a == b) for b in shown] for a in shown]
    return Table(
        name=file_stem("differences", scene, split),
        title=f"{scene}, {split}: differences of overall accuracy",
        columns=columns(["row minus column"], shown),
        rows=[[label, *(text for text, _ in row)] for label, row in zip(shown, cells, strict=True)],
        notes=(
            "Points of overall accuracy by which the method of the row is better (blue) or worse "
            "(orange) than that of the column, on the same test pixels. Bold: the 95 % interval, "
            "from drawing whole fields or blocks of the ground again and again, does not hold 0.",
        ),
        numbers=pd.DataFrame(
            [{"row": a, "column": b, "points": points} for (a, b), (points, _) in known.items()]
        ),
        styles=[["", *(style for _, style in row)] for row in cells],
        place=(scene, split),
    )


def _points_and_sureness(one: PairedDifference) -> tuple[float, bool]:
    is_sure = one.low is not None and one.high is not None and not one.low <= 0 <= one.high
    return 100 * one.difference, is_sure


def _difference(known: tuple[float, bool] | None, is_same: bool) -> tuple[str, str]:
    if known is None:
        return "" if is_same else UNKNOWN, ""
    points, is_sure = known
    # The eye must not see in an unsure difference what the test does not.
    strength = min(abs(points) / FULL_COLOR_POINTS, 1.0) / (1 if is_sure else 4)
    text = signed(points)
    return Bold(text) if is_sure else text, shade(strength, RIGHT if points > 0 else WRONG)
