"""``hsidiff spectra``: the spectra of labels by class, and labels to look at again."""

from pathlib import Path
from typing import Annotated

from hsidiff.amounts import count
from hsidiff.cli import console
from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.cli.inputs import read_inputs
from hsidiff.cli.options import JsonOption, LabelsArgument, SceneArgument, out_option
from hsidiff.cli.outputs import check_output_file
from hsidiff.evaluation.label_spectra import measure_label_spectra, suspicious_pixels
from hsidiff.labels.spreadsheet import write_spreadsheet
from hsidiff.report.spectra_page import EXPLANATION, write_spectra_page


def spectra(
    scene: SceneArgument,
    labels: LabelsArgument,
    scene_options: SceneOptions,
    label_options: LabelOptions,
    out: Annotated[
        Path,
        out_option("FILE", "Page to write, .html; beside it a table .csv of suspicious pixels."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Draw the spectra of each class, and list labels unlike their class.

    A label on the wrong field or a shadow shows here before it is learned from.
    """
    table_path = out.with_suffix(".csv")
    check_output_file(out, (".html", ".htm"), [])
    with console.at_work():
        inputs = read_inputs(scene, labels, scene_options, label_options)
        check_output_file(table_path, (".csv",), (*inputs.scene.files, *inputs.label_files))
        measured = measure_label_spectra(inputs.scene, inputs.labels)
        suspicious = suspicious_pixels(measured, inputs.scene)
        write_spectra_page(measured, suspicious, inputs.scene, out)
        write_spreadsheet(suspicious, table_path)
    counts = {c.name: int((suspicious["class_id"] == c.id).sum()) for c in measured.classes}
    if as_json:
        console.answer_json({"suspicious": counts, "page": str(out), "table": str(table_path)})
        return
    for c in measured.classes:
        n_pixels = int((measured.samples.class_ids == c.id).sum())
        console.say(f"{c.name:<24} {count(n_pixels):>9} pixels, {count(counts[c.name])} suspicious")
    console.say(EXPLANATION)
    console.say_written((out, table_path))
