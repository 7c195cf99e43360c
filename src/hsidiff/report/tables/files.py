"""All tables of an experiment, as Markdown, LaTeX and CSV files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from hsidiff.errors import MissingFileError
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.experiment.pairwise import MethodPair, compare_methods
from hsidiff.files import write_together
from hsidiff.progress import track
from hsidiff.report.tables.comparison import leakage_table, pairwise_table
from hsidiff.report.tables.formats import Column, Entry, Table, file_stem, to_latex, to_markdown
from hsidiff.report.tables.overview import cells_frame, overview_table
from hsidiff.report.tables.published import published_table
from hsidiff.report.tables.scores import class_table, summary_table
from hsidiff.report.tables.seed_means import splits_with_cells

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
        (new / "tables.md").write_text(_page(folder, tables), encoding="utf-8")
        cells_frame(folder).convert_dtypes().to_csv(new / "cells.csv", index=False)
        for table in tables:
            (new / f"{table.name}.tex").write_text(to_latex(table), encoding="utf-8")
            # Whole numbers stay whole beside missing ones.
            table.numbers.convert_dtypes().to_csv(new / f"{table.name}.csv", index=False)
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
    places = [
        (scene, split) for scene in folder.scenes for split in splits_with_cells(folder, scene)
    ]
    return {place: compare_methods(folder, *place) for place in track(places, "pairs", len(places))}


def make_tables(folder: ExperimentFolder, pairs: Pairs) -> tuple[Table, ...]:
    """All tables, with names of their own: cells without scores first, then scene by scene."""
    tables: list[Table] = []
    for table in _all_tables(folder, pairs):
        name = file_stem(table.name, taken=[made.name for made in tables])
        tables.append(replace(table, name=name))
    return tuple(tables)


def _all_tables(folder: ExperimentFolder, pairs: Pairs) -> Iterator[Table]:
    if folder.failed or cells_not_run(folder):
        yield unscored_table(folder)
    if any(cell.done for cell in folder.cells):
        yield leakage_table(folder)
    for split in folder.splits:
        overview = overview_table(folder, split)
        if overview is not None:
            yield overview
    for scene in folder.scenes:
        splits = splits_with_cells(folder, scene)
        if splits:
            yield summary_table(folder, scene)
        for split in splits:
            yield class_table(folder, scene, split)
            if pairs.get((scene, split)):
                yield pairwise_table(scene, split, pairs[scene, split])
        published = published_table(folder, scene)
        if published is not None:
            yield published


def _page(folder: ExperimentFolder, tables: tuple[Table, ...]) -> str:
    n_done = sum(cell.done for cell in folder.cells)
    n_missing = len(cells_not_run(folder))
    n_all = len(folder.cells) + n_missing
    state = (
        f"{n_done} of {n_all} cells (scene, split, method, seed) have scores; "
        f"{len(folder.failed)} failed, {n_missing} have not been run."
    )
    words = (
        "The LaTeX files hold the same tables. The CSV files hold their numbers unrounded, "
        "accuracies as fractions unless a column says percent."
    )
    return "\n".join(["# Tables\n", f"{state} {words}\n", *map(to_markdown, tables)])


def unscored_table(folder: ExperimentFolder) -> Table:
    """The cells without scores: what failed and why, and what has not been run yet."""
    places = [(c.scene, c.split, c.method, c.seed, _error(c)) for c in folder.failed]
    places += [(*place, "not run yet") for place in cells_not_run(folder)]
    columns = ("scene", "split", "method", "seed", "why")
    return Table(
        name="without-scores",
        title="Cells without scores",
        columns=(*map(Column, columns[:3]), Column("seed", "right"), Column("why", "text")),
        rows=tuple(tuple(Entry(str(part)) for part in place) for place in places),
        numbers=pd.DataFrame(places, columns=list(columns)),
        notes=("Means leave these out and say over how many seeds they are.",),
    )


def _error(cell: Cell) -> str:
    return str(cell.result.get("error") or "failed without a message")


def cells_not_run(folder: ExperimentFolder) -> list[tuple[str, str, str, int]]:
    """Scene, split, method and seed of the cells without any result, on splits that have some."""
    found = {(c.scene, c.split, c.method, c.seed) for c in folder.cells}
    splits = dict.fromkeys((cell.scene, cell.split) for cell in folder.cells)
    seeds = folder.about.get("seeds") or []
    wanted = [
        (*split, method, seed)
        for split in splits
        for method in folder.about.get("methods", {})
        for seed in seeds
    ]
    return [place for place in wanted if place not in found]
