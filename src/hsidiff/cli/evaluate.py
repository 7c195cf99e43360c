"""``hsidiff evaluate``: score a map that exists."""

from pathlib import Path
from typing import Annotated

from hsidiff.cli import console
from hsidiff.cli.inputs import side_of_split
from hsidiff.cli.options import (
    JsonOption,
    LabelOptions,
    MapArgument,
    argument,
    split_file_option,
)
from hsidiff.evaluation.metrics import score
from hsidiff.labels.matching import with_ids_of
from hsidiff.maps.read_map import read_map
from hsidiff.scenes.open import open_scene


def evaluate(
    map_path: MapArgument,
    labels: Annotated[Path, argument("LABELS", "Test labels: points, polygons or a raster.")],
    label_options: LabelOptions,
    split_file: Annotated[
        Path | None, split_file_option("Score on nothing but the test labels of this split")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a map on labels that it was not made from.

    Classes are compared by name where both have names, and by id otherwise. A map
    of a split is scored with --split-file: other labels were learned from.
    """
    with console.at_work():
        grid, drawn = open_scene(map_path), read_map(map_path)
        test_labels = label_options.read(labels, grid)
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
        accuracy = "-" if entry.accuracy is None else f"{entry.accuracy:.1%}"
        console.say(f"  {entry.id:>4}  {entry.name:<24} {entry.n_test:>6} pixels  {accuracy:>6}")
