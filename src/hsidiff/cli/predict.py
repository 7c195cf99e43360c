"""``hsidiff predict``: map a scene with a saved model."""

from pathlib import Path
from typing import Annotated

from hsidiff.cli import console
from hsidiff.cli.classifiers import DeviceOption, ModelArgument, OwnClassOption, load_model
from hsidiff.cli.inputs import check_output_file
from hsidiff.cli.options import (
    OUTPUT_PANEL,
    AreaOption,
    JsonOption,
    SceneArgument,
    SceneOptions,
    TileSizeOption,
    option,
    out_option,
)
from hsidiff.contract import DEFAULT_TILE_SIZE_PX
from hsidiff.evaluation.results import Stopwatch
from hsidiff.labels.area import read_area
from hsidiff.maps.geotiff import map_files, read_class_map
from hsidiff.maps.predict import predict_to_file


def predict(
    model: ModelArgument,
    scene: SceneArgument,
    scene_options: SceneOptions,
    out: Annotated[Path, out_option("FILE", "The map to write, .tif.")],
    probabilities: Annotated[
        Path | None,
        option(OUTPUT_PANEL, "FILE", "Write the probabilities of the classes, too, .tif."),
    ] = None,
    area: AreaOption = None,
    tile_size: TileSizeOption = DEFAULT_TILE_SIZE_PX,
    method: OwnClassOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Map a scene with a saved model."""
    stopwatch = Stopwatch()
    with console.at_work():
        loaded = load_model(model, method, device)
        opened = scene_options.open(scene)
        wanted = None if area is None else read_area(area, opened)
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
                area=wanted,
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
        reason = "(no value in the scene)" if area is None else "(no value, or outside)"
        console.say(f"{reason:<24} {n_invalid:>10} pixels")
    console.say("written:")
    for path in (*map_files(out), *([] if probabilities is None else [probabilities])):
        console.say(f"  {path}")
