"""``hsidiff fit``: learn from a scene and its labels, keep the model."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from hsidiff.cli import console
from hsidiff.cli.classifiers import (
    BudgetOption,
    MethodOption,
    ProfileOption,
    SettingOption,
    make_classifier,
)
from hsidiff.cli.inputs import Inputs, check_output_folder, read_inputs
from hsidiff.cli.options import (
    DropBandsOption,
    FieldOption,
    IgnoreClassOption,
    JsonOption,
    LabelsArgument,
    LabelsVariableOption,
    SceneArgument,
    SceneVariableOption,
    SeedOption,
    out_option,
)
from hsidiff.errors import SplitError
from hsidiff.evaluation.results import Stopwatch
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.split import Split
from hsidiff.saved_model import check_model_folder


def fit(
    scene: SceneArgument,
    labels: LabelsArgument,
    out: Annotated[Path, out_option("FOLDER", "Folder for the model.")],
    field: FieldOption = None,
    method: MethodOption = "spectraldiff",
    profile: ProfileOption = None,
    budget: BudgetOption = None,
    split_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel="Split",
            help="Learn only from the training labels of this split, written by hsidiff split.",
        ),
    ] = None,
    seed: SeedOption = 0,
    settings: SettingOption = None,
    scene_variable: SceneVariableOption = None,
    labels_variable: LabelsVariableOption = None,
    drop_bands: DropBandsOption = None,
    ignore_class: IgnoreClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a method to all labels, or to those of a split; save it."""
    check_output_folder(out)
    check_model_folder(out)
    model = make_classifier(method, profile, seed, settings, budget)
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
        train = inputs.labels if split_file is None else _training_labels(split_file, inputs)
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


def _training_labels(split_file: Path, inputs: Inputs) -> LabelMap:
    """The training labels of a split that was made from these labels.

    Raises:
        SplitError: if it was made from others.
    """
    train = Split.load(split_file).train
    is_train = train.values > 0
    if train.shape != inputs.labels.shape or not np.array_equal(
        train.values[is_train], inputs.labels.values[is_train]
    ):
        raise SplitError(f"{split_file} is no split of {inputs.label_files[0]}: make it again")
    return train
