"""Tables of scores: per class as in the papers, one summary per scene, one over all scenes."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from hsidiff.evaluation.comparison import Spread, spread
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.amounts import TIMES, UNKNOWN
from hsidiff.report.seed_means import (
    mean_seconds,
    n_seeds,
    splits_with_cells,
    spread_of,
    value_of,
)
from hsidiff.report.tables.score_texts import Measured, mean_text, numbers_of, score_texts
from hsidiff.report.tables.table import Table, columns, file_stem

KAPPA = f"\N{GREEK SMALL LETTER KAPPA} {TIMES} 100"
_TOTALS = {"overall_accuracy": "OA", "average_accuracy": "AA", "kappa": KAPPA}
_RESULTS = ("overall_accuracy", "average_accuracy", "kappa", "n_train", "n_test")
_PER_CENT = "In per cent: mean and standard deviation over the seeds."
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
    cells = _cells_by_method(folder, scene, split)
    classes = _scored_classes(cells)
    names = [*classes.values(), *_TOTALS.values()]
    keys = [*(f"accuracy of class {class_id}" for class_id in classes), *_TOTALS]
    measured = [
        *([_class_spread(one, i, "accuracy") for one in cells.values()] for i in classes),
        *([spread_of(one, key) for one in cells.values()] for key in _TOTALS),
    ]
    texts = score_texts(measured, "in rows", n_seeds(folder), keys.index("kappa"))
    pixels = [_pixels_of_class(cells, class_id) for class_id in classes] + [("", "")] * len(_TOTALS)
    labels = [
        {"scene": scene, "split": split, "score": key, "name": name}
        for key, name in zip(keys, names, strict=True)
    ]
    return Table(
        name=file_stem("scores", scene, split),
        title=f"{scene}, {split}: accuracy per class",
        columns=(*columns(["class"], ["training px", "test px"]), *columns(list(cells))),
        rows=[(n, *px, *row) for n, px, row in zip(names, pixels, texts, strict=True)],
        numbers=_long(labels, [{"method": method} for method in cells], measured),
        notes=(_PER_CENT, _on_seeds(folder), "Pixels are means over the seeds.", _BEST),
        rule_before=len(classes),
    )


def summary_table(folder: ExperimentFolder, scene: str) -> Table:
    """Overall accuracy of each method on each split of a scene, and what a map costs."""
    splits = splits_with_cells(folder, scene)
    methods = _methods_of(folder, scene, splits)
    measured: list[list[Spread | None]] = []
    costs, labels = [], []
    for method in methods:
        of_splits = [folder.of(scene, split, method) for split in splits]
        measured.append([spread_of(cells, "overall_accuracy") for cells in of_splits])
        every_cell = [cell for cells in of_splits for cell in cells]
        # The settings of a method decide about its cost, not the seed.
        sizes = {
            name: next(filter(None, (value_of(c, "cost", name) for c in every_cell)), None)
            for name in ("n_parameters", "macs_per_pixel")
        }
        seconds = mean_seconds(every_cell)
        costs.append((_seconds_text(seconds), *map(_size_text, sizes.values())))
        labels.append({"scene": scene, "method": method, "mean_seconds": seconds, **sizes})
    texts = score_texts(measured, "in columns", n_seeds(folder))
    titles = [f"OA, {split}" for split in splits]
    order = ["scene", "split", "method", *numbers_of(None), "mean_seconds", *sizes]
    return Table(
        name=file_stem("summary", scene),
        title=f"{scene}: overall accuracy and cost",
        columns=columns(["method", *titles], ["seconds", "parameters", "MACs per pixel"]),
        rows=[(m, *row, *cost) for m, row, cost in zip(methods, texts, costs, strict=True)],
        numbers=_long(labels, [{"split": split} for split in splits], measured)[order],
        notes=(
            _PER_CENT,
            _on_seeds(folder),
            _BEST,
            "Seconds are a mean over all finished cells of the scene, fitting and mapping.",
            "Parameters are weights of networks and heads, MACs the multiply-accumulates to map a "
            f"pixel; {UNKNOWN} where they grow with the training labels, or are not known.",
        ),
    )


def overview_table(folder: ExperimentFolder, split: str) -> Table | None:
    """Methods in rows, scenes in columns, under one split; None if there is one scene only.

    The mean is over the scenes that were measured, not generated: of each seed first, then over
    the seeds, of those seeds that all these scenes have.

    Args:
        folder: the experiment.
        split: name of a split.
    """
    scenes = [scene for scene in folder.scenes if split in splits_with_cells(folder, scene)]
    if len(scenes) < 2:
        return None
    about = folder.about.get("scenes") or {}
    with_file = [scene for scene in scenes if about.get(scene, {}).get("path")]
    measured: list[list[Spread | None]] = []
    others = []
    for method in folder.methods:
        cells = {scene: folder.of(scene, split, method) for scene in scenes}
        of_files = [cells[scene] for scene in with_file]
        each = [spread_of(of_scene, "overall_accuracy") for of_scene in cells.values()]
        measured.append([*each, _mean_over_scenes(of_files, "overall_accuracy")])
        seconds = mean_seconds(cell for of_scene in cells.values() for cell in of_scene)
        average = mean_text(_mean_over_scenes(of_files, "average_accuracy"), 1)
        others.append((average, _seconds_text(seconds)))
    texts = score_texts(measured, "in columns", n_seeds(folder))
    labels = [{"split": split, "method": method} for method in folder.methods]
    return Table(
        name=file_stem("overview", split),
        title=f"{split}: overall accuracy on all scenes",
        columns=columns(["method", *scenes, "mean OA", "mean AA"], ["seconds"]),
        rows=[(m, *row, *o) for m, row, o in zip(folder.methods, texts, others, strict=True)],
        numbers=_long(labels, [{"scene": scene} for scene in (*scenes, "mean")], measured),
        notes=(
            _PER_CENT,
            _on_seeds(folder),
            f"Means over {', '.join(with_file) or 'no scene'}.",
            "Seconds are a mean over the finished cells, fitting and mapping.",
        ),
    )


def cells_frame(folder: ExperimentFolder) -> pd.DataFrame:
    """Every finished cell as a row: what it is, its scores, its seconds, its split's hash."""
    return pd.DataFrame(
        {
            "scene": cell.scene,
            "split": cell.split,
            "method": cell.method,
            "seed": cell.seed,
            **{key: value_of(cell, key) for key in _RESULTS},
            "seconds": value_of(cell, "seconds", "total"),
            "guard_px": value_of(cell, "split", "parameters", "guard_px"),
            "split_sha256": value_of(cell, "split", "sha256"),
        }
        for cell in folder.cells
        if cell.done
    )


