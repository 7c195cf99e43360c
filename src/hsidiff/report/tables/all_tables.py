"""All tables of an experiment, as Markdown, LaTeX and CSV files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from hsidiff.errors import MissingFileError
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.experiment.pairwise import MethodPair, compare_methods
from hsidiff.files import write_together
from hsidiff.labels.spreadsheet import without_formulas
from hsidiff.progress import track
from hsidiff.report.seed_means import cells_not_run, scenes_and_splits, splits_with_cells
from hsidiff.report.tables.comparison_tables import leakage_table, pairwise_table, unscored_table
from hsidiff.report.tables.matrix_tables import confusion_table, differences_table
from hsidiff.report.tables.published_table import published_table
from hsidiff.report.tables.score_tables import (
    cells_frame,
    class_table,
    overview_table,
    summary_table,
)
from hsidiff.report.tables.table import (
    Table,
    file_stem,
    to_latex,
    to_markdown,
)

Pairs = dict[tuple[str, str], tuple[MethodPair, ...]]
"""Scene and split to the comparison of its methods."""


def write_tables(
    folder: ExperimentFolder, out: str | Path, pairs: Pairs | None = None
) -> tuple[Table, ...]:
    """Write ``tables.md``, each table as ``.tex`` and ``.csv``, and ``cells.csv``, all or nothing.

    Args:
        folder: the experiment, finished or not.
        out: the folder to write to; other files in it stay.
        pairs: what :func:`compare_pairs` gives; None computes it.

    Returns:
        The tables.

    Raises:
        MissingFileError: if no cell of the experiment has a result, or a file of one is missing.
    """
    check_has_cells(folder)
    tables = make_tables(folder, compare_pairs(folder) if pairs is None else pairs)
    with write_together(out) as new:
        (new / "tables.md").write_text(_markdown_page(folder, tables), encoding="utf-8")
        numbers = {table.name: table.numbers for table in tables} | {"cells": cells_frame(folder)}
        for name, frame in numbers.items():
            # Whole numbers stay whole beside missing ones.
            without_formulas(frame.convert_dtypes()).to_csv(new / f"{name}.csv", index=False)
        for table in tables:
            (new / f"{table.name}.tex").write_text(to_latex(table), encoding="utf-8")
    return tables


def check_has_cells(folder: ExperimentFolder) -> None:
    """Refuse an experiment without any result.

    Raises:
        MissingFileError: if no cell has a result, not even a failed one.
    """
    if not folder.cells:
        raise MissingFileError(
            f"{folder.path}: no cell has a result yet: run 'hsidiff experiment' on its file first"
        )


def compare_pairs(folder: ExperimentFolder) -> Pairs:
    """Compare the methods in pairs on each split of each scene, reporting progress."""
    places = scenes_and_splits(folder)
    return {place: compare_methods(folder, *place) for place in track(places, "pairs", len(places))}


def make_tables(folder: ExperimentFolder, pairs: Pairs) -> tuple[Table, ...]:
    """All tables, with names of their own: cells without scores first, then scene by scene."""
    tables: list[Table] = []
    for table in filter(None, _all_tables(folder, pairs)):
        name = file_stem(table.name, taken=[made.name for made in tables])
        tables.append(replace(table, name=name))
    return tuple(tables)


def _all_tables(folder: ExperimentFolder, pairs: Pairs) -> Iterator[Table | None]:
    yield unscored_table(folder)
    if any(cell.done for cell in folder.cells):
        yield leakage_table(folder)
    for split in folder.splits:
        yield overview_table(folder, split)
    for scene in folder.scenes:
        splits = splits_with_cells(folder, scene)
        if splits:
            yield summary_table(folder, scene)
        for split in splits:
            yield class_table(folder, scene, split)
            for label in folder.methods:
                yield _confusion(folder, scene, split, label)
            if pairs.get((scene, split)):
                yield differences_table(scene, split, folder.methods, pairs[scene, split])
                yield pairwise_table(scene, split, pairs[scene, split])
        yield published_table(folder, scene)


def _confusion(folder: ExperimentFolder, scene: str, split: str, label: str) -> Table | None:
    """What one method takes for what on one split, all its seeds together; None without a cell."""
    results = [cell.result for cell in folder.of(scene, split, label)]
    results = [result for result in results if result.get("confusion_matrix")]
    if not results:
        return None
    counts = np.sum([result["confusion_matrix"] for result in results], axis=0)
    n_test = np.sum([[e["n_test"] for e in result["per_class"]] for result in results], axis=0)
    return confusion_table((scene, split), label, folder.classes_of(scene), counts, n_test)


def _markdown_page(folder: ExperimentFolder, tables: tuple[Table, ...]) -> str:
    n_missing = len(cells_not_run(folder))
    # A matrix per method would hide the other tables; they are LaTeX and CSV files.
    shown = [to_markdown(table) for table in tables if not table.styles]
    words = (
        f"{sum(cell.done for cell in folder.cells)} of {len(folder.cells) + n_missing} cells "
        f"(scene, split, method, seed) have scores; {len(folder.failed)} failed, {n_missing} have "
        "not been run. The LaTeX files hold these tables and the matrices, the CSV files "
        "their numbers unrounded, accuracies as fractions unless a column says percent."
    )
    return "\n".join(["# Tables\n", f"{words}\n", *shown])
