"""Tables of scores: per class as in the papers, one summary per scene, one over all scenes."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from hsidiff.amounts import TIMES, UNKNOWN, count
from hsidiff.evaluation.comparison import Spread, spread
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.seed_means import mean_seconds, n_seeds, splits_with_cells, spread_of, value_of
from hsidiff.report.tables.score_texts import Measured, mean_text, numbers_of, score_texts
from hsidiff.report.tables.table import Table, columns, file_stem

KAPPA = f"\N{GREEK SMALL LETTER KAPPA} {TIMES} 100"
_TOTALS = {"overall_accuracy": "OA", "average_accuracy": "AA", "kappa": KAPPA}
_COSTS = ("n_parameters", "macs_per_pixel")
_BEST = (
    "The best mean is bold, with its 95 % t interval, cut where scores end. It is too narrow: "
    "splits of one scene share most of their pixels."
)


def class_table(folder: ExperimentFolder, scene: str, split: str) -> Table:
    """Accuracy of each class, OA, AA and kappa of each method on one split, as the papers do."""
    cells = {m: folder.of(scene, split, m) for m in _methods_of(folder, scene, [split])}
    # Pixels of a class are the same for all methods.
    one_per_seed = {cell.seed: cell for one in cells.values() for cell in one}.values()
    classes = _scored_classes(one_per_seed)
    rows = [(f"accuracy of class {i}", name) for i, name in classes.items()] + [*_TOTALS.items()]
    measured = [
        *([_class_spread(one, i, "accuracy") for one in cells.values()] for i in classes),
        *([spread_of(one, key) for one in cells.values()] for key in _TOTALS),
    ]
    kappa_row = len(classes) + list(_TOTALS).index("kappa")
    texts = score_texts(measured, "in rows", n_seeds(folder), kappa_row)
    pixels = [
        [_whole(_class_spread(one_per_seed, i, key)) for key in ("n_train", "n_test")]
        for i in classes
    ] + [["", ""]] * len(_TOTALS)
    place = {"scene": scene, "split": split}
    return Table(
        name=file_stem("scores", scene, split),
        title=f"{scene}, {split}: accuracy per class",
        columns=(*columns(["class"], ["training px", "test px"]), *columns(list(cells))),
        rows=[(row[1], *px, *text) for row, px, text in zip(rows, pixels, texts, strict=True)],
        numbers=_long(
            [place | {"score": key, "name": name} for key, name in rows],
            [{"method": method} for method in cells],
            measured,
        ),
        notes=(*_on_seeds(folder), "Pixels are means over the seeds.", _BEST),
        rule_before=len(classes),
        place=(scene, split),
    )


def summary_table(folder: ExperimentFolder, scene: str) -> Table:
    """Overall accuracy of each method on each split of a scene, and what a map costs."""
    splits = splits_with_cells(folder, scene)
    methods = _methods_of(folder, scene, splits)
    cells = [[folder.of(scene, split, method) for split in splits] for method in methods]
    measured = [[spread_of(one, "overall_accuracy") for one in row] for row in cells]
    costs = [_costs([cell for one in row for cell in one]) for row in cells]
    place = [{"scene": scene, "method": method} for method in methods]
    numbers = _long(
        [row | cost for row, cost in zip(place, costs, strict=True)],
        [{"split": split} for split in splits],
        measured,
    )
    texts = score_texts(measured, "in columns", n_seeds(folder))
    titles = [f"OA, {split}" for split in splits]
    return Table(
        name=file_stem("summary", scene),
        title=f"{scene}: overall accuracy and cost",
        columns=columns(["method", *titles], ["seconds", "parameters", "MACs per pixel"]),
        rows=[(m, *t, *_cost_texts(c)) for m, t, c in zip(methods, texts, costs, strict=True)],
        numbers=numbers[["scene", "split", "method", *numbers_of(None), *costs[0]]],
        notes=(
            *_on_seeds(folder),
            _BEST,
            "Seconds are a mean over all finished cells of the scene, fitting and mapping.",
            "Parameters are weights of networks and heads, MACs the multiply-accumulates to map a "
            f"pixel; {UNKNOWN} where they grow with the training labels, or are not known.",
        ),
        place=(scene, ""),
    )


def _costs(cells: list[Cell]) -> dict[str, Any]:
    # The settings of a method decide about its size, not the seed.
    sizes = {key: [value_of(cell, "cost", key) for cell in cells] for key in _COSTS}
    known = {key: next(filter(None, every), None) for key, every in sizes.items()}
    return {"mean_seconds": mean_seconds(cells), **known}


def _cost_texts(costs: dict[str, Any]) -> list[str]:
    sizes = [count(costs[key]) for key in _COSTS]
    return [_seconds_text(costs["mean_seconds"]), *sizes]


def overview_table(folder: ExperimentFolder, split: str) -> Table | None:
    """Methods in rows, scenes in columns, under one split; None if there is one scene only.

    The mean is over the scenes that were measured, not generated: of each seed first, then over
    the seeds, of those seeds that all these scenes have.
    """
    scenes = [scene for scene in folder.scenes if split in splits_with_cells(folder, scene)]
    if len(scenes) < 2:
        return None
    about = folder.about.get("scenes") or {}
    with_file = [scene for scene in scenes if about.get(scene, {}).get("path")]
    measured, others = [], []
    for method in folder.methods:
        cells = {scene: folder.of(scene, split, method) for scene in scenes}
        of_files = [cells[scene] for scene in with_file]
        overall, average = (_mean_over_scenes(of_files, key) for key in list(_TOTALS)[:2])
        measured.append([*(spread_of(one, "overall_accuracy") for one in cells.values()), overall])
        seconds = mean_seconds(cell for one in cells.values() for cell in one)
        others.append((mean_text(average, 1), _seconds_text(seconds)))
    texts = score_texts(measured, "in columns", n_seeds(folder))
    return Table(
        name=file_stem("overview", split),
        title=f"{split}: overall accuracy on all scenes",
        columns=columns(["method", *scenes, "mean OA", "mean AA"], ["seconds"]),
        rows=[(m, *t, *o) for m, t, o in zip(folder.methods, texts, others, strict=True)],
        numbers=_long(
            [{"split": split, "method": method} for method in folder.methods],
            [{"scene": scene} for scene in (*scenes, "mean")],
            measured,
        ),
        notes=(
            *_on_seeds(folder),
            f"Means over {', '.join(with_file) or 'no scene'}.",
            "Seconds are a mean over the finished cells, fitting and mapping.",
        ),
        place=("", split),
    )


def cells_frame(folder: ExperimentFolder) -> pd.DataFrame:
    """Every finished cell as a row: what it is, its scores, its seconds, its split's hash."""
    return pd.DataFrame(
        {
            "scene": cell.scene,
            "split": cell.split,
            "method": cell.method,
            "seed": cell.seed,
            **{key: value_of(cell, key) for key in (*_TOTALS, "n_train", "n_test")},
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


def _on_seeds(folder: ExperimentFolder) -> tuple[str, str]:
    n = n_seeds(folder)
    fewer = f"{n} seeds; a mean over fewer says n."
    words = "In per cent: mean and standard deviation over the seeds."
    return words, "One seed: neither deviation nor interval." if n == 1 else fewer


def _seconds_text(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{seconds:.1f}"


def _whole(pixels: Spread | None) -> str:
    return count(None if pixels is None else round(pixels.mean))


def _methods_of(folder: ExperimentFolder, scene: str, splits: Iterable[str]) -> list[str]:
    """Methods with a cell, finished or failed, on one of the splits, in the file's order."""
    present = {cell.method for cell in folder.cells if cell.scene == scene and cell.split in splits}
    return [method for method in folder.methods if method in present]


def _class_spread(cells: Iterable[Cell], class_id: int, key: str) -> Spread | None:
    entries = [entry for cell in cells for entry in value_of(cell, "per_class") or []]
    return spread(entry.get(key) for entry in entries if entry.get("id") == class_id)


def _scored_classes(cells: Iterable[Cell]) -> dict[int, str]:
    """Id and name of each class with training or test pixels, by increasing id."""
    entries = [entry for cell in cells for entry in value_of(cell, "per_class") or []]
    scored = [entry for entry in entries if entry.get("n_train") or entry.get("n_test")]
    return dict(sorted((entry["id"], str(entry["name"])) for entry in scored))


def _mean_over_scenes(cells: Iterable[list[Cell]], key: str) -> Spread | None:
    """Spread over seeds of the mean over scenes; None where no seed has all scenes."""
    by_seed = [{cell.seed: cell.result.get(key) for cell in one} for one in cells]
    seeds = sorted(set.intersection(*map(set, by_seed))) if by_seed else []
    return spread(float(np.mean([scores[seed] for scores in by_seed])) for seed in seeds)