def _long(
    rows: list[dict[str, Any]], cols: list[dict[str, Any]], measured: Measured
) -> pd.DataFrame:
    """Each score on a line of its own, with what its row and its column say of it."""
    return pd.DataFrame(
        row | col | numbers_of(score)
        for row, scores in zip(rows, measured, strict=True)
        for col, score in zip(cols, scores, strict=True)
    )


def _on_seeds(folder: ExperimentFolder) -> str:
    if n_seeds(folder) == 1:
        return "One seed: neither deviation nor interval."
    return f"{n_seeds(folder)} seeds; a mean over fewer says n."


def _seconds_text(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{seconds:.1f}"


def _size_text(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _methods_of(folder: ExperimentFolder, scene: str, splits: Iterable[str]) -> list[str]:
    """Methods with a cell, finished or failed, on one of the splits, in the file's order."""
    present = {cell.method for cell in folder.cells if cell.scene == scene and cell.split in splits}
    return [method for method in folder.methods if method in present]


def _cells_by_method(folder: ExperimentFolder, scene: str, split: str) -> dict[str, list[Cell]]:
    return {m: folder.of(scene, split, m) for m in _methods_of(folder, scene, [split])}


def _class_spread(cells: Iterable[Cell], class_id: int, key: str) -> Spread | None:
    entries = [value_of(cell, "per_class") or [] for cell in cells]
    return spread(e.get(key) for of_cell in entries for e in of_cell if e.get("id") == class_id)


def _scored_classes(cells: dict[str, list[Cell]]) -> dict[int, str]:
    """Id and name of each class with training or test pixels, by increasing id."""
    names = {
        entry["id"]: str(entry["name"])
        for of_method in cells.values()
        for cell in of_method
        for entry in value_of(cell, "per_class") or []
        if entry.get("n_train") or entry.get("n_test")
    }
    return dict(sorted(names.items()))


def _pixels_of_class(cells: dict[str, list[Cell]], class_id: int) -> tuple[str, str]:
    """Training and test pixels of a class, mean over the seeds; the same for all methods."""
    by_seed = {cell.seed: cell for of_method in cells.values() for cell in of_method}.values()
    train, test = (_class_spread(by_seed, class_id, key) for key in ("n_train", "n_test"))
    return (
        UNKNOWN if train is None else f"{train.mean:.0f}",
        UNKNOWN if test is None else f"{test.mean:.0f}",
    )


def _mean_over_scenes(cells: Iterable[list[Cell]], key: str) -> Spread | None:
    """Spread over seeds of the mean over scenes; None where no seed has all scenes."""
    by_seed = [{c.seed: c.result.get(key) for c in of_scene} for of_scene in cells]
    if not by_seed:
        return None
    seeds = set.intersection(*map(set, by_seed))
    return spread(float(np.mean([scores[seed] for scores in by_seed])) for seed in sorted(seeds))
