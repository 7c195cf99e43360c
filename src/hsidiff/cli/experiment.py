"""``hsidiff experiment``: every method on every split of every scene with every seed."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hsidiff.catalog import find_classifier
from hsidiff.cli import console
from hsidiff.cli.options import JsonOption, argument, option, out_option
from hsidiff.cli.outputs import check_output_folder
from hsidiff.evaluation.comparison import spread
from hsidiff.experiment.description import read_experiment
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.experiment.run import run_experiment

RUN_PANEL = "Run"
SOME_CELLS_FAILED = 1
"""Exit code of an experiment that has cells without scores."""


def experiment(
    file: Annotated[Path, argument("FILE", "Scenes, splits, methods and seeds to compare, .toml.")],
    out: Annotated[Path, out_option("FOLDER", "Folder for all that is written.")],
    jobs: Annotated[
        int,
        option(
            RUN_PANEL, "N", "Processes that run cells, with the cores shared out to them.", min=1
        ),
    ] = 1,
    retry_failed: Annotated[
        bool, option(RUN_PANEL, "", "Run failed cells again.", "--retry-failed")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run every method on every split of every scene with every seed.

    Started again, it goes on with the cells that are missing; seeds, methods,
    scenes and splits can be added to the file. A cell that fails leaves its
    message as its result; the others go on, and the exit code is then 1.
    """
    asked = read_experiment(file, find_classifier)
    check_output_folder(out)
    try:
        with console.at_work():
            folder = run_experiment(
                asked, out, find_classifier, n_jobs=jobs, retry_failed=retry_failed
            )
    except KeyboardInterrupt:
        console.show_note("the same command goes on with the cells that are missing")
        raise
    rows = summary(folder)
    if as_json:
        failed = [{"cell": _name(cell), "error": cell.result["error"]} for cell in folder.failed]
        console.answer_json({"folder": str(out), "scores": rows, "failed": failed})
    else:
        _tell(folder, rows)
    if folder.failed:
        raise typer.Exit(SOME_CELLS_FAILED)


def summary(folder: ExperimentFolder) -> list[dict[str, Any]]:
    """Overall accuracy of each method on each split of each scene: mean and deviation."""
    groups = dict.fromkeys((cell.scene, cell.split, cell.method) for cell in folder.cells)
    rows = []
    for scene, split, method in groups:
        scores = spread(c.result["overall_accuracy"] for c in folder.of(scene, split, method))
        rows.append(
            {
                "scene": scene,
                "split": split,
                "method": method,
                "n_seeds": scores.n if scores else 0,
                "overall_accuracy": scores.mean if scores else None,
                "deviation": scores.deviation if scores else None,
            }
        )
    return rows


def _tell(folder: ExperimentFolder, rows: list[dict[str, Any]]) -> None:
    """Print the scores, a table per scene and split, and what failed."""
    width = max(len(row["method"]) for row in rows)
    for scene, split in dict.fromkeys((row["scene"], row["split"]) for row in rows):
        console.say(f"{scene}, {split}: overall accuracy")
        for row in rows:
            if (row["scene"], row["split"]) == (scene, split):
                seeds = f"{row['n_seeds']} seed{'' if row['n_seeds'] == 1 else 's'}"
                console.say(f"  {row['method']:<{width}}  {_percent(row)}  {seeds}")
    for cell in folder.failed:
        console.say(f"failed: {_name(cell)}: {cell.result['error']}")
    console.say(f"written: {folder.path}")


def _percent(row: dict[str, Any]) -> str:
    if row["overall_accuracy"] is None:
        return f"{'-':>12}"
    deviation = "-" if row["deviation"] is None else f"{100 * row['deviation']:.1f}"
    return f"{100 * row['overall_accuracy']:5.1f} ± {deviation:>4}"


def _name(cell: Cell) -> str:
    return f"{cell.method} on {cell.scene}, {cell.split}, seed {cell.seed}"
