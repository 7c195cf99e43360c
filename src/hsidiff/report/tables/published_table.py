"""The table that sets published scores beside ours, each with its split."""

from typing import Any

import pandas as pd

from hsidiff.amounts import PLUS_MINUS, UNKNOWN
from hsidiff.evaluation.comparison import Spread
from hsidiff.evaluation.published import PublishedScore, is_reproduced, published_scores
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.seed_means import splits_with_cells, spread_of
from hsidiff.report.tables.score_tables import KAPPA
from hsidiff.report.tables.score_texts import mean_text
from hsidiff.report.tables.table import Column, Table, columns, file_stem

OTHER_SPLIT, BELOW, REACHED = "not the same split", "not reproduced", "reached"


def published_table(folder: ExperimentFolder, scene: str) -> Table | None:
    """The published scores of a scene beside ours, each with its split; None if none is known."""
    ours = _cells_by_published_name(folder, scene)
    pairs = [
        (score, cells)
        for score in published_scores(scene)
        for cells in ours.get(score.method) or [[]]
    ]
    if not pairs:
        return None
    rows = [_texts_and_numbers(score, cells) for score, cells in pairs]
    return Table(
        name=file_stem("published", scene),
        title=f"{scene}: published scores and ours",
        columns=(
            *columns(["published as"], ["OA", "AA", KAPPA]),
            Column("published split", "text"),
            *columns(["our method", "our split"], ["our OA"]),
            Column("verdict"),
            Column("source", "text"),
        ),
        rows=[texts for texts, _ in rows],
        numbers=pd.DataFrame([{"scene": scene} | numbers for _, numbers in rows]),
        notes=(
            "In per cent. A score on another split is no measure of ours. On the same kind of "
            f"split, {BELOW!r} says that our mean is below the published number, {REACHED!r} that "
            "it is not; published numbers are mostly of one run, and our settings (the profile) "
            "need not be the paper's.",
        ),
        place=(scene, ""),
    )


def _cells_by_published_name(folder: ExperimentFolder, scene: str) -> dict[str, list[list[Cell]]]:
    """Our finished cells by method (not label), in one list per label and split."""
    by_name: dict[str, list[list[Cell]]] = {}
    for label in folder.methods:
        for split in splits_with_cells(folder, scene):
            cells = folder.of(scene, split, label)
            if cells:
                by_name.setdefault(cells[0].result.get("method", label), []).append(cells)
    return by_name


def _texts_and_numbers(
    score: PublishedScore, cells: list[Cell]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A published score beside cells of ours, or alone."""
    ours = spread_of(cells, "overall_accuracy")
    label, split = (cells[0].method, cells[0].split) if cells else (None, None)
    profile = cells[0].result.get("profile") if cells else None
    with_profile = f"{label} ({profile})" if profile and profile not in str(label) else label
    numbers: dict[str, Any] = {
        "published_method": score.method,
        "published_overall_accuracy_percent": score.overall_accuracy,
        "published_average_accuracy_percent": score.average_accuracy,
        "published_kappa_percent": score.kappa,
        "published_split": score.split.words,
        "method": label,
        "split": split,
        "n_seeds": len(cells),
        "overall_accuracy": None if ours is None else ours.mean,
        "verdict": _verdict(score, cells, ours),
        "source": f"{score.source}; {score.note}" if score.note else score.source,
    }
    deviation = "" if score.deviation is None else f" {PLUS_MINUS} {score.deviation:.2f}"
    others = (score.average_accuracy, score.kappa)
    texts = (
        score.method,
        f"{score.overall_accuracy:.2f}{deviation}",
        *(UNKNOWN if number is None else f"{number:.2f}" for number in others),
        score.split.words,
        with_profile or UNKNOWN,
        split or UNKNOWN,
        mean_text(ours),
        numbers["verdict"] or UNKNOWN,
        numbers["source"],
    )
    return texts, numbers


def _verdict(score: PublishedScore, cells: list[Cell], ours: Spread | None) -> str:
    if ours is None:
        return ""
    if not all(score.split.is_that_of(cell.result) for cell in cells):
        return OTHER_SPLIT
    return REACHED if is_reproduced(score, ours.mean) else BELOW
