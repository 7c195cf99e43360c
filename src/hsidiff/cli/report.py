"""``hsidiff report``: tables, figures and one page of an experiment."""

from pathlib import Path
from typing import Annotated

import typer

from hsidiff.cli import console
from hsidiff.cli.inputs import check_output_folder
from hsidiff.cli.options import JsonOption, out_option
from hsidiff.evaluation.experiment.folder import ExperimentFolder
from hsidiff.report.experiment.page import write_experiment_report
from hsidiff.report.tables.files import check_has_cells, compare_pairs, write_tables


def report(
    experiment: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", show_default=False, help="The output folder of hsidiff experiment."
        ),
    ],
    out: Annotated[Path, out_option("FOLDER", "Folder to write to.")],
    as_json: JsonOption = False,
) -> None:
    """Write tables, figures and a page of an experiment, finished or not.

    Cells that failed or have not been run are listed.
    """
    check_output_folder(out)
    folder = ExperimentFolder.read(experiment)
    check_has_cells(folder)
    with console.at_work():
        pairs = compare_pairs(folder)
        tables = write_tables(folder, out, pairs)
        page = write_experiment_report(folder, out, pairs)
    if as_json:
        named = [out / f"{table.name}{end}" for table in tables for end in (".tex", ".csv")]
        written = [page, out / "tables.md", *named]
        console.answer_json(
            {"n_failed": len(folder.failed), "written": [str(path) for path in written]}
        )
        return
    if folder.failed:
        console.say(f"cells that failed: {len(folder.failed)}; see {out / 'without-scores.csv'}")
    console.say(f"written: {page}")
    console.say(f"written: {out / 'tables.md'} ({len(tables)} tables, each as .tex and .csv)")
