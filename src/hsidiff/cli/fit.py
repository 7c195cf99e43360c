"""``hsidiff fit``: learn from a scene and its labels, keep the model."""

from pathlib import Path
from typing import Annotated

from hsidiff.cli import console
from hsidiff.cli.classifiers import (
    BudgetOption,
    MethodOption,
    ProfileOption,
    SettingOption,
    make_classifier,
)
from hsidiff.cli.inputs import check_output_folder, read_inputs, side_of_split
from hsidiff.cli.options import (
    DropBandsOption,
    FieldOption,
    IgnoreClassOption,
    JsonOption,
    LabelsArgument,
    LabelsVariableOption,
    LayerOption,
    NodataOption,
    SceneArgument,
    SceneVariableOption,
    SeedOption,
    out_option,
    split_file_option,
)
from hsidiff.evaluation.results import Stopwatch
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
        Path | None, split_file_option("Learn only from the training labels of this split")
    ] = None,
    seed: SeedOption = 0,
    settings: SettingOption = None,
    scene_variable: SceneVariableOption = None,
    labels_variable: LabelsVariableOption = None,
    layer: LayerOption = None,
    drop_bands: DropBandsOption = None,
    nodata: NodataOption = None,
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
            layer=layer,
            drop_bands=drop_bands,
            nodata=nodata,
            ignore_class=ignore_class,
        )
        train = inputs.labels
        if split_file is not None:
            train = side_of_split(split_file, "train", train, labels)
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
