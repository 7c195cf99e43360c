"""The table that sets published scores beside ours, each with its split."""

from typing import Any

import pandas as pd

from hsidiff.evaluation.comparison import Spread, spread
from hsidiff.evaluation.published import PublishedScore, is_reproduced, published_scores
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.tables.entries import mean_entry
from hsidiff.report.tables.formats import PLUS_MINUS, UNKNOWN, Column, Entry, Table, file_stem
from hsidiff.report.tables.seed_means import splits_with_cells

OTHER_SPLIT, BELOW, REACHED = "not the same split", "not reproduced", "reached"
_COLUMNS = (
    Column("published as"),
    Column("OA", "right"),
    Column("AA", "right"),
    Column("\N{GREEK SMALL LETTER KAPPA} \N{MULTIPLICATION SIGN} 100", "right"),
    Column("published split", "text"),
    Column("our method"),
    Column("our split"),
    Column("our OA", "right"),
    Column("verdict"),
    Column("source", "text"),
)


def published_table(folder: ExperimentFolder, scene: str) -> Table | None:
    """The published scores of a scene beside ours, each with its split; None if none is known.

    Args:
        folder: the experiment.
        scene: name of a scene; published scores are known by the name of the benchmark.
    """
    ours = _finished(folder, scene)
    rows = [
        _row(score, cells)
        for score in published_scores(scene)
        for cells in ours.get(score.method) or [[]]
    ]
    if not rows:
        return None
    return Table(
        name=file_stem("published", scene),
        title=f"{scene}: published scores and ours",
        columns=_COLUMNS,
        rows=tuple(entries for entries, _ in rows),
        numbers=pd.DataFrame([{"scene": scene} | numbers for _, numbers in rows]),
        notes=(
            "In per cent. A score on another split is no measure of ours. On the same kind of "
            f"split, {BELOW!r} says that our mean is below the published number, {REACHED!r} that "
            "it is not; published numbers are mostly of one run, and our settings (the profile) "
            "need not be the paper's.",
        ),
    )


def _finished(folder: ExperimentFolder, scene: str) -> dict[str, list[list[Cell]]]:
    """Our finished cells by method (not label), in one list per label and split."""
    found: dict[str, list[list[Cell]]] = {}
    for label in folder.methods:
        for split in splits_with_cells(folder, scene):
            cells = folder.of(scene, split, label)
            if cells:
                found.setdefault(cells[0].result.get("method", label), []).append(cells)
    return found


def _row(score: PublishedScore, cells: list[Cell]) -> tuple[tuple[Entry, ...], dict[str, Any]]:
    """A published score beside cells of ours, or alone: as entries, and as numbers."""
    ours = spread(cell.result.get("overall_accuracy") for cell in cells)
    verdict = _verdict(score, cells, ours)
    source = f"{score.source}; {score.note}" if score.note else score.source
    deviation = "" if score.deviation is None else f" {PLUS_MINUS} {score.deviation:.2f}"
    entries = (
        Entry(score.method),
        Entry(f"{score.overall_accuracy:.2f}{deviation}"),
        _number(score.average_accuracy),
        _number(score.kappa),
        Entry(score.split.words),
        Entry(_described(cells[0]) if cells else UNKNOWN),
        Entry(cells[0].split if cells else UNKNOWN),
        mean_entry(ours),
        Entry(verdict or UNKNOWN),
        Entry(source),
    )
    numbers = {
        "published_method": score.method,
        "published_overall_accuracy_percent": score.overall_accuracy,
        "published_average_accuracy_percent": score.average_accuracy,
        "published_kappa_percent": score.kappa,
        "published_split": score.split.words,
        "method": cells[0].method if cells else None,
        "split": cells[0].split if cells else None,
        "n_seeds": len(cells),
        "overall_accuracy": None if ours is None else ours.mean,
        "verdict": verdict,
        "source": source,
    }
    return entries, numbers


def _verdict(score: PublishedScore, cells: list[Cell], ours: Spread | None) -> str:
    if ours is None:
        return ""
    if not all(score.split.is_that_of(cell.result) for cell in cells):
        return OTHER_SPLIT
    return REACHED if is_reproduced(score, ours.mean) else BELOW


def _described(cell: Cell) -> str:
    """The label of a method, with its profile if the label does not say it."""
    profile = cell.result.get("profile")
    return f"{cell.method} ({profile})" if profile and profile not in cell.method else cell.method


def _number(percent: float | None) -> Entry:
    return Entry(UNKNOWN if percent is None else f"{percent:.2f}")
