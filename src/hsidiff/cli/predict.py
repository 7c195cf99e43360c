"""``hsidiff predict``: map a scene with a saved model."""

from pathlib import Path
from typing import Annotated

import typer

from hsidiff.catalog import find_classifier, load_classifier
from hsidiff.classifier import DEFAULT_TILE_SIZE_PX
from hsidiff.cli import console
from hsidiff.cli.job import read_map
from hsidiff.cli.options import (
    DropBandsOption,
    JsonOption,
    SceneArgument,
    SceneVariableOption,
    TileSizeOption,
    band_numbers,
)
from hsidiff.evaluation.results import Stopwatch
from hsidiff.maps.predict import predict_to_file
from hsidiff.scenes.open import open_scene


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a saved model.")],
    scene: SceneArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="The map to write, .tif.")],
    probabilities: Annotated[
        Path | None, typer.Option(help="Write class probabilities to this .tif, too.")
    ] = None,
    tile_size: TileSizeOption = None,
    method: Annotated[
        str | None, typer.Option(help="path/file.py:Class, for a model of your own class.")
    ] = None,
    scene_variable: SceneVariableOption = None,
    drop_bands: DropBandsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Map a scene with a saved model."""
    stopwatch = Stopwatch()
    with console.at_work():
        loaded = find_classifier(method).load(model) if method else load_classifier(model)
        opened = open_scene(scene, variable=scene_variable, drop_bands=band_numbers(drop_bands))
        with stopwatch.stage("map"):
            predict_to_file(
                loaded,
                opened,
                out,
                probabilities_path=probabilities,
                tile_size=tile_size or DEFAULT_TILE_SIZE_PX,
            )
    values = read_map(out)
    counts = {c.name: int((values == c.id).sum()) for c in loaded.classes_}
    if as_json:
        seconds = stopwatch.to_json()["map"]
        console.answer_json({"map": str(out), "pixels": counts, "seconds": seconds})
        return
    for name, n_pixels in counts.items():
        console.say(f"{name:<24} {n_pixels:>10} pixels")
    console.say(f"written: {out}")
