"""Scores over seeds as entries of a table: aligned, with the best in bold."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from hsidiff.evaluation.comparison import Spread
from hsidiff.report.tables.formats import FIGURE_SPACE, PLUS_MINUS, UNKNOWN, Entry


def score_entries(
    measured: Sequence[Sequence[Spread | None]],
    compared: Literal["in rows", "in columns"],
    n_seeds: int,
    kappa_row: int | None = None,
) -> list[list[Entry]]:
    """Scores as text in per cent, aligned by column; the best is bold and shows its interval.

    The interval of few seeds may reach beyond what a score can be: it is cut there. CSV files hold
    it uncut.

    Args:
        measured: rows of scores, as fractions; accuracies, which lie in 0..1.
        compared: whether the scores of a row, or those of a column, compete.
        n_seeds: number of seeds of the experiment; a mean over fewer says so.
        kappa_row: the row that holds kappa, which lies in -1..1; None if no row does.
    """
    columns = list(zip(*measured, strict=True))
    groups = measured if compared == "in rows" else columns
    best = [_best_of(group) for group in groups]
    widths = [_widths(column) for column in columns]
    return [
        [
            _entry(
                _cut(found, -1.0 if r == kappa_row else 0.0),
                best[r if compared == "in rows" else c],
                widths[c],
                n_seeds,
            )
            for c, found in enumerate(row)
        ]
        for r, row in enumerate(measured)
    ]


def _cut(found: Spread | None, lowest: float) -> Spread | None:
    """The same with an interval that ends where scores end: at ``lowest`` and at 1."""
    if found is None or found.low is None or found.high is None:
        return found
    return replace(found, low=max(found.low, lowest), high=min(found.high, 1.0))


def _best_of(group: Sequence[Spread | None]) -> float:
    """The best mean of a group as it is shown; NaN, which equals nothing, if none competes."""
    means = [_rounded(found) for found in group if found is not None]
    return max(means) if len(means) > 1 else math.nan


def _rounded(found: Spread) -> float:
    return round(100 * found.mean, 2)


def _widths(column: Sequence[Spread | None]) -> tuple[int, int]:
    """The most characters of a mean and of a deviation in a column."""
    found = [entry for entry in column if entry is not None]
    means = [len(percent_text(entry.mean)) for entry in found]
    deviations = [len(percent_text(e.deviation)) for e in found if e.deviation is not None]
    return max(means, default=0), max(deviations, default=0)


def _entry(found: Spread | None, best: float, widths: tuple[int, int], n_seeds: int) -> Entry:
    if found is None:
        return Entry(UNKNOWN)
    is_best = _rounded(found) == best
    mean_width, deviation_width = widths
    text, after = percent_text(found.mean), ""
    before = FIGURE_SPACE * (mean_width - len(text))
    if found.deviation is not None:
        text += (
            f" {PLUS_MINUS} {percent_text(found.deviation).rjust(deviation_width, FIGURE_SPACE)}"
        )
    if is_best and found.low is not None and found.high is not None:
        after = f" [{percent_text(found.low)}, {percent_text(found.high)}]"
    if found.n < n_seeds:
        after += f" (n = {found.n})"
    return Entry(text, bold=is_best, before=before, after=after)


def percent_text(fraction: float) -> str:
    """A fraction in per cent with two decimals, without the sign of per cent."""
    return f"{100 * fraction:.2f}".replace("-", "\N{MINUS SIGN}")


def mean_entry(found: Spread | None, n_decimals: int = 2) -> Entry:
    """Mean and deviation in per cent, where nothing competes."""
    if found is None:
        return Entry(UNKNOWN)
    text = f"{100 * found.mean:.{n_decimals}f}"
    if found.deviation is not None:
        text += f" {PLUS_MINUS} {100 * found.deviation:.{n_decimals}f}"
    return Entry(text)


def numbers_of(found: Spread | None) -> dict[str, Any]:
    """A spread as columns of a CSV file, fractions; empty where there is none."""
    if found is None:
        return {"n_seeds": 0, "mean": None, "deviation": None, "low": None, "high": None}
    return {
        "n_seeds": found.n,
        "mean": found.mean,
        "deviation": found.deviation,
        "low": found.low,
        "high": found.high,
    }
