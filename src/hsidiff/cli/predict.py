"""``hsidiff predict``: map a scene with a saved model."""

from pathlib import Path
from typing import Annotated

import typer

from hsidiff.catalog import find_classifier, load_classifier
from hsidiff.classifier import DEFAULT_TILE_SIZE_PX
from hsidiff.cli import console
from hsidiff.cli.inputs import band_numbers, check_output_file
from hsidiff.cli.options import (
    METHOD_PANEL,
    DropBandsOption,
    JsonOption,
    NodataOption,
    SceneArgument,
    SceneVariableOption,
    TileSizeOption,
    out_option,
)
from hsidiff.errors import SettingError
from hsidiff.evaluation.results import Stopwatch
from hsidiff.maps.geotiff import map_files, read_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.scenes.open import open_scene
from hsidiff.training.loop import pick_device


def predict(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", show_default=False, help="Folder of a saved model.")
    ],
    scene: SceneArgument,
    out: Annotated[Path, out_option("FILE", "The map to write, .tif.")],
    probabilities: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel="Output",
            help="Write the probabilities of the classes, too, .tif.",
        ),
    ] = None,
    tile_size: TileSizeOption = DEFAULT_TILE_SIZE_PX,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=METHOD_PANEL,
            help="path/file.py:Class, for a model of a class of your own.",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=METHOD_PANEL,
            help="auto, cpu, cuda or mps instead of the device that the model was fitted with.",
        ),
    ] = None,
    scene_variable: SceneVariableOption = None,
    drop_bands: DropBandsOption = None,
    nodata: NodataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Map a scene with a saved model."""
    stopwatch = Stopwatch()
    with console.at_work():
        loaded = find_classifier(method).load(model) if method else load_classifier(model)
        if device is not None:
            if "device" not in loaded.get_params():
                raise SettingError(
                    f"--device {device}: {loaded.name} knows no device; leave it out"
                )
            loaded.set_params(device=pick_device(device))
        opened = open_scene(
            scene, variable=scene_variable, drop_bands=band_numbers(drop_bands), nodata=nodata
        )
        for path in (out, probabilities):
            if path is not None:
                check_output_file(path, (".tif", ".tiff"), opened.files)
        with stopwatch.stage("map"):
            predict_to_file(
                loaded,
                opened,
                out,
                probabilities_path=probabilities,
                tile_size=tile_size,
            )
    values = read_class_map(out)
    counts = {c.name: int((values == c.id).sum()) for c in loaded.classes_}
    if as_json:
        seconds = stopwatch.to_json()["map"]
        console.answer_json({"map": str(out), "pixels": counts, "seconds": seconds})
        return
    for name, n_pixels in counts.items():
        console.say(f"{name:<24} {n_pixels:>10} pixels")
    if n_invalid := int((values == 0).sum()):
        console.say(f"{'(no value in the scene)':<24} {n_invalid:>10} pixels")
    console.say("written:")
    for path in (*map_files(out), *([] if probabilities is None else [probabilities])):
        console.say(f"  {path}")
