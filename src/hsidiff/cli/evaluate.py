"""``hsidiff evaluate``: score a map that exists."""

from pathlib import Path
from typing import Annotated

import typer

from hsidiff.cli import console
from hsidiff.cli.inputs import side_of_split
from hsidiff.cli.options import (
    FieldOption,
    IgnoreClassOption,
    JsonOption,
    LabelsVariableOption,
    LayerOption,
    split_file_option,
)
from hsidiff.errors import SettingError
from hsidiff.evaluation.metrics import score
from hsidiff.labels.matching import with_ids_of
from hsidiff.labels.read import read_labels, read_raster_file
from hsidiff.scenes.open import open_scene


def evaluate(
    map_path: Annotated[
        Path,
        typer.Argument(metavar="MAP", show_default=False, help="A map of class ids, .tif."),
    ],
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS", show_default=False, help="Test labels: points, polygons or a raster."
        ),
    ],
    field: FieldOption = None,
    split_file: Annotated[
        Path | None, split_file_option("Score on nothing but the test labels of this split")
    ] = None,
    labels_variable: LabelsVariableOption = None,
    layer: LayerOption = None,
    ignore_class: IgnoreClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a map on labels that it was not made from.

    Classes are compared by name where both have names, and by id otherwise. A map
    of a split is scored with --split-file: other labels were learned from.
    """
    with console.at_work():
        grid = open_scene(map_path)
        if grid.n_bands > 1:
            raise SettingError(
                f"{map_path} has {grid.n_bands} bands, a map has one: give the map, .tif"
            )
        drawn = read_raster_file(map_path, grid)
        test_labels = read_labels(
            labels,
            grid,
            field=field,
            layer=layer,
            variable=labels_variable,
            ignore_classes=ignore_class or [],
        )
        if split_file is not None:
            test_labels = side_of_split(split_file, "test", test_labels, labels)
        scores = score(drawn.values, with_ids_of(test_labels, drawn.classes, "the map"))
    if as_json:
        console.answer_json(scores.to_json())
        return
    kappa = "-" if scores.kappa is None else f"{scores.kappa:.3f}"
    console.say(f"overall accuracy {scores.overall_accuracy:.1%}")
    console.say(f"average accuracy {scores.average_accuracy:.1%}")
    console.say(f"kappa            {kappa}")
    console.say(f"macro F1         {scores.macro_f1:.3f}")
    console.say(f"mean IoU         {scores.mean_iou:.3f}")
    console.say(f"scored pixels    {scores.n_scored}")
    if scores.n_not_mapped:
        console.say(f"  of these mapped as no class of the labels: {scores.n_not_mapped}")
    for entry in scores.per_class:
        found = "-" if entry.accuracy is None else f"{entry.accuracy:.1%}"
        console.say(f"  {entry.id:>4}  {entry.name:<24} {entry.n_test:>6} pixels  {found:>6}")
