"""What the scripts of this folder share: a scene of an experiment, and rows of a table."""

import csv
from pathlib import Path

from hsidiff.catalog import find_classifier
from hsidiff.experiment.description import read_experiment
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene


def labelled_scene(file: Path, name: str) -> tuple[Scene, LabelMap]:
    """The scene that an experiment's file calls so, and its labels."""
    scenes = read_experiment(file, find_classifier).scenes
    source = next(scene for scene in scenes if scene.name == name).verified()
    scene = source.open()
    return scene, source.read_labels(scene)[0]


def add_row(path: Path, row: dict[str, object]) -> None:
    """Add a row to a table, which begins with its names."""
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, row.keys(), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    print(row, flush=True)
