"""Options that several commands share: their names, what they mean, their defaults."""

from inspect import signature
from pathlib import Path
from typing import Annotated

import typer

from hsidiff.labels.pixel_split import SPLIT_KINDS, block_split, random_split

METHOD_PANEL = "Method"
_INPUT, _SPLIT, _OUTPUT = "Input", "Split", "Output"
_OF_BLOCKS, _OF_RANDOM = signature(block_split).parameters, signature(random_split).parameters

SceneArgument = Annotated[
    Path,
    typer.Argument(
        metavar="SCENE",
        show_default=False,
        help="GeoTIFF, ENVI (.hdr beside it), .mat, .npy or .npz.",
    ),
]
LabelsArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LABELS",
        show_default=False,
        help="Points or polygons (.gpkg, .shp, .geojson), or a raster of class ids, 0 = no label.",
    ),
]
FieldOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_INPUT,
        help="Field of the points or polygons that holds the class.",
    ),
]
SceneVariableOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_INPUT,
        help="Variable of the .mat or .npz file that holds the scene.",
    ),
]
LayerOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_INPUT,
        help="Layer of the file that holds the points or polygons.",
    ),
]
LabelsVariableOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_INPUT,
        help="Variable of the .mat or .npz file that holds the labels.",
    ),
]
DropBandsOption = Annotated[
    str | None,
    typer.Option(
        metavar="1-3,7",
        rich_help_panel=_INPUT,
        help="Bands of the file to leave out, numbered from 1.",
    ),
]
NodataOption = Annotated[
    list[float] | None,
    typer.Option(
        metavar="NUMBER",
        rich_help_panel=_INPUT,
        show_default="what the file says",
        help='The stored number that means "no value"; may be given several times.',
    ),
]
IgnoreClassOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CLASS",
        rich_help_panel=_INPUT,
        help="Class to leave out, by id or name; may be given several times.",
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="N",
        rich_help_panel=METHOD_PANEL,
        help="Seed of the split and of the method.",
    ),
]
SplitKindOption = Annotated[
    str,
    typer.Option(
        "--split", metavar="KIND", rich_help_panel=_SPLIT, help=", ".join(SPLIT_KINDS) + "."
    ),
]
TrainFractionOption = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        rich_help_panel=_SPLIT,
        show_default=f"{_OF_BLOCKS['train_fraction'].default} of the blocks; with --split random "
        f"{_OF_RANDOM['train_fraction'].default} of the labels",
        help="Share of the blocks (or labels) that train, between 0 and 1.",
    ),
]
SamplesPerClassOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        rich_help_panel=_SPLIT,
        show_default="all labels of the training blocks",
        help="Training labels per class, drawn in the training blocks or, with "
        "--split per-class, anywhere.",
    ),
]
BlockOption = Annotated[
    int | None,
    typer.Option(
        "--block-px",
        metavar="PIXELS",
        rich_help_panel=_SPLIT,
        show_default=str(_OF_BLOCKS["block_px"].default),
        help="Side of a block.",
    ),
]
GuardOption = Annotated[
    int | None,
    typer.Option(
        "--guard-px",
        metavar="PIXELS",
        rich_help_panel=_SPLIT,
        show_default="what the method sees around a pixel",
        help="Test labels nearer than this to a training label are dropped.",
    ),
]
TestLabelsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        rich_help_panel=_SPLIT,
        help="Test labels of --split published; LABELS are then the training labels.",
    ),
]
TestVariableOption = Annotated[
    str | None,
    typer.Option(
        "--test-labels-variable",
        metavar="NAME",
        rich_help_panel=_SPLIT,
        help="Variable of the .mat or .npz file that holds the test labels.",
    ),
]
TestLayerOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_SPLIT,
        help="Layer of the file that holds the test labels.",
    ),
]
ReceptiveFieldOption = Annotated[
    int,
    typer.Option(
        metavar="PIXELS",
        rich_help_panel=_SPLIT,
        help="Side of the square that a method looks at to map its middle pixel, odd.",
    ),
]
TileSizeOption = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="PIXELS",
        rich_help_panel=_OUTPUT,
        help="Largest side of the tiles that the map is drawn in: smaller needs less memory, the "
        "map stays the same.",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", metavar="", rich_help_panel=_OUTPUT, help="Answer in JSON."),
]


def split_file_option(text: str) -> typer.models.OptionInfo:
    """The option ``--split-file`` of a command; ``text`` says what for."""
    return typer.Option(
        metavar="FILE",
        rich_help_panel=_SPLIT,
        help=f"{text}, written by hsidiff split or map.",
    )


def out_option(metavar: str, text: str) -> typer.models.OptionInfo:
    """The option ``-o`` of a command: where it writes."""
    return typer.Option(
        "--out",
        "-o",
        metavar=metavar,
        rich_help_panel=_OUTPUT,
        show_default=False,
        readable=False,  # a folder for writing only will do
        help=text,
    )
