"""``hsidiff report``: tables, figures and one page of an experiment."""

from pathlib import Path
from typing import Annotated

from hsidiff.cli import console
from hsidiff.cli.options import JsonOption, argument, out_option
from hsidiff.cli.outputs import check_output_folder
from hsidiff.experiment.folder import ExperimentFolder, whole_results
from hsidiff.report.experiment_page import write_experiment_report


def report(
    experiment: Annotated[Path, argument("RUNS", "Folder that hsidiff experiment wrote.")],
    out: Annotated[Path, out_option("FOLDER", "Folder to write to.")],
    as_json: JsonOption = False,
) -> None:
    """Write tables, figures and a page of an experiment, finished or not.

    Cells that failed or have not been run are listed. What an earlier report wrote to the
    same folder is replaced, and nothing else there.
    """
    check_output_folder(out)
    folder = ExperimentFolder.read(experiment)
    with console.at_work(), whole_results(experiment):
        written = write_experiment_report(folder, out)
    if as_json:
        console.answer_json(
            {"n_failed": len(folder.failed), "written": [str(path) for path in written]}
        )
        return
    if folder.failed:
        console.say(f"cells that failed: {len(folder.failed)}; see {out / 'without-scores.csv'}")
    n_tables = sum(path.suffix == ".tex" for path in written)
    console.say(f"written: {written[0]}")
    console.say(f"written: {out / 'tables.md'} ({n_tables} tables, each as .tex and .csv)")
