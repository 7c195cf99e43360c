"""What the words of the command line stand for: scenes, labels, splits, places to write to."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hsidiff.errors import SettingError, SplitError, check_choice
from hsidiff.files import nearest_that_exists
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    SPLIT_KINDS,
    block_split,
    per_class_split,
    published_split,
    random_split,
)
from hsidiff.labels.published import read_test_labels
from hsidiff.labels.read import read_labels
from hsidiff.labels.split import Split
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene

_BANDS = re.compile(r"\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*", re.ASCII)


@dataclass(frozen=True)
class Inputs:
    """A scene and its labels, as the command line names them.

    Attributes:
        scene_path: the scene's file, as it was given.
        label_files: the labels' file; after it that of test labels, once they have been read.
        scene: the scene.
        labels: the labels.
        label_options: how they were read.
    """

    scene_path: Path
    label_files: list[Path]
    scene: Scene
    labels: LabelMap
    label_options: dict[str, Any]

    def read_test_labels(self, path: Path, variable: str | None, layer: str | None) -> LabelMap:
        """Read test labels of the same scene with the same options and class ids."""
        labels = read_test_labels(
            path,
            self.label_files[0],
            self.labels,
            self.scene,
            self.label_options,
            test_variable=variable,
            test_layer=layer,
        )
        self.label_files.append(path)
        return labels


def read_inputs(
    scene_path: Path,
    labels_path: Path,
    *,
    field: str | None = None,
    scene_variable: str | None = None,
    labels_variable: str | None = None,
    layer: str | None = None,
    drop_bands: str | None = None,
    nodata: list[float] | None = None,
    ignore_class: list[str] | None = None,
) -> Inputs:
    """Open a scene and read its labels."""
    scene = open_named_scene(scene_path, scene_variable, drop_bands, nodata)
    options: dict[str, Any] = {
        "field": field,
        "layer": layer,
        "variable": labels_variable,
        "ignore_classes": ignore_class or [],
    }
    labels = read_labels(labels_path, scene, **options)
    return Inputs(scene_path, [labels_path], scene, labels, options)


def open_named_scene(
    path: Path, variable: str | None, drop_bands: str | None, nodata: list[float] | None
) -> Scene:
    """The scene that the options describe.

    Raises:
        MissingFileError: if there is no such file.
        SceneError: if it holds no scene.
        SettingError: if the bands to drop are no list of numbers.
    """
    bands = _band_numbers(drop_bands)
    return open_scene(path, variable=variable, drop_bands=bands, nodata=nodata or None)


def _band_numbers(text: str | None) -> list[int]:
    """The numbers that ``1-3,7`` stands for.

    Raises:
        SettingError: if it is not such a list.
    """
    numbers: list[int] = []
    for part in [] if text is None else text.split(","):
        run = _BANDS.fullmatch(part)
        bands = range(int(run[1]), int(run[2] or run[1]) + 1) if run else range(0)
        if not bands:
            raise SettingError(f"--drop-bands {text}: expected numbers and ranges such as 1-3,7")
        numbers += bands
    return numbers


def side_of_split(
    split_file: Path, side: Literal["train", "test"], labels: LabelMap, labels_path: Path
) -> LabelMap:
    """The training or the test labels of a split that was made from these labels.

    Raises:
        MissingFileError: if there is no such file.
        SplitError: if it holds no split, or one of other labels.
    """
    found: LabelMap = getattr(Split.load(split_file), side)
    is_found = found.values > 0
    if found.shape != labels.shape or not np.array_equal(
        found.values[is_found], labels.values[is_found]
    ):
        raise SplitError(f"{split_file} is no split of {labels_path}: make it again")
    return found


@dataclass(frozen=True)
class SplitOptions:
    """The split that the options describe.

    Raises:
        SettingError: if the kind is unknown, an option is not one of it, or one is missing.
    """

    kind: str
    train_fraction: float | None = None
    samples_per_class: int | None = None
    block_px: int | None = None
    guard_px: int | None = None
    test_labels: Path | None = None
    test_labels_variable: str | None = None
    test_layer: str | None = None

    def __post_init__(self) -> None:
        """Refuse what does not go together before anything is read."""
        check_choice("split", self.kind, SPLIT_KINDS)
        for name in self._given():
            if name not in _OPTIONS_OF_SPLIT[self.kind]:
                kinds = [kind for kind, names in _OPTIONS_OF_SPLIT.items() if name in names]
                raise SettingError(
                    f"{_as_option(name)} is no option of --split {self.kind}: leave it out, or "
                    f"take --split {' or '.join(kinds)}"
                )
        for kind, name in (("per-class", "samples_per_class"), ("published", "test_labels")):
            if self.kind == kind and name not in self._given():
                raise SettingError(f"--split {kind} needs {_as_option(name)}")

    def _given(self) -> dict[str, Any]:
        """The options that were given, by name."""
        return {n: v for n, v in vars(self).items() if n != "kind" and v is not None}

    def make(self, inputs: Inputs, receptive_field_px: int, seed: int) -> Split:
        """Split the labels.

        Raises:
            SettingError: if an option is out of range.
            SplitError: if the labels do not allow this split.
        """
        if self.test_labels is not None:
            test_labels = inputs.read_test_labels(
                self.test_labels, self.test_labels_variable, self.test_layer
            )
            return published_split(inputs.labels, test_labels)
        given = self._given()
        if self.kind == "blocks":
            given["receptive_field_px"] = receptive_field_px
        return _MAKERS[self.kind](inputs.labels, random_state=seed, **given)


_MAKERS: dict[str, Callable[..., Split]] = {
    "blocks": block_split,
    "random": random_split,
    "per-class": per_class_split,
}
_OPTIONS_OF_SPLIT = {
    "blocks": ("train_fraction", "samples_per_class", "block_px", "guard_px"),
    "random": ("train_fraction",),
    "per-class": ("samples_per_class",),
    "published": ("test_labels", "test_labels_variable", "test_layer"),
}


def _as_option(name: str) -> str:
    return "--" + name.replace("_", "-")


def check_output_folder(folder: Path) -> None:
    """Refuse, before hours of work, a folder that cannot be written to.

    Raises:
        SettingError: if it is a file, or writing is not allowed.
    """
    nearest = nearest_that_exists(folder)
    if not nearest.is_dir():
        raise SettingError(f"--out {folder}: {nearest} is a file: give the name of a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise SettingError(f"--out {folder}: {nearest} is not yours to write to: give another name")


def check_output_file(path: Path, suffixes: tuple[str, ...], read_files: Iterable[Path]) -> None:
    """Refuse, before the work, a file that cannot be written, or that would replace an input.

    Args:
        path: the file.
        suffixes: one of them must end its name.
        read_files: the files that this run reads.

    Raises:
        SettingError: if it is a folder, is among them, ends otherwise, or writing is not allowed.
    """
    if path.is_dir():
        raise SettingError(f"{path} is a folder: give the name of a {suffixes[0]} file")
    if path.suffix.lower() not in suffixes:
        raise SettingError(f"{path}: choose a name that ends in {suffixes[0]}")
    if path.resolve() in {file.resolve() for file in read_files}:
        raise SettingError(f"{path} is read by this command: give another name to write to")
    check_output_folder(path.absolute().parent)
