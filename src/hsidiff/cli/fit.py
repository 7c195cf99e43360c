"""``hsidiff fit``: learn from a scene and its labels, keep the model."""

from pathlib import Path
from typing import Annotated

from hsidiff.amounts import count
from hsidiff.cli import console
from hsidiff.cli.classifiers import MethodOptions
from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.cli.inputs import side_of_split
from hsidiff.cli.options import (
    JsonOption,
    LabelsArgument,
    MemoryOption,
    MoreScenesArgument,
    SceneArgument,
    out_option,
    split_file_option,
)
from hsidiff.cli.outputs import check_output_folder
from hsidiff.cli.several import pairs_of, read_several
from hsidiff.cli.unfinished import going_on
from hsidiff.evaluation.results import Stopwatch
from hsidiff.memory import limited_to
from hsidiff.saved_model import check_model_folder
from hsidiff.training.ranks import NotTheFirst, end_others, first_goes_on_alone


def fit(
    scene: SceneArgument,
    labels: LabelsArgument,
    scene_options: SceneOptions,
    label_options: LabelOptions,
    method_options: MethodOptions,
    out: Annotated[Path, out_option("FOLDER", "Folder for the model.")],
    split_file: Annotated[
        Path | None, split_file_option("Learn only from the training labels of this split")
    ] = None,
    memory: MemoryOption = None,
    as_json: JsonOption = False,
    more: MoreScenesArgument = None,
) -> None:
    """Fit a method to all labels, or to those of a split; save it.

    One model may learn from several scenes, each followed by its labels. Their
    classes are the same where their names are. Started by torchrun, several
    processes share the learning of the scene.
    """
    check_output_folder(out)
    check_model_folder(out)
    pairs = pairs_of(scene, labels, more, split_file)
    model = method_options.make()
    stopwatch = Stopwatch()
    with console.at_work(), limited_to(memory):
        inputs = read_several(pairs, scene_options, label_options, model.receptive_field_px)
        train = inputs.labels
        if split_file is not None:
            train = side_of_split(split_file, "train", train, labels)
        try:
            with going_on(out), first_goes_on_alone():
                with stopwatch.stage("learn"):
                    model.fit(inputs.scene, train)
                end_others()
                model.save(out)
        except NotTheFirst:  # of several processes that torchrun started
            return
    seconds = stopwatch.to_json()["learn"]
    if as_json:
        answer = {"model": str(out), "n_train": train.n_labelled, "seconds": seconds}
        console.answer_json({"method": model.name, "settings": model.get_params(), **answer})
        return
    console.say(f"{model.name}: learned from {count(train.n_labelled)} labels in {seconds:.0f} s")
    console.say(f"written: {out}")
