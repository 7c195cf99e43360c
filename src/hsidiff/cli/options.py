"""Options that several commands share: their names, what they mean, the panel that shows them."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.models import ArgumentInfo, OptionInfo

from hsidiff.scenes.formats.pixels import BAND_AXES

SCENE_PANEL, LABELS_PANEL, SPLIT_PANEL = "Scene", "Labels", "Split"
METHOD_PANEL, OUTPUT_PANEL = "Method", "Output"


def argument(metavar: str, text: str) -> ArgumentInfo:
    """An argument, called ``metavar`` in the help, which ``text`` explains."""
    return typer.Argument(metavar=metavar, show_default=False, help=escape(text))


def option(panel: str, metavar: str, text: str, *names: str, **more: Any) -> OptionInfo:
    """An option of a panel of the help; ``names`` if the parameter has another."""
    return typer.Option(*names, metavar=metavar, rich_help_panel=panel, help=escape(text), **more)


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
    argument("SCENE LABELS", "Further scenes (flight lines, dates), each followed by its labels."),
]
SceneOfLabelsOption = Annotated[
    Path | None,
    option(
        SCENE_PANEL,
        "SCENE",
        "The scene that the labels are for; points and polygons need its grid.",
    ),
]
SceneVariableOption = Annotated[
    str | None,
    option(
        SCENE_PANEL,
        "NAME",
        "Array of the .mat, .npz, NetCDF or HDF5 file that is the scene.",
        show_default="the only cube",
    ),
]
NoMasksOption = Annotated[
    bool,
    option(
        SCENE_PANEL,
        "",
        "Read also the pixels that quality masks of the product hide: clouds, defects.",
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
    int, option(METHOD_PANEL, "N", "Seed of all that is drawn at random.", min=0)
]
TileSizeOption = Annotated[
    int,
    option(
        OUTPUT_PANEL,
        "PIXELS",
        "Side of the tiles that are stored while the map is drawn, in whole windows of up to 112: "
        "a stop costs the tiles that were begun. The map is the same for any.",
        min=1,
    ),
]
MemoryOption = Annotated[
    str | None,
    option(
        OUTPUT_PANEL,
        "SIZE",
        "About how much memory to hold, such as 4GB: batches, samples and what is computed at "
        "once are made to fit.",
        show_default="half of what is free",
    ),
]
SchedulerOption = Annotated[
    str | None,
    option(
        OUTPUT_PANEL,
        "ADDRESS",
        "Have the map drawn by the workers of a running Dask cluster, such as tcp://HOST:8786. "
        "They must reach model, scene and -o under the same names. Needs hsidiff[dask].",
    ),
]
OverwriteOption = Annotated[
    bool, option(OUTPUT_PANEL, "", "Replace an earlier result in the folder.", "--overwrite")
]
JsonOption = Annotated[bool, option(OUTPUT_PANEL, "", "Answer in JSON.", "--json")]


CLASS_TABLE = (
    "Table that merges, renames and colours classes, .csv: columns class, name, colour. "
    "hsidiff classes writes one to edit."
)
"""What ``--classes`` is, of labels and of a map."""
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
