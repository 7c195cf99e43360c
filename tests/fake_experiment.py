"""A small experiment folder made by hand: real splits and scores, made-up maps, one failed cell.

Two scenes, two splits, three methods, three seeds. Names hold what upsets a table: a percent sign,
an underscore, an ampersand. ``position`` is the true nearest neighbour in place, ``spectraldiff``
and ``svm`` are the truth with errors: svm in single pixels, spectraldiff mostly in whole fields.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.evaluation.metrics import score
from hsidiff.experiment.folder import cell_folder, split_path
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import (
    NearestTrainingClass,
    apart_from_training,
    measure_leakage,
    share_right,
)
from hsidiff.labels.pixel_split import block_split, random_split
from hsidiff.labels.split import Split
from small_scenes import small_fields

SHAPE = (60, 50)
SCENES = {
    "indian-pines": {1: "Corn-notill", 2: "Soybean & oats", 3: "Woods_50%"},
    "field_a": {2: "bare soil", 5: "meadow", 9: "water"},
}
SPLITS = ("random-10%", "blocks-30")
METHODS = {
    "svm": {"method": "svm", "settings": {}},
    "position": {"method": "position", "settings": {}},
    "spectraldiff fast": {"method": "spectraldiff", "settings": {"profile": "fast"}},
}
SEEDS = (0, 1, 2)
FAILED = ("field_a", "blocks-30", "spectraldiff fast", 2)
ERROR = "out of memory: try a smaller tile_size, or profile fast"
_RECEPTIVE_FIELDS_PX = {"svm": 1, "position": 1, "spectraldiff fast": 7}
_NOT_KNOWN = {"n_parameters": None, "macs_per_pixel": None}
_COSTS = {"spectraldiff fast": {"n_parameters": 123_456, "macs_per_pixel": 7_890_000}}


def fake_labels(scene: str) -> LabelMap:
    """Labels of 10 x 10 fields with an unlabelled border of one pixel around each field."""
    names = SCENES[scene]
    rows, cols = np.indices(SHAPE)
    inside = (rows % 10 > 0) & (rows % 10 < 9) & (cols % 10 > 0) & (cols % 10 < 9)
    values = np.where(inside, np.array(list(names))[small_fields(SHAPE)], 0)
    return LabelMap.from_array(values, names)


def fake_split(scene: str, split: str, seed: int) -> Split:
    labels = fake_labels(scene)
    if split == "random-10%":
        return random_split(labels, 0.1, stratified=False, random_state=seed)
    return block_split(labels, block_px=10, samples_per_class=30, guard_px=4, random_state=seed)


def fake_map(scene: str, method: str, split: Split, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The class map (rows, cols) int32 of a method, and its confidence in per cent, uint8."""
    ids = np.array(list(SCENES[scene]))
    place = np.indices(SHAPE)
    covers = small_fields(SHAPE)
    draw = np.random.default_rng([seed, len(method), len(scene)])
    if method == "position":
        mapped = NearestTrainingClass.from_labels(split.train).at(
            place[0].ravel(), place[1].ravel()
        )
        return mapped.reshape(SHAPE).astype(np.int32), np.full(SHAPE, 100, np.uint8)
    wrong = draw.random(SHAPE) < (0.2 if method == "svm" else 0.02)
    if method != "svm":
        row, col = 10 * draw.integers(0, SHAPE[0] // 10), 10 * draw.integers(0, SHAPE[1] // 10)
        wrong[row : row + 10, col : col + 10] = True
    confidence = np.where(wrong, draw.integers(35, 70, SHAPE), draw.integers(60, 101, SHAPE))
    return ids[(covers + wrong) % 3].astype(np.int32), confidence.astype(np.uint8)


def fake_result(scene: str, split_name: str, label: str, split: Split, seed: int) -> dict[str, Any]:
    """What ``describe_result`` would say, as far as reports read it."""
    class_map, _ = fake_map(scene, label, split, seed)
    scored = score(class_map, split.test)
    is_apart = apart_from_training(split, _RECEPTIVE_FIELDS_PX[label])
    scores = scored.to_json() | {
        "n_test_apart": int(is_apart.sum()),
        "overall_accuracy_apart": share_right(scored.is_right[is_apart]),
    }
    n_train = split.train.counts()
    per_class = [
        {**entry, "n_train": n_train[c.id], "color": c.color}
        for entry, c in zip(scores["per_class"], split.train.classes, strict=True)
    ]
    about = METHODS[label]
    return {
        "status": "done",
        "label": label,
        "scene_name": scene,
        "split_name": split_name,
        "method": about["method"],
        "profile": about["settings"].get("profile"),
        "seed": seed,
        "settings": {**about["settings"], "random_state": seed},
        "learned": {},
        "cost": _COSTS.get(label, _NOT_KNOWN),
        "split": {"kind": split.kind, "parameters": split.parameters, "sha256": split.sha256},
        "scene": {"path": None, "name": scene, "sha256": None, "shape": SHAPE, "n_bands": 12},
        "n_train": split.train.n_labelled,
        "n_test": split.test.n_labelled,
        **scores,
        "per_class": per_class,
        "leakage": measure_leakage(split, _RECEPTIVE_FIELDS_PX[label]).to_json(),
        "transductive": label == "spectraldiff fast",
        "seconds": {"fit": 1.5 + seed, "predict": 0.5, "total": 2.0 + seed},
        "peak_memory_bytes": 300_000_000,
        "device": "cpu",
        "versions": {"hsidiff": "0.0"},
        "warnings": [],
    }


def write_fake_experiment(folder: Path) -> Path:
    """Write the folder of a whole experiment; give it back."""
    _write_json(folder / "experiment.json", _about())
    (folder / "experiment.toml").write_text("seeds = [0, 1, 2]\n", encoding="utf-8")
    for scene in SCENES:
        for split_name in SPLITS:
            for seed in SEEDS:
                split = fake_split(scene, split_name, seed)
                split.save(split_path(folder, scene, split_name, seed))
                for label in METHODS:
                    _write_cell(folder, scene, split_name, label, split, seed)
    return folder


def _write_cell(
    folder: Path, scene: str, split_name: str, label: str, split: Split, seed: int
) -> None:
    cell = cell_folder(folder, scene, split_name, label, seed)
    cell.mkdir(parents=True)
    if (scene, split_name, label, seed) == FAILED:
        names = {"label": label, "scene_name": scene, "split_name": split_name}
        about = {"status": "failed", "error": ERROR, "seed": seed, **names}
        _write_json(cell / "result.json", about | {"method": METHODS[label]["method"]})
        return
    class_map, confidence = fake_map(scene, label, split, seed)
    np.savez_compressed(cell / "map.npz", class_map=class_map, confidence=confidence)
    _write_json(cell / "result.json", fake_result(scene, split_name, label, split, seed))


def _about() -> dict[str, Any]:
    """The content of ``experiment.json``."""
    scenes = {
        scene: {
            "path": f"{scene}.mat",
            "sha256": None,
            "shape": list(SHAPE),
            "n_bands": 12,
            "classes": [
                {"id": c.id, "name": c.name, "color": c.color} for c in fake_labels(scene).classes
            ],
        }
        for scene in SCENES
    }
    splits = {
        "random-10%": {"kind": "random", "train_fraction": 0.1, "stratified": False},
        "blocks-30": {"kind": "blocks", "block_px": 10, "samples_per_class": 30},
    }
    return {
        "scenes": scenes,
        "splits": splits,
        "methods": METHODS,
        "seeds": list(SEEDS),
        "versions": {"hsidiff": "0.0"},
        "machine": {"n_cpus": 2, "device": "cpu"},
    }


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
