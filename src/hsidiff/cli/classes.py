"""``hsidiff classes``: the classes of labels or of a map, as a table to edit."""

from pathlib import Path
from typing import Annotated

from hsidiff.amounts import count
from hsidiff.cli import console
from hsidiff.cli.input_options import LabelOptions
from hsidiff.cli.inputs import read_labels_alone
from hsidiff.cli.options import (
    BandAxisOption,
    JsonOption,
    LabelsArgument,
    SceneOfLabelsOption,
    SceneVariableOption,
    out_option,
)
from hsidiff.cli.outputs import check_output_file
from hsidiff.labels.class_table import write_class_table


def classes(
    labels: LabelsArgument,
    label_options: LabelOptions,
    scene: SceneOfLabelsOption = None,
    scene_variable: SceneVariableOption = None,
    band_axis: BandAxisOption = None,
    out: Annotated[
        Path | None, out_option("FILE", "Table to write, .csv, to edit and give as --classes.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the classes of labels or of a map, or write them as a table to edit.

    Columns: class (id or name), name, colour, pixels. Give classes the same name
    to merge them, then hand the table to map, fit or edit as --classes.
    """
    if out is not None:
        check_output_file(out, (".csv",), [labels, scene])
    with console.at_work():
        inputs = read_labels_alone(
            labels, label_options, scene, scene_variable, band_axis=band_axis
        )
        read = inputs.labels
        if out is not None:
            write_class_table(read, out)
    counts = read.counts()
    if as_json:
        facts = [{**vars(c), "pixels": counts[c.id]} for c in read.classes]
        console.answer_json({"classes": facts, "table": None if out is None else str(out)})
        return
    width = max(len(c.name) for c in read.classes)
    for c in read.classes:
        console.say(f"{c.id:>4}  {c.name:<{width}}  {c.color}  {count(counts[c.id]):>9} pixels")
    if out is not None:
        console.say(f"written: {out}")
