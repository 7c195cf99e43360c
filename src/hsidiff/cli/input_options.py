"""The options that say how a scene and its labels are read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from hsidiff.cli.options import (
    CLASS_TABLE,
    LABELS_PANEL,
    SCENE_PANEL,
    BandAxisOption,
    NoMasksOption,
    SceneVariableOption,
    option,
)
from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.legend import ZERO_MEANS
from hsidiff.labels.read import read_labels
from hsidiff.scenes.bands import NmRange
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene

_NM_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*", re.ASCII)
_BANDS = re.compile(r"\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*", re.ASCII)


@dataclass(frozen=True)
class SceneOptions:
    """How a scene is read."""

    scene_variable: SceneVariableOption = None
    drop_bands: Annotated[
        str | None,
        option(SCENE_PANEL, "1-3,7", "Bands to leave out, numbered from 1 as in the file."),
    ] = None
    nodata: Annotated[
        list[float] | None,
        option(
            SCENE_PANEL,
            "NUMBER",
            'The stored number that means "no value"; may be given several times.',
            show_default="what the file says",
        ),
    ] = None
    drop_nm: Annotated[
        str | None,
        option(
            SCENE_PANEL,
            "1350-1450,1800-1950",
            "Ranges of wavelengths in nm, ends included, whose bands to leave out.",
        ),
    ] = None
    keep_nm: Annotated[
        str | None,
        option(
            SCENE_PANEL,
            "400-1000",
            "Ranges of wavelengths in nm, ends included: all other bands are left out.",
        ),
    ] = None
    rescale: Annotated[
        float | None,
        option(
            SCENE_PANEL,
            "FACTOR",
            "Multiply all values by this, such as 0.0001: for a scene in another unit than the one "
            "that was learned from.",
        ),
    ] = None
    no_masks: NoMasksOption = False
    band_axis: BandAxisOption = None

    def open(self, path: Path) -> Scene:
        """The scene that the options describe.

        Raises:
            MissingFileError: if there is no such file.
            SceneError: if it holds no scene.
            SettingError: if the bands or wavelengths are no list of them, or the factor is none.
        """
        return open_scene(path, **self.arguments())

    def arguments(self) -> dict[str, Any]:
        """The same as arguments of :func:`~hsidiff.scenes.open.open_scene`, JSON values.

        Raises:
            SettingError: if the bands or wavelengths are no list of them, or the factor is none.
        """
        return {
            "variable": self.scene_variable,
            "drop_bands": _band_numbers(self.drop_bands),
            "nodata": self.nodata or None,
            "drop_nm": _nm_ranges("--drop-nm", self.drop_nm),
            "keep_nm": _nm_ranges("--keep-nm", self.keep_nm),
            "rescale": self.rescale,
            "apply_masks": not self.no_masks,
            "band_axis": self.band_axis,
        }


@dataclass(frozen=True)
class LabelOptions:
    """How labels are read."""

    field: Annotated[
        str | None,
        option(
            LABELS_PANEL,
            "NAME",
            "Field of the points or polygons that holds the class.",
            show_default="one called class, label or the like, else the only one that can be",
        ),
    ] = None
    layer: Annotated[
        str | None,
        option(
            LABELS_PANEL,
            "NAME",
            "Layer of the file that holds the points or polygons.",
            show_default="the only one",
        ),
    ] = None
    labels_variable: Annotated[
        str | None,
        option(
            LABELS_PANEL,
            "NAME",
            "Array of the .mat or .npz file that holds the labels.",
            show_default="that of the scene's shape",
        ),
    ] = None
    ignore_class: Annotated[
        list[str] | None,
        option(
            LABELS_PANEL, "CLASS", "Class to leave out, by id or name; may be given several times."
        ),
    ] = None

    classes: Annotated[Path | None, option(LABELS_PANEL, "FILE", CLASS_TABLE)] = None

    zero: Annotated[
        str,
        option(
            LABELS_PANEL,
            "|".join(ZERO_MEANS),
            "What the id 0 means. As a class, all ids are raised by 1.",
        ),
    ] = ZERO_MEANS[0]

    def arguments(self) -> dict[str, Any]:
        """The same as arguments of :func:`~hsidiff.labels.read.read_labels`."""
        return {
            "field": self.field,
            "layer": self.layer,
            "variable": self.labels_variable,
            "zero": self.zero,
            "ignore_classes": self.ignore_class or [],
            "class_names": None if self.classes is None else str(self.classes),
        }

    def read(self, path: Path, scene: Scene) -> LabelMap:
        """The labels that the options describe, on the grid of a scene."""
        return read_labels(path, scene, **self.arguments())


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


def _nm_ranges(name: str, text: str | None) -> list[NmRange]:
    """The ranges that ``1350-1450,1800-1950`` stands for.

    Raises:
        SettingError: if it is not such a list.
    """
    ranges: list[NmRange] = []
    for part in [] if text is None else text.split(","):
        ends = _NM_RANGE.fullmatch(part)
        if ends is None or float(ends[1]) > float(ends[2]):
            raise SettingError(
                f"{name} {text}: expected ranges of wavelengths in nm, the lower end first, such "
                "as 1350-1450,1800-1950"
            )
        ranges.append((float(ends[1]), float(ends[2])))
    return ranges
