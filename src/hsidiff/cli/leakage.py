"""``hsidiff leakage``: what a split of labels gives away, measured without the scene."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from statistics import mean
from typing import Annotated, Any

import numpy as np

from hsidiff.amounts import count, percent
from hsidiff.cli import console
from hsidiff.cli.input_options import LabelOptions
from hsidiff.cli.inputs import read_labels_alone
from hsidiff.cli.options import (
    SPLIT_PANEL,
    BandAxisOption,
    JsonOption,
    LabelsArgument,
    NoMasksOption,
    ReceptiveFieldOption,
    SceneOfLabelsOption,
    SceneVariableOption,
    SeedOption,
    option,
)
from hsidiff.cli.split_options import SplitOptions
from hsidiff.errors import SettingError
from hsidiff.labels.leakage import (
    DistanceSummary,
    Leakage,
    distances_to_training_px,
    measure_leakage,
)
from hsidiff.labels.split import Split
from hsidiff.labels.validity import without_invalid_pixels
from hsidiff.progress import track
from hsidiff.report.leakage import distance_shares, leakage_in_words, mean_leakage, window_shares

BAR_LENGTH, BAR = 40, "\N{FULL BLOCK}"
DEFAULT_WINDOWS = ",".join(map(str, signature(measure_leakage).parameters["windows_px"].default))


def leakage(
    labels: LabelsArgument,
    label_options: LabelOptions,
    split_options: SplitOptions,
    scene: SceneOfLabelsOption = None,
    scene_variable: SceneVariableOption = None,
    no_masks: NoMasksOption = False,
    band_axis: BandAxisOption = None,
    receptive_field: ReceptiveFieldOption = 1,
    windows: Annotated[
        str,
        option(
            SPLIT_PANEL,
            "1,3,7",
            "Sides of the windows in which training pixels are looked for, odd.",
        ),
    ] = DEFAULT_WINDOWS,
    seed: SeedOption = 0,
    seeds: Annotated[
        int,
        option(
            SPLIT_PANEL,
            "N",
            "Number of splits to draw, from --seed on; the figures are their means.",
            min=1,
        ),
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Say what a split of labels gives away: what position alone would reach.

    Nothing here looks at a spectrum: a label raster is enough. With --scene, labels
    on pixels without value are left out, as map does.
    """
    sides = _window_sides(windows)
    if split_options.split == "published" and seeds > 1:
        raise SettingError(f"--seeds {seeds}: a published split is not drawn: leave it out")
    with console.at_work():
        inputs = read_labels_alone(
            labels, label_options, scene, scene_variable, no_masks, band_axis
        )
        if inputs.has_pixels:
            known = without_invalid_pixels(inputs.labels, inputs.scene, labels.name)
            inputs = replace(inputs, labels=known)
        every_seed = track(range(seed, seed + seeds), "split", seeds)
        splits = [split_options.make(inputs, receptive_field, number) for number in every_seed]
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
        "nearest_training_px": DistanceSummary.from_distances(distances_px).to_json(),
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
    n_train, n_test = (count(round(answer[name])) for name in ("n_train", "n_test"))
    console.say(f"{n_train} training pixels, {n_test} test pixels")

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
    console.say(f"{name:>14} {percent(share):>8}  {bar}".rstrip())


def _say_filled(text: str) -> None:
    console.say(textwrap.fill(text, console.WIDTH))
