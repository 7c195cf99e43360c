"""``hsidiff polygons``: the patches of a map as polygons."""

from pathlib import Path
from typing import Annotated

from hsidiff.amounts import count
from hsidiff.cli import console
from hsidiff.cli.options import OUTPUT_PANEL, JsonOption, MapArgument, option, out_option
from hsidiff.cli.outputs import check_output_file
from hsidiff.errors import MissingFileError
from hsidiff.maps.polygons import map_polygons, read_confidence, write_polygons
from hsidiff.maps.read_map import read_map

CONFIDENCE_NAME = "confidence.tif"


def polygons(
    map_path: MapArgument,
    out: Annotated[Path, out_option("FILE", "The polygons to write, .gpkg.")],
    confidence: Annotated[
        Path | None,
        option(
            OUTPUT_PANEL,
            "FILE",
            "Raster of confidence, whose mean each polygon gets.",
            show_default=f"{CONFIDENCE_NAME} beside the map, if there is one",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Turn a map into polygons with class, colour, hectares and confidence.

    One polygon per patch of pixels that share edges; hsidiff edit --min-size drops
    small ones first. The whole map is held in memory.
    """
    beside = map_path.with_name(CONFIDENCE_NAME)
    path = confidence or (beside if beside.is_file() else None)
    if path is not None and not path.is_file():
        raise MissingFileError(f"{path}: there is no such raster of confidence")
    check_output_file(out, (".gpkg",), [map_path, path])
    with console.at_work():
        drawn = read_map(map_path)
        table = map_polygons(drawn, None if path is None else read_confidence(path, drawn.shape))
        write_polygons(table, out)
    n_polygons = table["class"].value_counts()
    counts = {c.name: int(n_polygons.get(c.name, 0)) for c in drawn.classes}
    if as_json:
        answer = {"polygons": str(out), "n_polygons": counts}
        console.answer_json(answer | {"confidence": None if path is None else str(path)})
        return
    for name, n in counts.items():
        console.say(f"{name:<24} {count(n):>9} polygons")
    if path is not None:
        console.say(f"confidence from {path}")
    console.say(f"written: {out}")
