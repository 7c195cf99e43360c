"""Tables of scores: per class as in the papers, and one summary per scene."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from hsidiff.evaluation.comparison import spread
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.tables.entries import numbers_of, score_entries
from hsidiff.report.tables.formats import UNKNOWN, Column, Entry, Table, file_stem
from hsidiff.report.tables.seed_means import splits_with_cells

KAPPA = "\N{GREEK SMALL LETTER KAPPA} \N{MULTIPLICATION SIGN} 100"
_TOTALS = (
    ("OA", "overall_accuracy"),
    ("AA", "average_accuracy"),
    (KAPPA, "kappa"),
)
_COSTS = ("n_parameters", "macs_per_pixel")
PER_CENT = "In per cent: mean and standard deviation over the seeds."
_BEST = (
    "The best mean is bold, with its 95 % t interval, cut where scores end. It is too narrow: "
    "splits of one scene share most of their pixels."
)


def class_table(folder: ExperimentFolder, scene: str, split: str) -> Table:
    """Accuracy of each class, OA, AA and kappa of each method on one split, as the papers do.

    Args:
        folder: the experiment.
        scene: name of a scene.
        split: name of a split.
    """
    methods = _methods_of(folder, scene, [split])
    cells = {method: folder.of(scene, split, method) for method in methods}
    classes = _scored_classes(cells)
    measured = [
        [spread(_class_value(cell, class_id, "accuracy") for cell in cells[m]) for m in methods]
        for class_id in classes
    ]
    measured += [
        [spread(cell.result.get(key) for cell in cells[method]) for method in methods]
        for _, key in _TOTALS
    ]
    kappa_row = len(classes) + [key for _, key in _TOTALS].index("kappa")
    entries = score_entries(measured, "in rows", n_seeds(folder), kappa_row)
    names = [*classes.values(), *(name for name, _ in _TOTALS)]
    pixels = [_pixel_entries(cells, class_id) for class_id in classes]
    pixels += [(Entry(""), Entry(""))] * len(_TOTALS)
    rows = tuple(
        (Entry(name), *counts, *row)
        for name, counts, row in zip(names, pixels, entries, strict=True)
    )
    keys = [*(f"accuracy of class {i}" for i in classes), *(key for _, key in _TOTALS)]
    numbers = [
        {"scene": scene, "split": split, "score": key, "name": name, "method": method}
        | numbers_of(found)
        for key, name, row in zip(keys, names, measured, strict=True)
        for method, found in zip(methods, row, strict=True)
    ]
    return Table(
        name=file_stem("scores", scene, split),
        title=f"{scene}, {split}: accuracy per class",
        columns=(
            Column("class"),
            Column("training px", "right"),
            Column("test px", "right"),
            *(Column(method) for method in methods),
        ),
        rows=rows,
        numbers=pd.DataFrame(numbers),
        notes=(PER_CENT, *note_on_seeds(folder), "Pixels are means over the seeds.", _BEST),
        rules_before=frozenset({len(classes)}),
    )


def summary_table(folder: ExperimentFolder, scene: str) -> Table:
    """Overall accuracy of each method on each split of a scene, and what a map costs."""
    splits = splits_with_cells(folder, scene)
    methods = _methods_of(folder, scene, splits)
    measured = [
        [
            spread(cell.result.get("overall_accuracy") for cell in folder.of(scene, split, method))
            for split in splits
        ]
        for method in methods
    ]
    entries = score_entries(measured, "in columns", n_seeds(folder))
    rows, numbers = [], []
    for method, row, found in zip(methods, entries, measured, strict=True):
        cells = [cell for split in splits for cell in folder.of(scene, split, method)]
        seconds = spread((cell.result.get("seconds") or {}).get("total") for cell in cells)
        costs = {key: _known_cost(cells, key) for key in _COSTS}
        rows.append((
            Entry(method),
            *row,
            Entry(UNKNOWN if seconds is None else f"{seconds.mean:.1f}"),
            *(Entry(UNKNOWN if n is None else f"{n:,}") for n in costs.values()),
        ))  # fmt: skip
        further = {"mean_seconds": None if seconds is None else seconds.mean, **costs}
        numbers += [
            {"scene": scene, "split": split, "method": method} | numbers_of(of_split) | further
            for split, of_split in zip(splits, found, strict=True)
        ]
    return Table(
        name=file_stem("summary", scene),
        title=f"{scene}: overall accuracy and cost",
        columns=(
            Column("method"),
            *(Column(f"OA, {split}") for split in splits),
            Column("seconds", "right"),
            Column("parameters", "right"),
            Column("MACs per pixel", "right"),
        ),
        rows=tuple(rows),
        numbers=pd.DataFrame(numbers),
        notes=(
            PER_CENT,
            *note_on_seeds(folder),
            _BEST,
            "Seconds are a mean over all finished cells of the scene, fitting and mapping.",
            "Parameters are weights of networks and heads, MACs the multiply-accumulates to map a "
            f"pixel; {UNKNOWN} where they grow with the training labels, or are not known.",
        ),
    )


def n_seeds(folder: ExperimentFolder) -> int:
    """The number of seeds that the experiment asks for."""
    return len(folder.about.get("seeds") or {cell.seed for cell in folder.cells})


def note_on_seeds(folder: ExperimentFolder) -> tuple[str, ...]:
    """How many seeds a mean is over."""
    if n_seeds(folder) == 1:
        return ("One seed: neither deviation nor interval.",)
    return (f"{n_seeds(folder)} seeds; a mean over fewer says n.",)


def _methods_of(folder: ExperimentFolder, scene: str, splits: Iterable[str]) -> list[str]:
    """Methods with a cell, finished or failed, on one of the splits, in the file's order."""
    found = {cell.method for cell in folder.cells if cell.scene == scene and cell.split in splits}
    return [method for method in folder.methods if method in found]


def _class_value(cell: Cell, class_id: int, key: str) -> Any:
    entries = cell.result.get("per_class") or []
    return next((entry.get(key) for entry in entries if entry.get("id") == class_id), None)


def _scored_classes(cells: dict[str, list[Cell]]) -> dict[int, str]:
    """Id and name of each class with training or test pixels, by increasing id."""
    entries = [
        entry
        for of_method in cells.values()
        for cell in of_method
        for entry in cell.result.get("per_class") or []
        if entry.get("n_train") or entry.get("n_test")
    ]
    return {e["id"]: str(e["name"]) for e in sorted(entries, key=lambda entry: entry["id"])}


def _pixel_entries(cells: dict[str, list[Cell]], class_id: int) -> tuple[Entry, Entry]:
    """Training and test pixels of a class, mean over the seeds; the same for all methods."""
    of_seed = {cell.seed: cell for of_method in cells.values() for cell in of_method}
    found = [
        spread(_class_value(cell, class_id, key) for cell in of_seed.values())
        for key in ("n_train", "n_test")
    ]
    train, test = (Entry(UNKNOWN if n is None else f"{n.mean:.0f}") for n in found)
    return train, test


def _known_cost(cells: Iterable[Cell], key: str) -> int | None:
    """A cost, where a result says it; the settings of a method decide about it, not the seed."""
    found = ((cell.result.get("cost") or {}).get(key) for cell in cells)
    return next((number for number in found if number is not None), None)
