"""Tables of an accuracy assessment: error matrix, accuracies of the classes, their areas."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hsidiff.amounts import UNKNOWN, count, decimal, in_hectares, percent, percent_number
from hsidiff.assessment.areas import AdjustedArea, ClassArea
from hsidiff.assessment.assess import Assessment
from hsidiff.assessment.intervals import Estimate
from hsidiff.report.style import RIGHT, WRONG, shade
from hsidiff.report.tables.table import Column, Table, columns

NOT_MAPPED = "not mapped"


def with_interval(estimate: Estimate | None) -> str:
    """A share in per cent, with its interval."""
    if estimate is None:
        return UNKNOWN
    ends = f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"
    return f"{percent(estimate.value)} ({ends})"


def error_matrix_table(assessment: Assessment) -> Table:
    """Samples by class of the map (rows) and reference class (columns), with totals."""
    counts = _shown_rows(assessment.counts)
    rows = [
        [name, *(count(int(n)) for n in of_row), count(int(of_row.sum())), users]
        for name, of_row, users in zip(
            _row_names(assessment, counts), counts, _users(assessment, counts), strict=True
        )
    ]
    totals = counts.sum(axis=0)
    producers = [_short(entry.producers_accuracy) for entry in assessment.per_class]
    overall = _short(assessment.overall_accuracy)
    rows.append(["total", *(count(int(n)) for n in totals), count(assessment.n_scored), ""])
    rows.append(["producer's accuracy, %", *producers, "", overall])
    return Table(
        name="error-matrix",
        title="Error matrix",
        columns=_matrix_columns(assessment, ["total", "user's accuracy, %"]),
        rows=rows,
        numbers=_numbers(assessment, counts),
        notes=(
            "Samples by class of the map (rows) and reference class (columns, numbered as the "
            "rows). Bottom right is the overall accuracy. Blue is right, orange is wrong.",
        ),
        rule_before=len(counts),
        styles=_styles(counts, n_further=2),
    )


def share_matrix_table(assessment: Assessment) -> Table | None:
    """The error matrix as estimated per cent of the area; None without a design."""
    if assessment.shares is None:
        return None
    shares = _shown_rows(assessment.shares, assessment.counts)
    rows = [
        [name, *(_area_percent(x) for x in of_row), _area_percent(of_row.sum())]
        for name, of_row in zip(_row_names(assessment, shares), shares, strict=True)
    ]
    totals = [_area_percent(x) for x in shares.sum(axis=0)]
    rows.append(["total", *totals, _area_percent(shares.sum())])
    return Table(
        name="error-matrix-shares",
        title="Error matrix as per cent of the area",
        columns=_matrix_columns(assessment, ["total"]),
        rows=rows,
        numbers=_numbers(assessment, shares),
        notes=(
            "Estimated from the sample by its design; the total of a column is the area of the "
            "class on the ground.",
        ),
        rule_before=len(shares),
        styles=_styles(shares, n_further=1),
    )


def accuracy_table(assessment: Assessment) -> Table:
    """User's and producer's accuracy and F1 of each class, with 95 % intervals."""
    rows, numbers = [], []
    for entry in assessment.per_class:
        c = entry.land_class
        rows.append(
            [
                f"{c.id} {c.name}",
                with_interval(entry.users_accuracy),
                with_interval(entry.producers_accuracy),
                decimal(entry.f1),
                count(entry.n_mapped),
                count(entry.n_reference),
            ]
        )
        numbers.append(
            {
                "id": c.id,
                "class": c.name,
                "n_mapped": entry.n_mapped,
                "n_reference": entry.n_reference,
                **_columns_of("users_accuracy", entry.users_accuracy),
                **_columns_of("producers_accuracy", entry.producers_accuracy),
                "f1": entry.f1,
            }
        )
    return Table(
        name="classes",
        title="Accuracy of the classes",
        columns=columns(
            ["class"],
            ["user's accuracy", "producer's accuracy", "F1", "mapped", "reference"],
        ),
        rows=rows,
        numbers=pd.DataFrame(numbers),
        notes=(
            "In brackets the 95 % interval. User's accuracy: of what the map shows as the class, "
            "the share that is it. Producer's accuracy: of the class, the share that the map shows "
            "as it. Mapped, reference: samples.",
        ),
    )


def area_table(areas: Sequence[ClassArea], adjusted: Sequence[AdjustedArea] | None = None) -> Table:
    """Pixels and hectares of each class of a map and, from a sample, its adjusted area."""
    total = sum(area.pixels for area in areas)
    has_hectares = any(area.hectares is not None for area in areas)
    rows, numbers = [], []
    for place, area in enumerate(areas):
        row, known = [f"{area.id} {area.name}"], area.to_json()
        if adjusted is not None:
            estimate = None  # of what the map left undecided
            if place < len(adjusted):
                estimate = adjusted[place].hectares or adjusted[place].pixels
            unit = "pixels" if adjusted[0].hectares is None else "hectares"
            row.append(_area_with_interval(estimate))
            known |= _columns_of(f"adjusted_{unit}", estimate)
        row += [in_hectares(area.hectares)] if has_hectares else []
        row += [count(area.pixels), percent(area.pixels / total if total else None)]
        rows.append(row)
        numbers.append(known)
    heads = ["adjusted area (95 % interval)"] if adjusted is not None else []
    counted = ["hectares"] * has_hectares + ["pixels", "share"]
    # Beside the adjusted area nobody shall take the map's own for it.
    heads += counted if adjusted is None else [f"{name} in the map" for name in counted]
    unit = "hectares" if has_hectares else "pixels"
    return Table(
        name="areas",
        title="Areas of the classes" if adjusted is None else f"Areas of the classes, in {unit}",
        columns=columns(["class"], heads),
        rows=rows,
        numbers=pd.DataFrame(numbers),
    )


def _matrix_columns(assessment: Assessment, further: Sequence[str]) -> tuple[Column, ...]:
    ids = [str(c.id) for c in assessment.classes]
    return columns(["map ↓ reference →"], [*ids, *further])


def _shown_rows(matrix: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """Without the last row, of what is not mapped, where nothing is in it."""
    has_unmapped = (matrix if counts is None else counts)[-1].any()
    return matrix if has_unmapped else matrix[:-1]


def _row_names(assessment: Assessment, rows: np.ndarray) -> list[str]:
    names = [f"{c.id} {c.name}" for c in assessment.classes]
    return [*names, NOT_MAPPED][: len(rows)]


def _users(assessment: Assessment, rows: np.ndarray) -> list[str]:
    accuracies = [_short(entry.users_accuracy) for entry in assessment.per_class]
    return [*accuracies, ""][: len(rows)]


def _short(estimate: Estimate | None) -> str:
    return percent_number(None if estimate is None else estimate.value)


def _area_with_interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return UNKNOWN
    low, high = in_hectares(estimate.low), in_hectares(estimate.high)
    return f"{in_hectares(estimate.value)} ({low} to {high})"


def _area_percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _columns_of(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    if estimate is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high", f"{name}_standard_error"))
    return {
        name: estimate.value,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
        f"{name}_standard_error": estimate.standard_error,
    }


def _numbers(assessment: Assessment, matrix: np.ndarray) -> pd.DataFrame:
    names = [c.name for c in assessment.classes]
    rows = [*names, NOT_MAPPED][: len(matrix)]
    frame = pd.DataFrame(matrix, pd.Index(rows, name="map"), names)
    frame.insert(len(names), "total", matrix.sum(axis=1), allow_duplicates=True)
    frame.loc["total"] = [*matrix.sum(axis=0), matrix.sum()]
    return frame.reset_index(allow_duplicates=True)


def _styles(matrix: np.ndarray, n_further: int) -> list[list[str]]:
    """Shades of the cells, by their share of the row."""
    totals = matrix.sum(axis=1, keepdims=True)
    shares = matrix / np.where(totals > 0, totals, 1)
    return [
        ["", *(shade(x, RIGHT if i == j else WRONG) for j, x in enumerate(row)), *[""] * n_further]
        for i, row in enumerate(shares)
    ]
