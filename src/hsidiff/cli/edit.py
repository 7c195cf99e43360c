"""``hsidiff edit``: other classes, an area and a smallest patch for a map that exists."""

from pathlib import Path
from typing import Annotated

import numpy as np

from hsidiff.amounts import count
from hsidiff.cli import console
from hsidiff.cli.options import (
    CLASS_TABLE,
    OUTPUT_PANEL,
    AreaOption,
    JsonOption,
    MapArgument,
    MinSizeOption,
    option,
    out_option,
)
from hsidiff.cli.outputs import check_output_file
from hsidiff.errors import SettingError
from hsidiff.labels.area import read_area
from hsidiff.labels.class_table import read_class_table
from hsidiff.maps.edit import cut_to, sieved
from hsidiff.maps.geotiff import map_files, write_class_map
from hsidiff.maps.read_map import read_map
from hsidiff.scenes.open import open_scene


def edit(
    map_path: MapArgument,
    out: Annotated[Path, out_option("FILE", "The map to write, .tif.")],
    classes: Annotated[Path | None, option(OUTPUT_PANEL, "FILE", CLASS_TABLE)] = None,
    area: AreaOption = None,
    min_size: MinSizeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Merge, rename or colour the classes of a map, cut it, drop small patches.

    The order is: classes, area, small patches. The whole map is held in memory,
    about 25 bytes per pixel.
    """
    if classes is None and area is None and min_size is None:
        raise SettingError("nothing to do: give --classes, --area or --min-size")
    check_output_file(out, (".tif", ".tiff"), [map_path, classes, area])
    with console.at_work():
        drawn = before = read_map(map_path)
        if classes is not None:
            drawn = before = read_class_table(classes).apply(drawn)
        if area is not None:
            drawn = before = cut_to(drawn, read_area(area, open_scene(map_path)))
        if min_size is not None:
            drawn = sieved(drawn, min_size)
        write_class_map(drawn.values, drawn.classes, out, drawn.crs, drawn.transform)
    counts = drawn.counts()
    n_changed = int(np.count_nonzero(drawn.values != before.values))
    if as_json:
        pixels = {c.name: counts[c.id] for c in drawn.classes}
        console.answer_json(
            {"map": str(out), "pixels": pixels, "pixels_of_small_patches": n_changed}
        )
        return
    for c in drawn.classes:
        console.say(f"{c.name:<24} {count(counts[c.id]):>11} pixels")
    if min_size is not None:
        console.say(f"{count(n_changed)} pixels lay in patches of fewer than {min_size} pixels")
    console.say_written(map_files(out))
