"""One table over all scenes: each method's overall accuracy under one kind of split."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from hsidiff.evaluation.comparison import Spread, spread
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.tables.entries import mean_entry, numbers_of, score_entries
from hsidiff.report.tables.formats import UNKNOWN, Column, Entry, Table, file_stem
from hsidiff.report.tables.scores import PER_CENT, n_seeds, note_on_seeds

N_DECIMALS = 1
_RESULTS = ("overall_accuracy", "average_accuracy", "kappa", "n_train", "n_test")


def overview_table(folder: ExperimentFolder, split: str) -> Table | None:
    """Methods in rows, scenes in columns, under one split; None if there is one scene only.

    The mean is over the scenes that were measured, not generated: of each seed first, then over
    the seeds, of those seeds that all these scenes have.

    Args:
        folder: the experiment.
        split: name of a split.
    """
    scenes = [s for s in folder.scenes if any(folder.of(s, split, m) for m in folder.methods)]
    about = folder.about.get("scenes") or {}
    measured = [scene for scene in scenes if about.get(scene, {}).get("path")]
    if len(scenes) < 2:
        return None
    rows: list[list[Spread | None]] = []
    others: list[tuple[Entry, Entry]] = []
    for method in folder.methods:
        cells = {scene: folder.of(scene, split, method) for scene in scenes}
        rows.append([
            *(spread(c.result.get("overall_accuracy") for c in cells[s]) for s in scenes),
            _mean_over_scenes([cells[s] for s in measured], "overall_accuracy"),
        ])  # fmt: skip
        average = _mean_over_scenes([cells[s] for s in measured], "average_accuracy")
        seconds = spread(_seconds(cell) for of_scene in cells.values() for cell in of_scene)
        others.append((
            mean_entry(average, N_DECIMALS),
            Entry(UNKNOWN if seconds is None else f"{seconds.mean:.1f}"),
        ))  # fmt: skip
    entries = score_entries(rows, "in columns", n_seeds(folder))
    names = [*scenes, "mean"]
    numbers = [
        {"split": split, "method": method, "scene": scene} | numbers_of(found)
        for method, row in zip(folder.methods, rows, strict=True)
        for scene, found in zip(names, row, strict=True)
    ]
    return Table(
        name=file_stem("overview", split),
        title=f"{split}: overall accuracy on all scenes",
        columns=(
            Column("method"),
            *map(Column, scenes),
            Column("mean OA"),
            Column("mean AA"),
            Column("seconds", "right"),
        ),
        rows=tuple(
            (Entry(method), *row, *further)
            for method, row, further in zip(folder.methods, entries, others, strict=True)
        ),
        numbers=pd.DataFrame(numbers),
        notes=(
            PER_CENT,
            *note_on_seeds(folder),
            f"Means over {', '.join(measured) or 'no scene'}.",
            "Seconds are a mean over the finished cells, fitting and mapping.",
        ),
    )


def _mean_over_scenes(cells: Iterable[list[Cell]], key: str) -> Spread | None:
    """Spread over seeds of the mean over scenes; None where no seed has all scenes."""
    by_seed = [{c.seed: c.result.get(key) for c in of_scene} for of_scene in cells]
    if not by_seed:
        return None
    seeds = set.intersection(*(set(found) for found in by_seed))
    return spread(float(np.mean([found[seed] for found in by_seed])) for seed in sorted(seeds))


def cells_frame(folder: ExperimentFolder) -> pd.DataFrame:
    """Every finished cell as a row: what it is, its scores, its seconds, its split's hash."""
    return pd.DataFrame(
        {
            "scene": cell.scene,
            "split": cell.split,
            "method": cell.method,
            "seed": cell.seed,
            **{key: cell.result.get(key) for key in _RESULTS},
            "seconds": _seconds(cell),
            "guard_px": (cell.result.get("split") or {}).get("parameters", {}).get("guard_px"),
            "split_sha256": (cell.result.get("split") or {}).get("sha256"),
        }
        for cell in folder.cells
        if cell.done
    )


def _seconds(cell: Cell) -> float | None:
    return (cell.result.get("seconds") or {}).get("total")
