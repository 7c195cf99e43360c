"""``hsidiff leakage``: what a split of labels gives away, measured without the scene."""

import textwrap
from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from statistics import mean
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
    ReceptiveFieldOption,
    SamplesPerClassOption,
    SceneVariableOption,
    SeedOption,
    SplitKindOption,
    TestLabelsOption,
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
from hsidiff.report.leakage import distance_shares, leakage_in_words, mean_leakage, window_shares
from hsidiff.scenes.open import open_scene

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
    ignore_class: IgnoreClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a split of labels gives away.

    Nothing here looks at a spectrum: a label raster is enough.
    """
    options = SplitOptions(kind, train_fraction, samples_per_class, block_px, guard_px, test_labels)
    sides = _window_sides(windows)
    if kind == "published" and seeds > 1:
        raise SettingError(f"--seeds {seeds}: a published split is not drawn: leave it out")
    with console.at_work():
        inputs = _read(labels, scene, field, scene_variable, labels_variable, ignore_class)
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
        **mean_leakage(each),
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


def _say(answer: dict[str, Any]) -> None:
    """Print the answer as a short table, and what it means."""
    settings = [f"{n}={value}" for n, value in answer["parameters"].items() if value is not None]
    drawn = [f"mean of {answer['n_splits']} draws"] if answer["n_splits"] > 1 else []
    _say_filled(", ".join([f"split {answer['kind']}", *settings, *drawn]))
    console.say(f"{answer['n_train']:.0f} training pixels, {answer['n_test']:.0f} test pixels")

    console.say("\ntest pixels with a training pixel in the window around them")
    for row in window_shares(answer):
        _say_bar(row.name, row.share)
    console.say("\ndistance from test pixels to their nearest training pixel")
    for row in distance_shares(answer):
        _say_bar(row.name, row.share)
    console.say("\naccuracy of a control that sees row and column only")
    _say_bar("overall", answer["position_overall_accuracy"])
    _say_bar("average", answer["position_average_accuracy"])
    console.say("")
    for sentence in leakage_in_words(answer):
        _say_filled(sentence)


def _say_bar(name: str, share: float) -> None:
    bar = BAR * round(BAR_LENGTH * share)
    console.say(f"{name:>14} {share:>7.1%}  {bar}".rstrip())


def _say_filled(text: str) -> None:
    console.say(textwrap.fill(text, WIDTH))
