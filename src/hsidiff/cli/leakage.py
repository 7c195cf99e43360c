"""``hsidiff leakage``: what a split of labels gives away, measured without the scene."""

import textwrap
from collections.abc import Sequence
from inspect import signature
from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import numpy as np
import typer

from hsidiff.cli import console
from hsidiff.cli.inputs import Inputs, SplitOptions
from hsidiff.cli.options import (
    BlockOption,
    FieldOption,
    GuardOption,
    IgnoreClassOption,
    JsonOption,
    LabelsArgument,
    LabelsVariableOption,
    LayerOption,
    ReceptiveFieldOption,
    SamplesPerClassOption,
    SceneVariableOption,
    SeedOption,
    SplitKindOption,
    TestLabelsOption,
    TestLayerOption,
    TestVariableOption,
    TrainFractionOption,
)
from hsidiff.errors import SettingError
from hsidiff.labels.leakage import (
    DistanceSummary,
    Leakage,
    distances_to_training_px,
    measure_leakage,
)
from hsidiff.labels.raster import grid_of_raster
from hsidiff.labels.read import read_labels
from hsidiff.labels.split import Split
from hsidiff.labels.vector import VECTOR_SUFFIXES
from hsidiff.progress import track
from hsidiff.scenes.open import open_scene

POSITION_IS_NEARLY_ALL = 0.9
"""From here on a score is no evidence: what is left is less than published methods differ by.

On the two splits of Indian Pines in use position alone reaches 97 % and 92 %, and the published
SpectralFormer 92 % and 82 % (Chen et al., arXiv 2304.05961; Hong et al., TGRS 60, 5518615).
"""
WIDTH = 78
BAR_LENGTH, BAR = 40, "\N{FULL BLOCK}"
DEFAULT_WINDOWS = ",".join(map(str, signature(measure_leakage).parameters["windows_px"].default))


def leakage(
    labels: LabelsArgument,
    scene: Annotated[
        Path | None,
        typer.Option(
            metavar="SCENE",
            rich_help_panel="Input",
            help="The scene that the labels are for: points and polygons need its grid.",
        ),
    ] = None,
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
    windows: Annotated[
        str,
        typer.Option(
            metavar="1,3,7",
            rich_help_panel="Split",
            help="Sides of the windows in which training pixels are looked for, odd.",
        ),
    ] = DEFAULT_WINDOWS,
    seed: SeedOption = 0,
    seeds: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            rich_help_panel="Split",
            help="Number of splits to draw, from --seed on; the figures are their means.",
        ),
    ] = 1,
    scene_variable: SceneVariableOption = None,
    labels_variable: LabelsVariableOption = None,
    layer: LayerOption = None,
    ignore_class: IgnoreClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a split of labels gives away.

    Nothing here looks at a spectrum: a label raster is enough.
    """
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
    sides = _window_sides(windows)
    if kind == "published" and seeds > 1:
        raise SettingError(f"--seeds {seeds}: a published split is not drawn: leave it out")
    with console.at_work():
        inputs = _read(labels, scene, field, scene_variable, labels_variable, layer, ignore_class)
        every_seed = track(range(seed, seed + seeds), "split", seeds)
        splits = [options.make(inputs, receptive_field, number) for number in every_seed]
        leakages = [measure_leakage(split, receptive_field, sides) for split in splits]
    answer = describe_leakage(splits, leakages)
    if as_json:
        console.answer_json(answer)
    else:
        _say(answer)


def _window_sides(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise SettingError(f"--windows {text}: expected odd numbers such as 1,3,7") from error


def _read(
    labels_path: Path,
    scene_path: Path | None,
    field: str | None,
    scene_variable: str | None,
    labels_variable: str | None,
    layer: str | None,
    ignore_class: list[str] | None,
) -> Inputs:
    """Read the labels, on the scene's grid or on their own."""
    if scene_path is not None:
        grid = open_scene(scene_path, variable=scene_variable)
    elif scene_variable is not None:
        raise SettingError(f"--scene-variable {scene_variable} needs --scene")
    elif labels_path.suffix.lower() in VECTOR_SUFFIXES:
        raise SettingError(f"{labels_path}: points and polygons have no pixels: add --scene SCENE")
    else:
        grid = grid_of_raster(labels_path, labels_variable)
    options: dict[str, Any] = {
        "field": field,
        "layer": layer,
        "variable": labels_variable,
        "ignore_classes": ignore_class or [],
    }
    labels = read_labels(labels_path, grid, **options)
    return Inputs(scene_path or labels_path, [labels_path], grid, labels, options)


