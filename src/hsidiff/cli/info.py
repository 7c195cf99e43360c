"""``hsidiff info``: what a scene is."""

from typing import Any

import numpy as np

from hsidiff.cli import console
from hsidiff.cli.options import JsonOption, SceneArgument, SceneOptions
from hsidiff.scenes.scene import Scene
from hsidiff.windows.statistics import band_list


def info(scene: SceneArgument, scene_options: SceneOptions, as_json: JsonOption = False) -> None:
    """Say what a scene file holds: size, bands, georeference."""
    with console.at_work():
        opened = scene_options.open(scene)
    facts = describe_scene(opened)
    if as_json:
        console.answer_json(facts)
        return
    for name, value in facts.items():
        if value is not None:
            console.say(f"{name.replace('_', ' '):<18} {_written(name, value)}")


def describe_scene(scene: Scene) -> dict[str, Any]:
    """What is known of a scene without reading its pixels."""
    wavelengths = scene.wavelengths_nm
    unused = np.flatnonzero(~scene.good_bands) + 1
    return {
        "name": scene.name,
        "files": [str(path) for path in scene.files],
        "rows": scene.shape[0],
        "cols": scene.shape[1],
        "bands": scene.n_bands,
        "unused_bands": band_list(unused) if unused.size else None,
        "wavelengths_nm": None
        if wavelengths is None
        else [float(wavelengths.min()), float(wavelengths.max())],
        "stored_as": str(scene.source.dtype),
        # JSON has no NaN; as a number it would not be one.
        "nodata": _nodata(scene),
        "crs": None if scene.crs is None else scene.crs.to_string(),
        "transform": None if scene.transform is None else list(scene.transform)[:6],
    }


def _nodata(scene: Scene) -> Any:
    """The number that means "no value", or all of them if there are several; None if none does."""
    numbers = ["nan" if np.isnan(number) else number for number in scene.nodata_numbers]
    return numbers if len(numbers) > 1 else next(iter(numbers), None)


def _written(name: str, value: Any) -> str:
    """A fact as a person reads it."""
    match name, value:
        case "wavelengths_nm", (first, last):
            return f"{first:.1f} to {last:.1f}"
        case "transform", (width, 0, x, 0, height, y):
            return f"pixels of {width:g} x {-height:g}, upper left corner {x:.12g}, {y:.12g}"
        case "transform", _:
            return ", ".join(f"{number:.12g}" for number in value)
        case "nodata", [*numbers]:
            return ", ".join(number if number == "nan" else f"{number:g}" for number in numbers)
        case "files", _:
            return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
