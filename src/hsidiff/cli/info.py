"""``hsidiff info``: what a scene is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hsidiff.amounts import percent
from hsidiff.cli import console
from hsidiff.cli.input_options import SceneOptions
from hsidiff.cli.options import JsonOption, SceneArgument
from hsidiff.scenes.bands import NmRange, band_list, gaps_nm, overlap_nm
from hsidiff.scenes.scene import Scene
from hsidiff.windows.value_summary import summarise_values


def info(scene: SceneArgument, scene_options: SceneOptions, as_json: JsonOption = False) -> None:
    """Say what a scene file holds: size, bands, values, georeference.

    Of a large scene, values are those of a sample.
    """
    with console.at_work():
        opened = scene_options.open(scene)
        facts = describe_scene(opened) | describe_values(opened)
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
        "gaps_nm": None if wavelengths is None else _pairs(gaps_nm(wavelengths)),
        "overlap_nm": None
        if scene.file_wavelengths_nm is None
        else _pairs(overlap_nm(scene.file_wavelengths_nm)),
        "stored_as": str(scene.source.dtype),
        "scale": _one_or_ends(scene, scene.scale),
        "offset": _one_or_ends(scene, scene.offset),
        # JSON has no NaN and no infinity; as numbers they would not be any.
        "nodata": _nodata(scene),
        "crs": None if scene.crs is None else scene.crs.to_string(),
        "transform": None if scene.transform is None else list(scene.transform)[:6],
        "notes": list(scene.notes) or None,
    }


def describe_values(scene: Scene) -> dict[str, Any]:
    """Low, median and high of a sample, and the share of pixels without value."""
    summary = summarise_values(scene)
    known = summary.median is not None
    names = ("low", "median", "high")
    return {
        "values": {name: getattr(summary, name) for name in names} if known else None,
        "without_value": summary.share_without_value,
        "sampled_pixels": None if summary.is_whole else summary.n_pixels,
    }


def _pairs(ranges: list[NmRange]) -> list[list[float]] | None:
    return [list(pair) for pair in ranges] or None


def _one_or_ends(scene: Scene, number: float | np.ndarray) -> float | list[float]:
    """A number, or the smallest and the largest where usable bands differ."""
    if isinstance(number, np.ndarray) and number.ndim:
        number = number[scene.band_indices]
    low, high = float(np.min(number)), float(np.max(number))
    return low if low == high else [low, high]


def _nodata(scene: Scene) -> Any:
    """The number that means "no value", or all of them if there are several; None if none does."""
    numbers = [number if np.isfinite(number) else str(number) for number in scene.nodata_numbers]
    return numbers if len(numbers) > 1 else next(iter(numbers), None)


def _written(name: str, value: Any) -> str:
    """A fact as a person reads it."""
    if name in _IN_WORDS:
        return _IN_WORDS[name](value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _range(ends: Sequence[float]) -> str:
    return f"{ends[0]:.1f} to {ends[1]:.1f}"


def _ranges(value: Sequence[Sequence[float]]) -> str:
    return ", ".join(f"{first:.0f} to {last:.0f}" for first, last in value)


def _by_band(value: float | Sequence[float]) -> str:
    return f"{value[0]:g} to {value[1]:g}, by band" if isinstance(value, list) else f"{value:g}"


def _values(value: Mapping[str, float]) -> str:
    return f"{value['low']:.4g} to {value['high']:.4g}, median {value['median']:.4g}"


def _transform(value: Sequence[float]) -> str:
    match value:
        case (width, 0, x, 0, height, y):
            return f"pixels of {width:g} x {-height:g}, upper left corner {x:.12g}, {y:.12g}"
    return ", ".join(f"{number:.12g}" for number in value)


def _numbers(value: Any) -> str:
    numbers = value if isinstance(value, list) else [value]
    return ", ".join(number if isinstance(number, str) else f"{number:g}" for number in numbers)


_IN_WORDS: dict[str, Callable[[Any], str]] = {
    "wavelengths_nm": _range,
    "gaps_nm": _ranges,
    "overlap_nm": lambda value: f"{_ranges(value)}: two detectors, whose bands are sorted",
    "scale": _by_band,
    "offset": _by_band,
    "values": _values,
    "without_value": lambda value: f"{percent(value)} of the pixels",
    "transform": _transform,
    "nodata": _numbers,
    "files": ", ".join,
    "notes": f"\n{'':<19}".join,
}
"""How the facts that are not just a word or a number are written."""
