"""Scores over seeds as texts of a table: aligned, with the best in bold."""

import math
from collections.abc import Sequence
from typing import Any, Literal

from hsidiff.evaluation.comparison import Spread
from hsidiff.report.amounts import MINUS, PLUS_MINUS, UNKNOWN
from hsidiff.report.blocks import Bold
from hsidiff.report.tables.table import FIGURE_SPACE

Measured = Sequence[Sequence[Spread | None]]
"""Rows of scores, as fractions."""


def score_texts(
    measured: Measured,
    compared: Literal["in rows", "in columns"],
    n_seeds: int,
    kappa_row: int | None = None,
) -> list[list[str]]:
    """Scores in per cent, aligned by column; the best is bold and shows its interval.

    The interval of few seeds may reach beyond what a score can be: it is cut there. CSV files hold
    it uncut.

    Args:
        measured: accuracies, which lie in 0..1.
        compared: whether the scores of a row, or those of a column, compete.
        n_seeds: number of seeds of the experiment; a mean over fewer says so.
        kappa_row: the row that holds kappa, which lies in -1..1; None if no row does.
    """
    by_column = list(zip(*measured, strict=True))
    best = [_best_of(group) for group in (measured if compared == "in rows" else by_column)]
    widths = [_widths(column) for column in by_column]
    return [
        [
            _text(
                score,
                best[row if compared == "in rows" else col],
                widths[col],
                n_seeds,
                -1.0 if row == kappa_row else 0.0,
            )
            for col, score in enumerate(scores)
        ]
        for row, scores in enumerate(measured)
    ]


def _best_of(group: Sequence[Spread | None]) -> float:
    """The best mean of a group as it is shown; NaN, which equals nothing, if none competes."""
    means = [_rounded(score) for score in group if score is not None]
    return max(means) if len(means) > 1 else math.nan


def _rounded(score: Spread) -> float:
    return round(100 * score.mean, 2)


def _widths(column: Sequence[Spread | None]) -> tuple[int, int]:
    """The most characters of a mean and of a deviation in a column."""
    known = [score for score in column if score is not None]
    means = [len(percent_text(score.mean)) for score in known]
    deviations = [len(percent_text(s.deviation)) for s in known if s.deviation is not None]
    return max(means, default=0), max(deviations, default=0)


def _text(
    score: Spread | None, best: float, widths: tuple[int, int], n_seeds: int, lowest: float
) -> str:
    if score is None:
        return UNKNOWN
    text = percent_text(score.mean).rjust(widths[0], FIGURE_SPACE)
    if score.deviation is not None:
        deviation = percent_text(score.deviation).rjust(widths[1], FIGURE_SPACE)
        text += f" {PLUS_MINUS} {deviation}"
    is_best = _rounded(score) == best
    if is_best and score.low is not None and score.high is not None:
        low, high = max(score.low, lowest), min(score.high, 1.0)
        text += f" [{percent_text(low)}, {percent_text(high)}]"
    if score.n < n_seeds:
        text += f" (n = {score.n})"
    return Bold(text) if is_best else text


def percent_text(fraction: float) -> str:
    """A fraction in per cent with two decimals, without the sign of per cent."""
    return f"{100 * fraction:.2f}".replace("-", MINUS)


def mean_text(score: Spread | None, n_decimals: int = 2) -> str:
    """Mean and deviation in per cent, where nothing competes."""
    if score is None:
        return UNKNOWN
    after = (
        "" if score.deviation is None else f" {PLUS_MINUS} {100 * score.deviation:.{n_decimals}f}"
    )
    return f"{100 * score.mean:.{n_decimals}f}{after}"


def numbers_of(score: Spread | None) -> dict[str, Any]:
    """A spread as columns of a CSV file, fractions; empty where there is none."""
    names = ("mean", "deviation", "low", "high")
    return {"n_seeds": 0 if score is None else score.n} | {
        name: getattr(score, name, None) for name in names
    }
