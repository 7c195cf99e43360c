"""Scores over seeds as texts of a table: aligned, with the best in bold."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from hsidiff.amounts import MINUS, PLUS_MINUS, UNKNOWN
from hsidiff.evaluation.comparison import Spread
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
    texts: list[list[str]] = [[] for _ in measured]
    for col, column in enumerate(by_column):
        known = [score for score in column if score is not None]
        widths = (_width(one.mean for one in known), _width(one.deviation for one in known))
        for row, score in enumerate(column):
            if score is None:
                texts[row].append(UNKNOWN)
                continue
            is_best = _rounded(score) == best[row if compared == "in rows" else col]
            lowest = -1.0 if row == kappa_row else 0.0
            text = _aligned(score, widths) + (_interval(score, lowest) if is_best else "")
            text += f" (n = {score.n})" if score.n < n_seeds else ""
            texts[row].append(Bold(text) if is_best else text)
    return texts


def _best_of(group: Sequence[Spread | None]) -> float:
    """The best mean of a group as it is shown; NaN, which equals nothing, if none competes."""
    means = [_rounded(score) for score in group if score is not None]
    return max(means) if len(means) > 1 else math.nan


def _rounded(score: Spread) -> float:
    return round(100 * score.mean, 2)


def _width(fractions: Iterable[float | None]) -> int:
    return max((len(percent_text(x)) for x in fractions if x is not None), default=0)


def _aligned(score: Spread, widths: tuple[int, int]) -> str:
    text = percent_text(score.mean).rjust(widths[0], FIGURE_SPACE)
    if score.deviation is None:
        return text
    return f"{text} {PLUS_MINUS} {percent_text(score.deviation).rjust(widths[1], FIGURE_SPACE)}"


def _interval(score: Spread, lowest: float) -> str:
    if score.low is None or score.high is None:
        return ""
    return f" [{percent_text(max(score.low, lowest))}, {percent_text(min(score.high, 1.0))}]"


def percent_text(fraction: float) -> str:
    """A fraction in per cent with two decimals, without the sign of per cent."""
    return f"{100 * fraction:.2f}".replace("-", MINUS)


def mean_text(score: Spread | None, digits: int = 2) -> str:
    """Mean and deviation in per cent, where nothing competes."""
    if score is None:
        return UNKNOWN
    deviation = (
        "" if score.deviation is None else f" {PLUS_MINUS} {100 * score.deviation:.{digits}f}"
    )
    return f"{100 * score.mean:.{digits}f}{deviation}"


def numbers_of(score: Spread | None) -> dict[str, Any]:
    """A spread as columns of a CSV file, fractions; empty where there is none."""
    numbers = {name: getattr(score, name, None) for name in ("mean", "deviation", "low", "high")}
    return {"n_seeds": 0 if score is None else score.n, **numbers}
