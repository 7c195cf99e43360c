"""``hsidiff split``: divide labels into training and test labels, and say what that gives away."""

from pathlib import Path
from typing import Annotated

from hsidiff.amounts import percent
from hsidiff.cli import console
from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.cli.inputs import read_inputs
from hsidiff.cli.options import (
    JsonOption,
    LabelsArgument,
    ReceptiveFieldOption,
    SceneArgument,
    SeedOption,
    out_option,
)
from hsidiff.cli.outputs import check_output_file
from hsidiff.cli.split_options import SplitOptions
from hsidiff.labels.leakage import measure_leakage


def split(
    scene: SceneArgument,
    labels: LabelsArgument,
    scene_options: SceneOptions,
    label_options: LabelOptions,
    split_options: SplitOptions,
    out: Annotated[Path, out_option("FILE", "File to write, .npz.")],
    receptive_field: ReceptiveFieldOption = 1,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Split labels into training and test labels, and save the split to one file.

    hsidiff fit learns from its training labels, hsidiff evaluate scores on its test labels:
    both take it as --split-file.
    """
    with console.at_work():
        inputs = read_inputs(scene, labels, scene_options, label_options)
        check_output_file(out, (".npz",), (*inputs.scene.files, labels))
        made = split_options.make(inputs, receptive_field, seed)
        leakage = measure_leakage(made, receptive_field)
        made.save(out)
    n_train, n_test = made.train.counts(), made.test.counts()
    if as_json:
        classes = [
            {"id": c.id, "name": c.name, "n_train": n_train[c.id], "n_test": n_test[c.id]}
            for c in made.train.classes
        ]
        about = {"kind": made.kind, "parameters": made.parameters, "sha256": made.sha256}
        console.answer_json({**about, "classes": classes, "leakage": leakage.to_json()})
        return
    width = max(len(c.name) for c in made.train.classes)
    console.say(f"{'class':<{width + 6}} train   test")
    for c in made.train.classes:
        console.say(f"{c.id:>4}  {c.name:<{width}} {n_train[c.id]:>5} {n_test[c.id]:>6}")
    console.say(f"position alone reaches {percent(leakage.position_overall_accuracy)}")
    console.say(f"sha256 {made.sha256}")
    console.say(f"written: {out}")
