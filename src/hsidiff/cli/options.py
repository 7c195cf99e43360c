"""Options that several commands share, and how their words become objects."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from hsidiff.catalog import CLASSIFIERS, find_classifier
from hsidiff.classifier import SceneClassifier
from hsidiff.errors import SettingError, check_choice
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.read import read_labels
from hsidiff.labels.split import Split
from hsidiff.labels.splits import (
    SPLIT_KINDS,
    block_split,
    per_class_split,
    published_split,
    random_split,
)
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene

SceneArgument = Annotated[
    Path, typer.Argument(metavar="SCENE", help="ENVI, GeoTIFF, .mat, .npy or .npz.")
]
LabelsArgument = Annotated[
    Path, typer.Argument(metavar="LABELS", help="A raster or a .gpkg, .shp or .geojson file.")
]
FieldOption = Annotated[
    str | None, typer.Option(help="Field of vector labels that holds the class.")
]
SceneVariableOption = Annotated[
    str | None, typer.Option(help="Variable of a .mat or .npz file that holds the scene.")
]
LabelsVariableOption = Annotated[
    str | None, typer.Option(help="Variable of a .mat or .npz file that holds the labels.")
]
DropBandsOption = Annotated[
    str | None, typer.Option(metavar="1-3,7", help="Bands to leave out, numbered from 1.")
]
IgnoreClassOption = Annotated[
    list[str] | None, typer.Option(help="Class to leave out, by id or name; may be repeated.")
]
MethodOption = Annotated[
    str, typer.Option(help=f"{', '.join(CLASSIFIERS)}, or path/file.py:Class.")
]
ProfileOption = Annotated[
    str | None, typer.Option(help="fast, paper or released; for the diffusion methods.")
]
SettingOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another setting of the method."),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Of everything random.")]
TileSizeOption = Annotated[
    int | None, typer.Option(help="Side of a tile in pixels: memory and speed, not the map.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
SplitKindOption = Annotated[str, typer.Option("--split", help=", ".join(SPLIT_KINDS) + ".")]
TrainFractionOption = Annotated[
    float | None, typer.Option(help="Share of blocks, or of pixels, that train.")
]
SamplesPerClassOption = Annotated[int | None, typer.Option(help="Training pixels per class.")]
BlockOption = Annotated[int | None, typer.Option("--block-px", help="Side of a block.")]
GuardOption = Annotated[
    int | None,
    typer.Option(
        "--guard-px", help="Test pixels nearer than this to a training pixel are dropped."
    ),
]
TestLabelsOption = Annotated[
    Path | None,
    typer.Option(help="Test labels of a published split; LABELS are then the training labels."),
]


@dataclass(frozen=True)
class Inputs:
    """A scene and its labels, as the command line names them."""

    scene_path: Path
    labels_path: Path
    scene: Scene
    labels: LabelMap
    label_options: dict[str, Any]

    def read_more_labels(self, path: Path) -> LabelMap:
        """Read further labels of the same scene with the same options."""
        return read_labels(path, self.scene, **self.label_options)


def read_inputs(
    scene_path: Path,
    labels_path: Path,
    *,
    field: str | None = None,
    scene_variable: str | None = None,
    labels_variable: str | None = None,
    drop_bands: str | None = None,
    ignore_class: list[str] | None = None,
) -> Inputs:
    """Open a scene and read its labels."""
    scene = open_scene(scene_path, variable=scene_variable, drop_bands=band_numbers(drop_bands))
    options: dict[str, Any] = {
        "field": field,
        "variable": labels_variable,
        "ignore_classes": [int(name) if name.isdigit() else name for name in ignore_class or []],
    }
    labels = read_labels(labels_path, scene, **options)
    return Inputs(scene_path, labels_path, scene, labels, options)


def band_numbers(text: str | None) -> list[int]:
    """The numbers that ``1-3,7`` stands for.

    Raises:
        SettingError: if it is not such a list.
    """
    numbers: list[int] = []
    for part in (text or "").replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if not part:
            continue
        if not (first.isdigit() and (last or first).isdigit()):
            raise SettingError(f"--drop-bands {text}: expected numbers and ranges such as 1-3,7")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def make_classifier(
    method: str, profile: str | None, seed: int, settings: list[str] | None
) -> SceneClassifier:
    """The classifier that the options describe.

    Raises:
        SettingError: if the method, or a setting of it, is unknown.
    """
    chosen = find_classifier(method)
    known = chosen().get_params(deep=False)
    given: dict[str, Any] = {"random_state": seed} if "random_state" in known else {}
    if profile is not None:
        if "profile" not in known:
            raise SettingError(f"--profile {profile}: {method} has no profiles; leave it out")
        given["profile"] = profile
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not equals:
            raise SettingError(f"--set {setting}: expected NAME=VALUE")
        given[check_choice("setting", name, known)] = _parsed(value)
    return chosen(**given)


def _parsed(value: str) -> Any:
    """Numbers and lists in JSON's notation; all else is text."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return tuple(parsed) if isinstance(parsed, list) else parsed


@dataclass(frozen=True)
class SplitOptions:
    """The split that the options describe."""

    kind: str
    train_fraction: float | None = None
    samples_per_class: int | None = None
    block_px: int | None = None
    guard_px: int | None = None
    test_labels: Path | None = None

    def make(self, inputs: Inputs, receptive_field_px: int, seed: int) -> Split:
        """Split the labels.

        Raises:
            SettingError: if the kind is unknown, or an option is not one of it.
        """
        self._check()
        given = {
            name: value
            for name in ("train_fraction", "samples_per_class", "block_px", "guard_px")
            if (value := getattr(self, name)) is not None
        }
        if self.kind == "published":
            assert self.test_labels is not None
            return published_split(inputs.labels, inputs.read_more_labels(self.test_labels))
        if self.kind == "blocks":
            given["receptive_field_px"] = receptive_field_px
        makers: dict[str, Callable[..., Split]] = {
            "blocks": block_split,
            "random": random_split,
            "per-class": per_class_split,
        }
        return makers[self.kind](inputs.labels, random_state=seed, **given)

    def _check(self) -> None:
        check_choice("split", self.kind, SPLIT_KINDS)
        allowed = {
            "blocks": {"train_fraction", "samples_per_class", "block_px", "guard_px"},
            "random": {"train_fraction"},
            "per-class": {"samples_per_class"},
            "published": {"test_labels"},
        }[self.kind]
        names = ("train_fraction", "samples_per_class", "block_px", "guard_px", "test_labels")
        for name in names:
            option = "--" + name.replace("_", "-")
            if getattr(self, name) is not None and name not in allowed:
                raise SettingError(f"{option} is not an option of --split {self.kind}")
        for kind, name in (("per-class", "samples_per_class"), ("published", "test_labels")):
            if self.kind == kind and getattr(self, name) is None:
                option = "--" + name.replace("_", "-")
                raise SettingError(f"--split {kind} needs {option}")
