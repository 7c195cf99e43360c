"""``hsidiff sample``: draw points to be labelled, by which a map can be assessed."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from hsidiff.amounts import count
from hsidiff.assessment.areas import ClassArea, areas_of_map
from hsidiff.assessment.draw import ALLOCATIONS, MIN_PER_STRATUM, allocate, draw
from hsidiff.assessment.sample_file import check_sample_path, sample_table, write_sample
from hsidiff.cli import console
from hsidiff.cli.options import OUTPUT_PANEL, JsonOption, MapArgument, option, out_option
from hsidiff.cli.outputs import check_output_file
from hsidiff.maps.legend import undecided_of
from hsidiff.maps.read_map import read_map
from hsidiff.scenes.open import open_scene

SAMPLE_PANEL = "Sample"
EVERYTHING = 0
"""The stratum of a sample without strata."""


def sample(
    map_path: MapArgument,
    n: Annotated[
        int, option(SAMPLE_PANEL, "N", "How many points, in all.", "--samples", "-n", min=1)
    ],
    out: Annotated[Path, out_option("FILE", "File to write, .gpkg (with a style) or .csv.")],
    by_class: Annotated[
        bool,
        option(
            SAMPLE_PANEL,
            "",
            "Draw in each class of the map on its own, so that rare classes get points.",
            "--by-class",
        ),
    ] = False,
    allocation: Annotated[
        str,
        option(
            SAMPLE_PANEL,
            "KIND",
            f"With --by-class, how points are shared out: {', '.join(ALLOCATIONS)}. minimum is "
            "proportional to the pixels, with at least --min-per-class for each class.",
        ),
    ] = "minimum",
    min_per_class: Annotated[
        int | None,
        option(
            SAMPLE_PANEL,
            "N",
            "Fewest points of a class.",
            min=1,
            show_default=f"{MIN_PER_STRATUM}, or fewer if -n does not allow so many",
        ),
    ] = None,
    seed: Annotated[int, option(SAMPLE_PANEL, "N", "Another seed, another sample.", min=0)] = 0,
    show_class: Annotated[
        bool,
        option(
            OUTPUT_PANEL,
            "",
            "Write the class of the map beside each point, which may lead whoever labels it.",
            "--show-class",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a random sample of a map's pixels, to be labelled.

    Fill in the field reference of each point, from better images or on the
    ground, then: hsidiff evaluate MAP FILE. The sample can be used for other
    maps of the place as well: it keeps its strata.
    """
    with console.at_work():
        check_sample_path(out)
        grid, drawn = open_scene(map_path), read_map(map_path)
        check_output_file(out, (out.suffix.lower(),), grid.files)
        areas = areas_of_map(drawn.values, drawn.classes, grid.crs, grid.transform)
        areas = [area for area in areas if area.pixels]
        if not by_class:
            areas = [_together(areas)]
        pixels = [area.pixels for area in areas]
        names = [f"class {area.name!r}" for area in areas] if by_class else ["the map"]
        sizes = allocate(n, pixels, names, allocation, min_per_class)
        points = draw(_positions(drawn.values, areas, by_class), sizes, seed)
        strata = pd.DataFrame(
            {"stratum": [a.id for a in areas], "pixels": pixels,
             "hectares": np.array([a.hectares for a in areas], dtype=float)}
        )  # fmt: skip
        class_names = {c.id: c.name for c in drawn.classes}
        shown = [class_names[i] for i in drawn.values[points.rows, points.cols].tolist()]
        table = sample_table(points, strata, grid.transform, shown if show_class else None)
        undecided = undecided_of(drawn.classes)
        classes = [c for c in drawn.classes if c not in undecided]
        write_sample(table, out, grid.crs, grid.transform, classes)
    if as_json:
        entries = [
            {**area.to_json(), "n_samples": size} for area, size in zip(areas, sizes, strict=True)
        ]
        console.answer_json({"sample": str(out), "seed": seed, "strata": entries})
        return
    _tell(areas, sizes, by_class, map_path, out)


def _together(areas: list[ClassArea]) -> ClassArea:
    """The whole map as one stratum."""
    hectares = [area.hectares for area in areas if area.hectares is not None]
    total = sum(hectares) if hectares else None
    return ClassArea(EVERYTHING, "all classes", sum(area.pixels for area in areas), total)


def _positions(values: np.ndarray, areas: list[ClassArea], by_class: bool) -> np.ndarray:
    """(rows, cols) position of each pixel's stratum, -1 = in none."""
    if not by_class:
        return np.where(values > 0, 0, -1)
    ids = [area.id for area in areas]
    return np.where(np.isin(values, ids), np.searchsorted(ids, values), -1)


def _tell(
    areas: list[ClassArea], sizes: list[int], by_class: bool, map_path: Path, out: Path
) -> None:
    console.say(f"{'stratum':<30} {'pixels':>12} {'points':>8}")
    for area, size in zip(areas, sizes, strict=True):
        label = f"{area.id:>4}  {area.name}" if by_class else area.name
        console.say(f"{label:<30} {count(area.pixels):>12} {count(size):>8}")
    console.say(f"written: {out}")
    console.say(f"next: fill in the field reference, then: hsidiff evaluate {map_path} {out}")
