"""Whole splits, models and experiments as hsidiff writes them."""

from pathlib import Path

import numpy as np

from fuzzing.seeds_of_labels import CLASSES, label_map, label_tiff
from fuzzing.seeds_of_scenes import geotiff
from hsidiff.catalog import CLASSIFIERS
from hsidiff.contract import SceneClassifier
from hsidiff.experiment.folder import cell_folder, split_path
from hsidiff.files import write_json
from hsidiff.labels.class_table import write_class_table
from hsidiff.labels.pixel_split import random_split
from hsidiff.labels.split import Split
from hsidiff.smoothed import Smoothed
from hsidiff.testing.small_scenes import small_labels, small_scene

_EXPERIMENT = """\
seeds = [0, 1]
methods = ["svm", "position", "spectraldiff"]
validation_fraction = 0.25
map = "labelled"
[[scenes]]
name = "field a"
path = "scene.tif"
labels = "labels.tif"
drop_bands = [1, 2]
[[splits]]
kind = "blocks"
samples_per_class = 30
[settings.spectraldiff]
profile = "fast"
[grid.spectraldiff]
timesteps = [[5], [100, 200]]
[choose.svm]
n_folds = [3, 5]
"""


def a_split() -> Split:
    """A split of the small labels."""
    return random_split(label_map(), 0.5, random_state=0)


def split(folder: Path) -> str:
    """A split."""
    a_split().save(folder / "split.npz")
    return "split.npz"


def _model(folder: Path, model: SceneClassifier) -> str:
    model.fit(small_scene(), small_labels()).save(folder / "model")
    return "model"


def model_lda(folder: Path) -> str:
    """A linear baseline."""
    return _model(folder, CLASSIFIERS["lda"]())


def model_forest(folder: Path) -> str:
    """A forest, whose arrays point at each other."""
    return _model(folder, CLASSIFIERS["random-forest"]())


def model_smoothed(folder: Path) -> str:
    """A wrapper with a model inside."""
    return _model(folder, Smoothed(CLASSIFIERS["svm"]()))


def model_values(folder: Path) -> str:
    """Values and a head: a network that has learned nothing."""
    return _model(folder, CLASSIFIERS["random-features"]())


def class_table(folder: Path) -> str:
    """A table of classes."""
    write_class_table(label_map(), folder / "classes.csv")
    return "classes.csv"


def experiment(folder: Path) -> str:
    """The folder of an experiment with two cells."""
    out = folder / "out"
    land_classes = [{"id": c.id, "name": c.name, "color": c.color} for c in CLASSES]
    about = {
        "scenes": {"field a": {"classes": land_classes}}, "splits": {"random": {"kind": "random"}},
        "methods": {"svm": {"method": "svm", "settings": {}}}, "seeds": [0, 1],
    }  # fmt: skip
    write_json(out / "experiment.json", about)
    for seed in (0, 1):
        a_split().save(split_path(out, "field a", "random", seed))
        cell = cell_folder(out, "field a", "random", "svm", seed)
        names = {"scene_name": "field a", "split_name": "random", "label": "svm", "seed": seed}
        write_json(cell / "result.json", names | {"status": "done", "overall_accuracy": 0.5})
        class_map = label_map().values
        np.savez(cell / "map.npz", class_map=class_map, confidence=class_map.astype(np.uint8))
    return "out"


def experiment_toml(folder: Path) -> str:
    """The description of an experiment."""
    (folder / "experiment.toml").write_text(_EXPERIMENT)
    return "experiment.toml"


def result(folder: Path) -> str:
    """The folder of a map, without its pictures."""
    name = geotiff(folder)
    (folder / name).rename(folder / "map.tif")
    land_classes = [{"id": c.id, "name": c.name, "color": c.color} for c in CLASSES]
    write_json(folder / "result.json", {"classes": land_classes, "overall_accuracy": 0.5})
    write_json(folder / "run.json", {"hsidiff": "0"})
    a_split().save(folder / "split.npz")
    return "."


RESULTS = {
    "split": ("split", split), "model-lda": ("model", model_lda),
    "model-forest": ("model", model_forest), "model-smoothed": ("model", model_smoothed),
    "model-values": ("model", model_values), "experiment": ("experiment", experiment),
    "toml": ("toml", experiment_toml), "map": ("map", label_tiff),
    "class-table": ("class table", class_table), "result": ("result", result),
}  # fmt: skip
