"""``hsidiff view``: look at a scene in the browser, label it, train, compare, export."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from hsidiff.cli import console
from hsidiff.cli.inputs import check_output_folder
from hsidiff.cli.options import LabelOptions, SceneArgument, SceneOptions, argument, out_option
from hsidiff.errors import SettingError
from hsidiff.viewer.folder import LABEL_FILE

LabelsToStart = Annotated[
    Path | None,
    argument("[LABELS]", "Labels to begin with: points, polygons, or a raster of class ids."),
]


def view(
    scene: SceneArgument,
    scene_options: SceneOptions,
    label_options: LabelOptions,
    labels: LabelsToStart = None,
    out: Annotated[
        Path | None,
        out_option("FOLDER", "Folder for labels and maps; one that exists is gone on with."),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the address, open no browser.")
    ] = False,
) -> None:
    """Look at a scene in the browser: label, train, compare maps, export.

    Labels are saved to FOLDER/labels.gpkg on every change, maps to FOLDER/maps.
    FOLDER is SCENE-view beside you if none is given. The page is for this
    computer only. Ctrl-C ends it.
    """
    serve, session = _viewer()
    folder = out or Path(f"{scene.stem}-view")
    check_output_folder(folder)
    source = session.SceneSource(scene, scene_options.arguments())
    with console.at_work():
        first = None
        if labels is not None:
            first = label_options.read(labels, scene_options.open(scene))
        if first is not None and (folder / LABEL_FILE).exists():
            console.show_note(f"{folder} holds labels already; {labels} was not read again")
            first = None
        opened = session.Session(source, folder, first)

    def tell(address: str) -> None:
        console.say(f"{opened.scene.name}: {address}")
        console.say(f"labels and maps: {folder}; Ctrl-C ends")

    serve.serve(opened, port, tell, opens=not no_open)


def _viewer() -> tuple:
    """The modules of the viewer, which need an extra.

    Raises:
        SettingError: if it is not installed.
    """
    try:
        return import_module("hsidiff.viewer.serve"), import_module("hsidiff.viewer.session")
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "starlette", "uvicorn"):
            raise
        raise SettingError(
            f"hsidiff view needs {error.name}, which is not installed: pip install 'hsidiff[view]'"
        ) from error
