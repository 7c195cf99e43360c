"""``hsidiff view``: look at a scene or a map in the browser, label, train, compare, export."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from hsidiff.cli import console
from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.cli.options import SCENE_PANEL, argument, option, out_option
from hsidiff.cli.outputs import check_output_folder
from hsidiff.errors import SceneError, SettingError
from hsidiff.viewer.folder import LABEL_FILE

LabelsToStart = Annotated[
    Path | None,
    argument("LABELS", "Labels to begin with: points, polygons, or a raster of class ids."),
]


def view(
    scene: Annotated[
        Path,
        argument("SCENE|RUN", "A scene in any format, or a folder that hsidiff map wrote."),
    ],
    scene_options: SceneOptions,
    label_options: LabelOptions,
    labels: LabelsToStart = None,
    out: Annotated[
        Path | None,
        out_option("FOLDER", "Folder for labels and maps; what an existing one holds is opened."),
    ] = None,
    scene_of_run: Annotated[
        Path | None,
        option(
            SCENE_PANEL,
            "FILE",
            "The scene of RUN, if it was moved; of a map of several scenes, which one.",
            "--scene",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port; 0: a free one.")
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the address and open no browser.")
    ] = False,
) -> None:
    """Look at a scene, or at a map, in the browser: label, train, compare maps, export.

    A folder that hsidiff map wrote opens with its scene, its map, its labels and what
    held-out labels say of it. Labels are saved to FOLDER/labels.gpkg on every change,
    maps to FOLDER/maps. FOLDER is SCENE-view (RUN-view) in the current folder
    if none is given. The page is for this computer only. Ctrl-C ends it.
    """
    serve, session, opened_run = _viewer()
    with console.at_work():
        run = None
        if opened_run.is_run(scene):
            given = None if scene_options == SceneOptions() else scene_options.arguments()
            run = opened_run.open_run(scene, scene_of_run, given)
        elif scene_of_run is not None:
            raise SettingError(f"--scene goes with a folder of hsidiff map, which {scene} is not")
        source = None if run is None else run.source
        if source is None:
            source = session.SceneSource(scene, scene_options.arguments())
            if scene.is_dir():
                _check_opens(source)
        folder = out or Path(f"{scene.stem if run is None else run.name}-view")
        check_output_folder(folder)
        first = None
        if (folder / LABEL_FILE).exists():
            if labels is not None:
                console.show_note(f"{folder} holds labels already; {labels} was not read again")
        elif labels is not None:
            first = label_options.read(labels, source.open())
        elif run is not None:
            first = run.labels_if_there(source.open(), console.show_note)
        opened = session.Session(source, folder, first, run and run.layer)

    def tell(address: str) -> None:
        console.say(f"{opened.scene.name}: {address}")
        console.say(f"labels and maps: {folder}; Ctrl-C ends")

    serve.serve(opened, port, tell, opens=not no_open)


def _check_opens(source: Any) -> None:
    """Say of a folder that is neither a scene nor a run what might be meant.

    Raises:
        SceneError: if it cannot be opened.
    """
    try:
        source.open()
    except SceneError as error:
        raise SceneError(
            f"{error}; or a folder that hsidiff map wrote (-o RUN), which holds a result.json"
        ) from error


def _viewer() -> tuple:
    """The modules of the viewer that are needed, which need an extra.

    Raises:
        SettingError: if it is not installed.
    """
    try:
        names = ("serve", "session", "opened_run")
        return tuple(import_module(f"hsidiff.viewer.{name}") for name in names)
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "starlette", "uvicorn"):
            raise
        raise SettingError(
            f"hsidiff view needs {error.name}, which is not installed: pip install 'hsidiff[view]'"
        ) from error