def describe_leakage(splits: Sequence[Split], leakages: Sequence[Leakage]) -> dict[str, Any]:
    """What some splits of the same kind give away, as JSON values.

    Means over the splits, except the distances, which are those of all their test pixels. A mean
    is None where one of the splits has no such number, a deviation where there is one split only.
    ``parameters`` are those that the splits share; all stand in ``splits``.
    """
    each = [measured.to_json() for measured in leakages]
    distances_px = np.concatenate([distances_to_training_px(split) for split in splits])
    accuracies = [measured.position_overall_accuracy for measured in leakages]
    names = ("position_overall_accuracy", "position_average_accuracy", "receptive_field_share")
    apart = ("n_test_apart", "position_overall_accuracy_apart")
    first = splits[0].parameters
    return {
        "kind": splits[0].kind,
        "parameters": {
            name: value
            for name, value in first.items()
            if all(split.parameters[name] == value for split in splits)
        },
        "n_splits": len(splits),
        "n_train": mean(split.train.n_labelled for split in splits),
        "n_test": mean(split.test.n_labelled for split in splits),
        "position_overall_accuracy_deviation": stdev(accuracies) if len(splits) > 1 else None,
        "window_shares": {
            side: mean(one["window_shares"][side] for one in each)
            for side in each[0]["window_shares"]
        },
        "receptive_field_px": leakages[0].receptive_field_px,
        **{name: _mean([one[name] for one in each]) for name in (*names, *apart)},
        "nearest_training_px": DistanceSummary.of(distances_px).to_json(),
        "splits": [
            {
                "parameters": split.parameters,
                "sha256": split.sha256,
                "n_train": split.train.n_labelled,
                "n_test": split.test.n_labelled,
                **one,
            }
            for split, one in zip(splits, each, strict=True)
        ],
    }


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return mean(known) if len(known) == len(numbers) else None


def _say(answer: dict[str, Any]) -> None:
    """Print the answer as a short table, and what it means."""
    settings = [f"{n}={value}" for n, value in answer["parameters"].items() if value is not None]
    drawn = [f"mean of {answer['n_splits']} draws"] if answer["n_splits"] > 1 else []
    _say_filled(", ".join([f"split {answer['kind']}", *settings, *drawn]))
    console.say(f"{answer['n_train']:.0f} training pixels, {answer['n_test']:.0f} test pixels")

    console.say("\ntest pixels with a training pixel in the window around them")
    for side, share in answer["window_shares"].items():
        _say_bar(f"{side} x {side} px", share)

    console.say("\ndistance from test pixels to their nearest training pixel")
    nearest = answer["nearest_training_px"]
    edges, counts = nearest["bin_edges_px"], nearest["bin_counts"]
    for (low, high), n_pixels in zip(pairwise(edges), counts, strict=True):
        name = f"{low}" if high - low == 1 else f"{low} to {high - 1}"
        _say_bar(f"{name} px", n_pixels / sum(counts))

    console.say("\naccuracy of a control that sees row and column only")
    _say_bar("overall", answer["position_overall_accuracy"])
    _say_bar("average", answer["position_average_accuracy"])
    console.say("")
    for sentence in _what_it_means(answer):
        _say_filled(sentence)


def _say_bar(name: str, share: float) -> None:
    bar = BAR * round(BAR_LENGTH * share)
    console.say(f"{name:>14} {share:>7.1%}  {bar}".rstrip())


def _say_filled(text: str) -> None:
    console.say(textwrap.fill(text, WIDTH))


def _what_it_means(answer: dict[str, Any]) -> list[str]:
    """What to make of the figures, in sentences."""
    position = answer["position_overall_accuracy"]
    deviation = answer["position_overall_accuracy_deviation"]
    spread = "" if deviation is None else f" (deviation {100 * deviation:.1f} points)"
    lesson = (
        "this split cannot show what a method has learned."
        if position >= POSITION_IS_NEARLY_ALL
        else "a score counts only by how far it lies above that."
    )
    sentences = [f"Position alone reaches {position:.1%}{spread}: {lesson}"]
    side, share = answer["receptive_field_px"], answer["receptive_field_share"]
    if share == 0:
        sentences.append(f"No test pixel has a training pixel within {side} x {side} px.")
    else:
        apart = answer["position_overall_accuracy_apart"]
        reached = "" if apart is None else f"; there position alone reaches {apart:.1%}"
        sentences.append(
            f"A method that looks at {side} x {side} px sees a training pixel beside {share:.1%} "
            f"of the test pixels. The other {answer['n_test_apart']:.0f} lie apart from "
            f"training{reached}."
        )
    return sentences if side > 1 else sentences[:1]
