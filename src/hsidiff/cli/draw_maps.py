"""The maps of a fitted classifier, one per scene, with all that lies beside them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.assessment.areas import ClassArea, areas_together
from hsidiff.cli.inputs import Inputs
from hsidiff.contract import SceneClassifier
from hsidiff.errors import HsidiffWarning
from hsidiff.maps.abstaining import Counts, caution_of, risk_and_coverage
from hsidiff.maps.confidence import ConfidenceLayer
from hsidiff.maps.doubt import NO_DOUBT, Doubt, describe_doubt
from hsidiff.maps.edit import sieved
from hsidiff.maps.geotiff import write_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.maps.read_map import read_map
from hsidiff.maps.sieved_confidence import follow_classes
from hsidiff.maps.tile_plan import DEFAULT_TILE_SIZE_PX
from hsidiff.report.map_accuracy import areas_of_file
from hsidiff.report.result_folder import SCENES
from hsidiff.scenes.formats.address import shown


@dataclass(frozen=True)
class DrawingOptions:
    """How maps are drawn.

    Attributes:
        doubt: which pixels get no class.
        tile_size: largest side of a tile in pixels.
        min_size: smallest patch of a class in pixels; None leaves all.
    """

    doubt: Doubt = NO_DOUBT
    tile_size: int = DEFAULT_TILE_SIZE_PX
    min_size: int | None = None


AS_IT_IS = DrawingOptions()
"""Every pixel with a value has its class."""

Drawn = tuple[dict[str, Any], Counts]
"""What ``result.json`` says of maps, and how sure their pixels were before patches were sieved."""


def draw_maps(
    model: SceneClassifier, inputs: Inputs, drawing: DrawingOptions, folder: Path
) -> dict[str, Any]:
    """Draw the map of each scene: the only one into ``folder``, several into one each below it.

    Returns:
        The part of ``result.json`` that speaks of maps: areas, pixels without class, what
        thresholds of "not sure" leave of the map and, of several scenes, areas and pixels of each.

    Warns:
        HsidiffWarning: if most of the map is "not sure".
    """
    draw = _draw_several if inputs.parts else _draw
    drawn, counts = draw(model, inputs, drawing, folder)
    told = risk_and_coverage(model, counts, drawing.doubt.abstain)
    if (caution := caution_of(told)) is not None:
        warnings.warn(caution, HsidiffWarning, stacklevel=2)
    return {**drawn, "risk_and_coverage": told}


def _draw_several(
    model: SceneClassifier, inputs: Inputs, drawing: DrawingOptions, folder: Path
) -> Drawn:
    """Draw a map of each scene."""
    scenes, counted = [], []
    for part, name, place in zip(inputs.parts, folder_names(inputs), inputs.places, strict=True):
        (folder / SCENES / name).mkdir(parents=True)
        drawn, counts = _draw(model, part, drawing, folder / SCENES / name)
        counted.append(counts)
        scenes.append(
            {
                "name": name,
                "folder": f"{SCENES}/{name}",
                "path": shown(part.scene_path),
                "sha256": part.scene.sha256(),
                "shape": list(part.scene.shape),
                "place": list(vars(place).values()),
                "n_labels": part.labels.n_labelled,
                **drawn,
            }
        )
    return {**_together(scenes), "scenes": scenes}, Counts.of_all(counted)


def folder_names(inputs: Inputs) -> list[str]:
    """The names of the files of several scenes, numbered where they are the same."""
    names: list[str] = []
    for part in inputs.parts:
        stem = name = part.scene_path.stem
        number = 1
        while name.casefold() in (taken.casefold() for taken in names):
            number += 1
            name = f"{stem}-{number}"
        names.append(name)
    return names


def _draw(model: SceneClassifier, inputs: Inputs, drawing: DrawingOptions, folder: Path) -> Drawn:
    """Draw one map into a folder."""
    path = folder / "map.tif"
    predict_to_file(
        model,
        inputs.scene,
        path,
        probabilities_path=folder / "probabilities.tif",
        layers=(ConfidenceLayer(folder / "confidence.tif"),),
        doubt=drawing.doubt,
        tile_size=drawing.tile_size,
        area=inputs.area,
    )
    counts = Counts.of_map(model, drawing.doubt, path, folder / "confidence.tif")
    small = None if drawing.min_size is None else _sieve(model, folder, drawing.min_size)
    areas = areas_of_file(path, (*model.classes_, *drawing.doubt.classes(model)))
    described = {
        "areas": [area.to_json() for area in areas],
        "doubt": describe_doubt(drawing.doubt, model, path),
        "small_patches": small,
    }
    return described, counts


def _sieve(model: SceneClassifier, folder: Path, min_size: int) -> dict[str, int]:
    """Give small patches of a map the class of their largest neighbour; say how many pixels."""
    path = folder / "map.tif"
    drawn = read_map(path)
    kept = sieved(drawn, min_size)
    write_class_map(kept.values, kept.classes, path, kept.crs, kept.transform)
    follow_classes(model, drawn, kept, folder / "confidence.tif", folder / "probabilities.tif")
    n_changed = int(np.count_nonzero(kept.values != drawn.values))
    return {"min_size_px": min_size, "n_pixels": n_changed}


def _together(scenes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Areas and counts of all scenes."""
    areas = areas_together([[ClassArea(**area) for area in scene["areas"]] for scene in scenes])
    doubt = [
        {**each[0], "n_pixels": sum(entry["n_pixels"] for entry in each)}
        for each in zip(*(scene["doubt"] for scene in scenes), strict=True)
    ]
    small = [scene["small_patches"] for scene in scenes if scene["small_patches"]]
    n_pixels = sum(one["n_pixels"] for one in small)
    return {
        "areas": [area.to_json() for area in areas],
        "doubt": doubt,
        "small_patches": {**small[0], "n_pixels": n_pixels} if small else None,
    }
