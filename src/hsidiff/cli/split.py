"""``hsidiff split``: divide labels into training and test labels, and say what that gives away."""

from pathlib import Path
from typing import Annotated

from hsidiff.cli import console
from hsidiff.cli.inputs import SplitOptions, check_output_file, read_inputs
from hsidiff.cli.options import (
    BlockOption,
    DropBandsOption,
    FieldOption,
    GuardOption,
    IgnoreClassOption,
    JsonOption,
    LabelsArgument,
    LabelsVariableOption,
    LayerOption,
    NodataOption,
    ReceptiveFieldOption,
    SamplesPerClassOption,
    SceneArgument,
    SceneVariableOption,
    SeedOption,
    SplitKindOption,
    TestLabelsOption,
    TestLayerOption,
    TestVariableOption,
    TrainFractionOption,
    out_option,
)
from hsidiff.labels.leakage import measure_leakage


def split(
    scene: SceneArgument,
    labels: LabelsArgument,
    out: Annotated[Path, out_option("FILE", "File to write, .npz.")],
    field: FieldOption = None,
    kind: SplitKindOption = "blocks",
    train_fraction: TrainFractionOption = None,
    samples_per_class: SamplesPerClassOption = None,
    block_px: BlockOption = None,
    guard_px: GuardOption = None,
    test_labels: TestLabelsOption = None,
    test_labels_variable: TestVariableOption = None,
    test_layer: TestLayerOption = None,
    receptive_field: ReceptiveFieldOption = 1,
    seed: SeedOption = 0,
    scene_variable: SceneVariableOption = None,
    labels_variable: LabelsVariableOption = None,
    layer: LayerOption = None,
    drop_bands: DropBandsOption = None,
    nodata: NodataOption = None,
    ignore_class: IgnoreClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Split labels into training and test labels."""
    options = SplitOptions(
        kind,
        train_fraction,
        samples_per_class,
        block_px,
        guard_px,
        test_labels,
        test_labels_variable,
        test_layer,
    )
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
        check_output_file(out, (".npz",), (*inputs.scene.files, labels))
        made = options.make(inputs, receptive_field, seed)
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
    console.say(f"position alone reaches {leakage.position_overall_accuracy:.1%}")
    console.say(f"sha256 {made.sha256}")
    console.say(f"written: {out}")
