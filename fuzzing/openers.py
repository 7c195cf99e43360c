"""Open what a user would, look at it as ``hsidiff info`` does, and read one small window."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from fuzzing.seeds_of_labels import label_map
from fuzzing.seeds_of_scenes import TRANSFORM, cube
from hsidiff.catalog import find_classifier, load_classifier
from hsidiff.cli.info import describe_scene, describe_values
from hsidiff.errors import hear_warnings
from hsidiff.experiment.description import read_experiment
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.files import json_text
from hsidiff.labels.class_table import read_class_table
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.raster import grid_of_raster
from hsidiff.labels.read import read_labels
from hsidiff.labels.split import Split
from hsidiff.maps.read_map import read_map
from hsidiff.report.result_folder import ResultFolder
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window
from hsidiff.testing.small_scenes import scene_of, small_scene

_WINDOW_PX = 8
_PLACES = {
    "landcover_potsdam_point": (
        Affine(1200, 0, 355_000, 0, -1200, 5_820_000),
        "level_1",
    ),
    "LandCov_Vec_Berlin_Urban_Gradient_2009": (
        Affine(40, 0, 383_800, 0, -45, 5_819_350),
        "Level_1",
    ),
}
"""Transform of a scene of 20 x 24 pixels over real labels, and their field, by their file."""


def look_at_scene(source: Any) -> None:
    """Open a scene."""
    scene = open_scene(source)
    json_text(describe_scene(scene) | describe_values(scene))
    for row, col in ((0, 0), tuple(side // 2 for side in scene.shape)):
        pixels = scene.read(Window(row, col, _WINDOW_PX, _WINDOW_PX).clipped(scene.shape))
        assert pixels.dtype == np.float32
        assert pixels.shape[2] == scene.n_bands


def look_at_labels(source: Any) -> None:
    """Read labels of the small scene, or of one where real labels lie."""
    name = source.stem if isinstance(source, Path) else ""
    transform, field = _PLACES.get(name, (TRANSFORM, None))
    scene = replace(scene_of(cube()), transform=transform)
    _look_at_map(read_labels(source, scene, field=field))


def look_at_raster(path: Path) -> None:
    """Read labels of their own grid."""
    _look_at_map(read_labels(path, grid_of_raster(path)))


def _look_at_map(labels: LabelMap) -> None:
    assert labels.n_labelled == sum(labels.counts().values())
    for land_class in labels.classes:
        assert isinstance(land_class.name, str)
        assert len(land_class.color) == 7


def look_at_drawn_map(path: Path) -> None:
    """Read a map with its legend."""
    _look_at_map(read_map(path))


def look_at_class_table(path: Path) -> None:
    """Read a table of classes."""
    read_class_table(path).apply(label_map())


def look_at_split(path: Path) -> None:
    """Load a split."""
    split = Split.load(path)
    _look_at_map(split.train)
    _look_at_map(split.test)


def look_at_model(path: Path) -> None:
    """Load a model and map a small window with it."""
    model = load_classifier(path)
    scene = small_scene()
    model.check_scene(scene)
    probabilities = model.predict_proba_window(scene, Window(0, 0, _WINDOW_PX, _WINDOW_PX))
    assert probabilities.shape == (_WINDOW_PX, _WINDOW_PX, len(model.classes_))


def look_at_experiment(path: Path) -> None:
    """Read the folder of an experiment."""
    folder = ExperimentFolder.read(path)
    for scene in folder.scenes:
        folder.classes_of(scene)
    assert len(folder.splits) + len(folder.methods) + len(folder.failed) >= 0
    for cell in folder.cells:
        if cell.done:
            cell.class_map()
            cell.confidence()
            folder.split_of(cell)


def look_at_toml(path: Path) -> None:
    """Read the description of an experiment."""
    read_experiment(path, find_classifier)


def look_at_result(path: Path) -> None:
    """Read the folder of a map."""
    folder = ResultFolder.read(path)
    assert isinstance(folder.classes, tuple)
    assert isinstance(folder.scored_classes, tuple)
    look_at_scene(folder.map_path)


LOOKS: dict[str, Callable[[Any], None]] = {
    "scene": look_at_scene, "labels": look_at_labels, "raster": look_at_raster,
    "map": look_at_drawn_map, "class table": look_at_class_table, "split": look_at_split,
    "model": look_at_model, "experiment": look_at_experiment, "toml": look_at_toml,
    "result": look_at_result,
}  # fmt: skip


def look(kind: str, source: Any) -> None:
    """Open ``source``; warnings of other libraries are not shown, as on the command line."""
    with hear_warnings(lambda _: None):
        LOOKS[kind](source)
