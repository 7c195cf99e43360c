"""Run an experiment: every method on every split of every scene with every seed.

What is there already is not run again, so an experiment that was killed goes on with the cell that
is missing. Splits and cells follow from the file alone: how often the work was interrupted does not
matter. The number of processes may change the last digits of what PyTorch computes, since each
process has fewer threads.
"""

from collections.abc import Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.errors import SettingError
from hsidiff.evaluation.results import machine, versions
from hsidiff.experiment.cell import CellAnswer, CellTask, failed_cell, run_cell
from hsidiff.experiment.description import Experiment
from hsidiff.experiment.folder import ExperimentFolder, cell_folder, read_json_object
from hsidiff.experiment.method_recipe import FindClassifier
from hsidiff.experiment.plan import plan_experiment
from hsidiff.experiment.workers import DeadWorker, run_in_workers
from hsidiff.files import write_json, write_whole, write_whole_folder
from hsidiff.half_written import alone_in, clear_up_below
from hsidiff.progress import track


def run_experiment(
    experiment: Experiment,
    out: str | Path,
    find: FindClassifier,
    *,
    n_jobs: int = 1,
    retry_failed: bool = False,
) -> ExperimentFolder:
    """Run the cells that are missing.

    Args:
        experiment: what to run.
        out: the folder to write to; see :mod:`hsidiff.experiment.folder`.
        find: gives the class of a method; can be pickled.
        n_jobs: number of processes that run cells; 1 runs them in this one, where nothing saves
            the other cells from a cell that kills its process.
        retry_failed: run cells again that failed before.

    Returns:
        The folder, with all cells.

    Raises:
        MissingFileError: if a scene or its labels are missing.
        SceneError: if a scene cannot be read.
        LabelError: if labels cannot be read.
        SettingError: if an argument of a split is out of range; if the folder holds cells that mean
            something else; or if another process is writing to it.
    """
    out = Path(out)
    with alone_in(out):
        clear_up_below(out)
        # 1. Read the scenes and split their labels.
        plan = plan_experiment(experiment, out, find)
        # 2. Find what is missing.
        missing = [task for task in plan.tasks if _is_missing(task, out, retry_failed)]
        # 3. Say what this is.
        with write_whole(out / "experiment.toml") as temporary:
            temporary.write_text(experiment.text, encoding="utf-8")
        write_json(out / "experiment.json", _describe(experiment, plan.scenes, n_jobs))
        # 4. Run it.
        n_there = len(plan.tasks) - len(missing)
        for _ in track(_run_all(missing, n_there, out, find, n_jobs), "cells", len(plan.tasks)):
            pass
    return ExperimentFolder.read(out)


def _is_missing(task: CellTask, out: Path, retry_failed: bool) -> bool:
    """Whether a cell is to be run.

    Raises:
        SettingError: if there is a finished one that means something else.
    """
    path = _folder_of(task, out) / "result.json"
    if not path.is_file():
        return True
    result = read_json_object(path)
    different = {
        key
        for key in task.meaning.keys() | result.get("meaning", {}).keys()
        if task.meaning.get(key) != result.get("meaning", {}).get(key)
    }
    if result.get("status") != "done":
        return retry_failed or bool(different)
    if different:
        raise SettingError(
            f"{path} was made with another {' and another '.join(sorted(different))} than "
            f"{task.method.label!r} on {task.source.name!r}, {task.split.name!r} now has: give "
            "another folder, or what has changed a name or label of its own"
        )
    return False


def _run_all(
    missing: list[CellTask], n_there: int, out: Path, find: FindClassifier, n_jobs: int
) -> Iterator[None]:
    """Run cells and write what they give; yields once per cell, those that are there first."""
    yield from repeat(None, n_there)
    work = partial(run_cell, find=find)
    if n_jobs == 1:
        for task in missing:
            _write_cell(work(task), _folder_of(task, out))
            yield
        return
    for task, answer in run_in_workers(missing, work, n_jobs):
        ended = failed_cell(task, answer.reason) if isinstance(answer, DeadWorker) else answer
        _write_cell(ended, _folder_of(task, out))
        yield


def _write_cell(answer: CellAnswer, folder: Path) -> None:
    with write_whole_folder(folder) as new:
        if answer.arrays:
            np.savez_compressed(new / "map.npz", **answer.arrays)  # type: ignore[arg-type]
        write_json(new / "result.json", answer.result)


def _folder_of(task: CellTask, out: Path) -> Path:
    return cell_folder(out, task.source.name, task.split.name, task.method.label, task.seed)


def _describe(
    experiment: Experiment, scenes: dict[str, dict[str, Any]], n_jobs: int
) -> dict[str, Any]:
    """The content of ``experiment.json``."""
    return {
        "seeds": list(experiment.seeds),
        "scenes": scenes,
        "splits": {split.name: split.to_json() for split in experiment.splits},
        "methods": {method.label: method.to_json() for method in experiment.methods},
        "validation_fraction": experiment.validation_fraction,
        "versions": versions(),
        "machine": {**machine(), "n_jobs": n_jobs},
    }
