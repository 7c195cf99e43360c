"""What a command reads: a scene, its labels, a split that was written."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.errors import SettingError, SplitError
from hsidiff.files import sha256_of_files
from hsidiff.labels.area import read_area
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.published import read_test_labels
from hsidiff.labels.raster import grid_of_raster
from hsidiff.labels.split import Split
from hsidiff.labels.validity import without_invalid_pixels
from hsidiff.labels.vector_file import VECTOR_SUFFIXES, edits_of
from hsidiff.scenes.formats.address import is_address
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

SHAPEFILE_PARTS = (".cpg", ".dbf", ".prj", ".shp", ".shx")


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
    """Read labels, on the grid of a scene or, a raster, on their own.

    Raises:
        SettingError: if an option, or labels that are no raster, need a scene.
    """
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
