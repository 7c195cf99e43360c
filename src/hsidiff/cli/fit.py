"""``hsidiff fit``: learn from a scene and its labels, keep the model."""

from pathlib import Path
from typing import Annotated

import typer

from hsidiff.cli import console
from hsidiff.cli.options import (
    DropBandsOption,
    FieldOption,
    IgnoreClassOption,
    JsonOption,
    LabelsArgument,
    LabelsVariableOption,
    MethodOption,
    ProfileOption,
    SceneArgument,
    SceneVariableOption,
    SeedOption,
    SettingOption,
    make_classifier,
    read_inputs,
)
from hsidiff.evaluation.results import Stopwatch
from hsidiff.labels.split import Split


def fit(
    scene: SceneArgument,
    labels: LabelsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the model.")],
    field: FieldOption = None,
    method: MethodOption = "spectraldiff",
    profile: ProfileOption = None,
    split_file: Annotated[
        Path | None,
        typer.Option("--split-file", help="Learn from the training labels of this split only."),
    ] = None,
    seed: SeedOption = 0,
    settings: SettingOption = None,
    scene_variable: SceneVariableOption = None,
    labels_variable: LabelsVariableOption = None,
    drop_bands: DropBandsOption = None,
    ignore_class: IgnoreClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a classifier to all labels of a scene, and save it."""
    model = make_classifier(method, profile, seed, settings)
    stopwatch = Stopwatch()
    with console.at_work():
        inputs = read_inputs(
            scene,
            labels,
            field=field,
            scene_variable=scene_variable,
            labels_variable=labels_variable,
            drop_bands=drop_bands,
            ignore_class=ignore_class,
        )
        train = inputs.labels if split_file is None else Split.load(split_file).train
        with stopwatch.stage("learn"):
            model.fit(inputs.scene, train)
        model.save(out)
    seconds = stopwatch.to_json()["learn"]
    if as_json:
        answer = {"model": str(out), "n_train": train.n_labelled, "seconds": seconds}
        console.answer_json({"method": model.name, "settings": model.get_params(), **answer})
        return
    console.say(f"{model.name}: learned from {train.n_labelled} labels in {seconds:.0f} s")
    console.say(f"written: {out}")
