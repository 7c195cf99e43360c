"""Options that several commands share: their names, what they mean, the panel that shows them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.models import ArgumentInfo, OptionInfo

from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.legend import ZERO_MEANS
from hsidiff.labels.read import read_labels
from hsidiff.scenes.bands import NmRange
from hsidiff.scenes.formats.pixels import BAND_AXES
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene

SCENE_PANEL, LABELS_PANEL, SPLIT_PANEL = "Scene", "Labels", "Split"
METHOD_PANEL, OUTPUT_PANEL = "Method", "Output"
_NM_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*", re.ASCII)
_BANDS = re.compile(r"\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*", re.ASCII)


def argument(metavar: str, text: str) -> ArgumentInfo:
    """An argument, called ``metavar`` in the help, which ``text`` explains."""
    return typer.Argument(metavar=metavar, show_default=False, help=text)


def option(panel: str, metavar: str, text: str, *names: str, **more: Any) -> OptionInfo:
    """An option of a panel of the help; ``names`` if the parameter has another."""
    return typer.Option(*names, metavar=metavar, rich_help_panel=panel, help=text, **more)


def out_option(metavar: str, text: str, show_default: bool = False) -> OptionInfo:
    """The option ``-o`` of a command: where it writes. A folder for writing only will do."""
    more = {"show_default": show_default, "readable": False}
    return option(OUTPUT_PANEL, metavar, text, "--out", "-o", **more)


def split_file_option(text: str) -> OptionInfo:
    """The option ``--split-file`` of a command; ``text`` says what for."""
    return option(SPLIT_PANEL, "FILE", f"{text}, written by hsidiff split or map.")


SceneArgument = Annotated[
    Path,
    argument(
        "SCENE",
        "GeoTIFF, ENVI (.hdr beside it), .mat, .npy, .npz, NetCDF or HDF5 (EMIT, PRISMA, Tanager, "
        "AVIRIS-3, NEON), or a folder or archive of EnMAP or DESIS.",
    ),
]
LabelsArgument = Annotated[
    Path,
    argument(
        "LABELS",
        "Points or polygons (.gpkg, .shp, .geojson), or a raster of class ids, 0 = no label.",
    ),
]
MoreScenesArgument = Annotated[
    list[Path] | None,
    argument(
        "[SCENE LABELS]...", "Further scenes (flight lines, dates), each followed by its labels."
    ),
]
SceneOfLabelsOption = Annotated[
    Path | None,
    option(
        SCENE_PANEL,
        "SCENE",
        "The scene that the labels are for: points and polygons need its grid.",
    ),
]
SceneVariableOption = Annotated[
    str | None,
    option(SCENE_PANEL, "NAME", "Array of the .mat, .npz, NetCDF or HDF5 file that is the scene."),
]
DropBandsOption = Annotated[
    str | None, option(SCENE_PANEL, "1-3,7", "Bands of the file to leave out, numbered from 1.")
]
DropNmOption = Annotated[
    str | None,
    option(SCENE_PANEL, "1350-1450,1800-1950", "Wavelengths in nm whose bands to leave out."),
]
KeepNmOption = Annotated[
    str | None,
    option(SCENE_PANEL, "400-1000", "Wavelengths in nm: bands outside these ranges are left out."),
]
RescaleOption = Annotated[
    float | None,
    option(
        SCENE_PANEL,
        "FACTOR",
        "Multiply all values, for a scene in another unit than the one that was learned from.",
    ),
]
NodataOption = Annotated[
    list[float] | None,
    option(
        SCENE_PANEL,
        "NUMBER",
        'The stored number that means "no value"; may be given several times.',
        show_default="what the file says",
    ),
]
NoMasksOption = Annotated[
    bool,
    option(
        SCENE_PANEL,
        "",
        "Read the pixels that quality masks of the product hide: clouds, defects.",
        "--no-masks",
    ),
]
BandAxisOption = Annotated[
    str | None,
    option(
        SCENE_PANEL,
        "|".join(BAND_AXES),
        "Axis of the .mat, .npz, .npy, NetCDF or HDF5 cube that holds the bands.",
        show_default="what the file says, else last",
    ),
]
ReceptiveFieldOption = Annotated[
    int,
    option(
        SPLIT_PANEL,
        "PIXELS",
        "Side of the square that a method looks at to map its middle pixel, odd.",
    ),
]
SeedOption = Annotated[
    int, option(METHOD_PANEL, "N", "Seed of the split and of the method.", min=0)
]
TileSizeOption = Annotated[
    int,
    option(
        OUTPUT_PANEL,
        "PIXELS",
        "Largest side of the tiles that the map is kept in while it is drawn, 112 at least: less "
        "is lost with a smaller one that was begun, the map stays the same.",
        min=1,
    ),
]
MemoryOption = Annotated[
    str | None,
    option(
        OUTPUT_PANEL,
        "4GB",
        "About how much memory hsidiff may hold: it chooses tiles, batches and samples to fit.",
        show_default="half of what is free",
    ),
]
SchedulerOption = Annotated[
    str | None,
    option(
        OUTPUT_PANEL,
        "ADDRESS",
        "Have the map drawn by the workers of a Dask cluster that runs, such as tcp://HOST:8786. "
        "They must reach model, scene and -o under the same names. Needs hsidiff[dask].",
    ),
]
OverwriteOption = Annotated[
    bool, option(OUTPUT_PANEL, "", "Replace an earlier result in the folder.", "--overwrite")
]
JsonOption = Annotated[bool, option(OUTPUT_PANEL, "", "Answer in JSON.", "--json")]


AreaOption = Annotated[
    Path | None,
    option(
        OUTPUT_PANEL,
        "FILE",
        "Area of interest, polygons in any CRS (.gpkg, .shp, .geojson): the map is 0 outside.",
    ),
]
MinSizeOption = Annotated[
    int | None,
    option(
        OUTPUT_PANEL,
        "PIXELS",
        "Smallest patch to keep: a smaller one gets the class of its largest neighbour.",
        min=2,
    ),
]
MapArgument = Annotated[Path, argument("MAP", "A map of class ids, .tif.")]


@dataclass(frozen=True)
class SceneOptions:
    """How a scene is read."""

    scene_variable: SceneVariableOption = None
    drop_bands: DropBandsOption = None
    nodata: NodataOption = None
    drop_nm: DropNmOption = None
    keep_nm: KeepNmOption = None
    rescale: RescaleOption = None
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
        option(LABELS_PANEL, "NAME", "Field of the points or polygons that holds the class."),
    ] = None
    layer: Annotated[
        str | None,
        option(LABELS_PANEL, "NAME", "Layer of the file that holds the points or polygons."),
    ] = None
    labels_variable: Annotated[
        str | None,
        option(LABELS_PANEL, "NAME", "Variable of the .mat or .npz file that holds the labels."),
    ] = None
    ignore_class: Annotated[
        list[str] | None,
        option(
            LABELS_PANEL, "CLASS", "Class to leave out, by id or name; may be given several times."
        ),
    ] = None

    classes: Annotated[
        Path | None,
        option(
            LABELS_PANEL,
            "FILE",
            "Table that merges, renames and colours classes, .csv: columns class, name, colour. "
            "hsidiff classes writes one to edit.",
        ),
    ] = None

    zero: Annotated[
        str,
        option(
            LABELS_PANEL,
            "|".join(ZERO_MEANS),
            "What the id 0 means; as a class, all ids are raised by 1.",
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
