"""What a command reads and where it writes: scene and labels, splits, checks of names."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from hsidiff.cli.options import SPLIT_PANEL, LabelOptions, SceneOptions, option
from hsidiff.errors import SettingError, SplitError, check_choice
from hsidiff.experiment.split_recipe import split_arguments, split_labels
from hsidiff.files import nearest_that_exists, sha256_of_files
from hsidiff.labels.area import read_area
from hsidiff.labels.field_split import SINGLE_FIELD
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    SPLIT_KINDS,
    USUAL_SPLITS,
    block_split,
    random_split,
    usual_split,
)
from hsidiff.labels.published import read_test_labels
from hsidiff.labels.raster import grid_of_raster
from hsidiff.labels.split import Split
from hsidiff.labels.validity import without_invalid_pixels
from hsidiff.labels.vector_file import VECTOR_SUFFIXES, edits_of
from hsidiff.scenes.formats.address import is_address, shown
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

SHAPEFILE_PARTS = (".cpg", ".dbf", ".prj", ".shp", ".shx")
_OF_BLOCKS, _OF_RANDOM = signature(block_split).parameters, signature(random_split).parameters
_TRAIN_FRACTIONS = (
    f"{_OF_BLOCKS['train_fraction'].default} of the blocks; with --split random "
    f"{_OF_RANDOM['train_fraction'].default} of the labels"
)

_TEST_FILE = {"test_labels": True, "test_labels_variable": False, "test_layer": False}
_OPTIONS = {kind: split_arguments(kind) for kind in SPLIT_KINDS} | {"published": _TEST_FILE}
"""Of each kind of split its options, and whether it needs them."""


@dataclass(frozen=True)
class Inputs:
    """A scene and its labels, as the command line names them.

    Attributes:
        scene_path: the scene's file, as it was given.
        label_files: the labels' file; after it that of test labels, once they have been read.
        scene: the scene.
        labels: the labels.
        label_options: how they were read.
        has_pixels: whether the scene holds any; a label raster may stand for its grid.
        area: (rows, cols) bool, the area of interest, or None.
        parts: each scene with its labels, where these are several, one below the other.
        places: where each of them lies.
        scene_options: how the scene was read.
    """

    scene_path: Path
    label_files: list[Path]
    scene: Scene
    labels: LabelMap
    label_options: LabelOptions
    has_pixels: bool = True
    area: np.ndarray | None = None
    parts: tuple["Inputs", ...] = ()
    places: tuple[Window, ...] = ()
    scene_options: SceneOptions = field(default_factory=SceneOptions)

    def read_test_labels(self, path: Path, variable: str | None, layer: str | None) -> LabelMap:
        """Read test labels of the same scene with the same options and class ids.

        Raises:
            SettingError: if there are several scenes.
        """
        if self.parts:
            raise SettingError(
                f"{path} holds labels of one scene, there are {len(self.parts)}: leave it out, and "
                "held-out labels of all scenes score the maps"
            )
        labels = read_test_labels(
            path,
            self.label_files[0],
            self.labels,
            self.scene,
            self.label_options.arguments(),
            test_variable=variable,
            test_layer=layer,
        )
        self.label_files.append(path)
        if not self.has_pixels:
            return labels
        return without_invalid_pixels(labels, self.scene, path.name)


def read_inputs(
    scene_path: Path,
    labels_path: Path,
    scene_options: SceneOptions,
    label_options: LabelOptions,
    area_path: Path | None = None,
) -> Inputs:
    """Open a scene and read its labels, and the area of interest."""
    scene = scene_options.open(scene_path)
    labels = without_invalid_pixels(label_options.read(labels_path, scene), scene, labels_path.name)
    area = None if area_path is None else read_area(area_path, scene)
    return Inputs(
        scene_path,
        [labels_path],
        scene,
        labels,
        label_options,
        area=area,
        scene_options=scene_options,
    )


def read_labels_alone(
    labels_path: Path,
    label_options: LabelOptions,
    scene_path: Path | None,
    scene_variable: str | None,
    no_masks: bool = False,
    band_axis: str | None = None,
) -> Inputs:
    """Read labels, on the grid of a scene or, a raster, on their own."""
    if scene_path is not None:
        grid = open_scene(
            scene_path, variable=scene_variable, apply_masks=not no_masks, band_axis=band_axis
        )
    elif scene_variable is not None:
        raise SettingError(f"--scene-variable {scene_variable} needs --scene")
    elif band_axis is not None:
        raise SettingError(f"--band-axis {band_axis} needs --scene")
    elif labels_path.suffix.lower() in VECTOR_SUFFIXES:
        raise SettingError(f"{labels_path}: points and polygons have no pixels: add --scene SCENE")
    else:
        grid = grid_of_raster(labels_path, label_options.labels_variable)
    labels = label_options.read(labels_path, grid)
    has_pixels = scene_path is not None
    path = scene_path or labels_path
    return Inputs(path, [labels_path], grid, labels, label_options, has_pixels)


def hash_of_labels(path: Path) -> str | None:
    """One hash of a label file and of the files that belong to it; None for one at an address.

    A shapefile is several files, and the latest edits of a GeoPackage lie beside it.
    """
    if is_address(path):
        return None
    if path.suffix.lower() == ".shp":
        parts = [path.with_suffix(end) for end in SHAPEFILE_PARTS]
    else:
        parts = [path, *edits_of(path)]
    return sha256_of_files(sorted(part for part in parts if part.exists()))


def side_of_split(
    split_file: Path, side: Literal["train", "test"], labels: LabelMap, labels_path: Path
) -> LabelMap:
    """The training or the test labels of a split that was made from these labels.

    Raises:
        MissingFileError: if there is no such file.
        SplitError: if it holds no split, or one of other labels.
    """
    chosen: LabelMap = getattr(Split.load(split_file), side)
    is_chosen = chosen.values > 0
    if chosen.shape != labels.shape or not np.array_equal(
        chosen.values[is_chosen], labels.values[is_chosen]
    ):
        raise SplitError(f"{split_file} is no split of {labels_path}: make it again")
    return chosen


@dataclass(frozen=True)
class SplitOptions:
    """The split that the options describe.

    Raises:
        SettingError: if the kind is unknown, an option is not one of it, or one is missing.
    """

    split: Annotated[
        str | None,
        option(
            SPLIT_PANEL,
            "KIND",
            f"{', '.join(SPLIT_KINDS)}.",
            "--split",
            show_default="fields for polygons, else blocks",
        ),
    ] = None
    train_fraction: Annotated[
        float | None,
        option(
            SPLIT_PANEL,
            "SHARE",
            "Share of the blocks (or labels, or pixels in fields) that train, between 0 and 1.",
            show_default=_TRAIN_FRACTIONS,
        ),
    ] = None
    samples_per_class: Annotated[
        int | None,
        option(
            SPLIT_PANEL,
            "N",
            "Training labels per class, drawn in the training blocks or fields or, with --split "
            "per-class, anywhere.",
            show_default="all labels of the training blocks or fields",
        ),
    ] = None
    block_px: Annotated[
        int | None,
        option(
            SPLIT_PANEL,
            "PIXELS",
            "Side of a block.",
            show_default=str(_OF_BLOCKS["block_px"].default),
        ),
    ] = None
    single_field: Annotated[
        str | None,
        option(
            SPLIT_PANEL,
            "|".join(SINGLE_FIELD),
            "Of --split fields: cut a class that lies in one field in two, or leave it out.",
            show_default=SINGLE_FIELD[0],
        ),
    ] = None
    guard_px: Annotated[
        int | None,
        option(
            SPLIT_PANEL,
            "PIXELS",
            "Test labels nearer than this to a training label are dropped.",
            show_default="what the method sees around a pixel",
        ),
    ] = None
    test_labels: Annotated[
        Path | None,
        option(
            SPLIT_PANEL,
            "FILE",
            "Test labels of --split published; LABELS are then the training labels.",
        ),
    ] = None
    test_labels_variable: Annotated[
        str | None,
        option(
            SPLIT_PANEL, "NAME", "Variable of the .mat or .npz file that holds the test labels."
        ),
    ] = None
    test_layer: Annotated[
        str | None, option(SPLIT_PANEL, "NAME", "Layer of the file that holds the test labels.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse what does not go together before anything is read."""
        if self.split is not None:
            check_choice("split", self.split, SPLIT_KINDS)
        for name in self._given():
            if not any(name in _OPTIONS[kind] for kind in self._asked()):
                kinds = [kind for kind, names in _OPTIONS.items() if name in names]
                raise SettingError(
                    f"{as_option(name)} is no option of --split {' or '.join(self._asked())}: "
                    f"leave it out, or take --split {' or '.join(kinds)}"
                )
        if not self._possible():
            names = " and ".join(as_option(name) for name in self._given())
            raise SettingError(f"{names} are no options of one --split: leave one of them out")
        for name, is_needed in _OPTIONS[self._asked()[0]].items():
            if is_needed and name not in self._given():
                raise SettingError(f"--split {self.split} needs {as_option(name)}")

    def kind_for(self, labels: LabelMap) -> str:
        """The kind that was named or, if none was, that goes with the labels and the options."""
        usual, possible = usual_split(labels), self._possible()
        return usual if usual in possible else possible[0]

    def _asked(self) -> tuple[str, ...]:
        """The kind that was named, or those that may be taken where none was."""
        return USUAL_SPLITS if self.split is None else (self.split,)

    def _possible(self) -> list[str]:
        """Those of them that know all options given."""
        return [kind for kind in self._asked() if _OPTIONS[kind].keys() >= self._given().keys()]

    def given(self) -> dict[str, Any]:
        """All options that were given, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def _given(self) -> dict[str, Any]:
        """Those beside the kind."""
        return {name: value for name, value in self.given().items() if name != "split"}

    def make(self, inputs: Inputs, receptive_field_px: int, seed: int) -> Split:
        """Split the labels.

        Raises:
            SettingError: if an option is out of range.
            SplitError: if the labels do not allow this split.
        """
        path, given = self.test_labels, self._given()
        return split_labels(
            self.kind_for(inputs.labels),
            inputs.labels,
            None
            if path is None
            else inputs.read_test_labels(path, self.test_labels_variable, self.test_layer),
            given,
            receptive_field_px=receptive_field_px,
            seed=seed,
        )


def as_option(name: str) -> str:
    """How a parameter is called on the command line."""
    return "--" + name.replace("_", "-")


def check_output_folder(folder: Path) -> None:
    """Refuse, before hours of work, a folder that cannot be written to.

    Raises:
        SettingError: if it is a file, or writing is not allowed.
    """
    if is_address(folder):
        raise SettingError(
            f"--out {shown(folder)}: results are written to disks of this machine, or to a network "
            "drive that is mounted: give a path, and copy them afterwards"
        )
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
    check_output_folder(path.parent if is_address(path) else path.absolute().parent)
