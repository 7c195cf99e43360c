import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

import hsidiff
from command_line import Run, SmallFiles, everything_in
from experiments.check_map import main as check_map
from hsidiff.cli.inputs import hash_of_labels
from hsidiff.files import sha256_of_files
from hsidiff.labels.legend import sidecar_legend
from hsidiff.wrapped import unwrapped

OUTPUTS = {
    "map.tif", "map.tif.aux.xml", "map.qml", "confidence.tif", "confidence.qml",
    "probabilities.tif", "report.html", "result.json", "run.json", "split.npz", "model",
    "held_out.npz",
}  # fmt: skip
QUICK = {"spectraldiff": ("--set", "pretrain_steps=2", "--set", "head=linear")}
SPLIT = ("--block-px", 5, "--samples-per-class", 12)


@pytest.fixture
def mapped(run: Run, small_files: SmallFiles, tmp_path: Path) -> Path:
    """What ``hsidiff map --method lda`` writes."""
    out = tmp_path / "out"
    assert run("map", *small_files.paths, "--method", "lda", *SPLIT, "-o", out).exit_code == 0
    return out


def test_what_a_map_says_is_what_other_programs_find(
    mapped: Path, small_files: SmallFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_map(str(mapped), str(small_files.paths[0]))
    assert "scores of" in capsys.readouterr().out
    with rasterio.open(mapped / "confidence.tif") as dataset:
        values, profile = dataset.read(), dataset.profile
    with rasterio.open(mapped / "confidence.tif", "w", **profile) as dataset:
        dataset.write(np.where(values == 255, 255, 0).astype(np.uint8))
    with pytest.raises(AssertionError, match="confidence off by"):
        check_map(str(mapped))


def test_a_calibration_error_that_is_not_that_of_the_labels_is_found(mapped: Path) -> None:
    result = read_result(mapped)
    result["reliability"]["before"]["expected_calibration_error"] += 0.01
    (mapped / "result.json").write_text(json.dumps(result))
    with pytest.raises(AssertionError, match="calibration error"):
        check_map(str(mapped))


def read_result(out: Path) -> dict[str, Any]:
    return json.loads((out / "result.json").read_text())


@pytest.mark.parametrize("method", ["spectraldiff", "knn"])
def test_a_scene_is_mapped_with_a_method_or_a_baseline(
    run: Run, small_files: SmallFiles, tmp_path: Path, method: str
) -> None:
    out = tmp_path / "out"
    settings = QUICK.get(method, ())
    ended = run("map", *small_files.paths, "--method", method, *settings, *SPLIT, "-o", out)
    assert ended.exit_code == 0, ended.err
    assert {path.name for path in out.iterdir()} == OUTPUTS
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert read_result(out)["method"] == method
    for name in OUTPUTS - {"map.tif.aux.xml"}:
        assert str(out / name) in ended.out
    with rasterio.open(out / "map.tif") as dataset:
        assert set(np.unique(dataset.read(1))) <= {0, 1, 2, 3}


@pytest.mark.slow
def test_a_budget_ends_the_learning_and_the_result_says_how(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = run(
        "map", *small_files.paths, "--budget", "2 steps", "--set", "head=linear", *SPLIT, "-o", out
    )
    assert ended.exit_code == 0, ended.err
    result = read_result(out)
    assert result["settings"]["budget"] == "2 steps"
    pretraining = result["learned"]["pretraining"]
    assert (pretraining["steps"], pretraining["stopped"]) == (2, "steps")


RESULT_TYPES: dict[str, type | tuple[type, ...]] = {
    "method": str, "seed": int, "n_train": int, "n_test": int, "overall_accuracy": float,
    "average_accuracy": float, "kappa": float, "per_class": list, "confusion_matrix": list,
    "peak_memory_bytes": int, "transductive": bool, "device": str, "warnings": list,
    "settings": dict, "cost": dict, "leakage": dict, "n_scored": int, "n_not_mapped": int,
}  # fmt: skip


def test_the_result_says_all_that_is_needed_to_trust_it(
    small_files: SmallFiles, mapped: Path
) -> None:
    result = read_result(mapped)
    for key, kind in RESULT_TYPES.items():
        assert isinstance(result[key], kind), key
    assert result["profile"] is None
    assert result["scene"] == {
        "path": str(small_files.scene_path),
        "name": "scene",
        "sha256": hsidiff.open_scene(small_files.scene_path).sha256(),
        "shape": [40, 50],
        "n_bands": 12,
        "notes": [],
    }
    for key in ("overall_accuracy", "average_accuracy"):
        assert 0 <= result[key] <= 1
    assert -1 <= result["kappa"] <= 1
    stages = result["seconds"]
    assert set(stages) == {"read", "split", "validate", "learn", "calibrate", "map", "total"}
    assert stages["total"] == pytest.approx(sum(stages.values()) - stages["total"], abs=0.01)
    assert 1e7 < result["peak_memory_bytes"] < 1e11
    assert {"python", "hsidiff", "numpy", "torch"} <= set(result["versions"])
    assert all(isinstance(version, str) for version in result["versions"].values())


def test_the_result_counts_what_the_split_holds(mapped: Path) -> None:
    result, split = read_result(mapped), hsidiff.Split.load(mapped / "split.npz")
    n_train, n_test = split.train.counts(), split.test.counts()
    assert result["n_train"] == split.train.n_labelled == 36
    assert result["n_test"] == split.test.n_labelled == result["n_scored"]
    assert result["split"]["kind"] == "blocks"
    assert result["split"]["sha256"] == split.sha256
    assert result["split"]["parameters"] == split.parameters
    assert split.parameters["samples_per_class"] == 12
    assert [c["name"] for c in result["per_class"]] == ["corn", "grass", "roof [red]"]
    for entry in result["per_class"]:
        assert entry["n_train"] == n_train[entry["id"]]
        assert entry["n_test"] == n_test[entry["id"]]
        assert 0 <= entry["accuracy"] <= 1
    matrix = np.array(result["confusion_matrix"])
    assert matrix.sum(axis=1).tolist() == list(n_test.values())
    assert np.trace(matrix) / matrix.sum() == pytest.approx(result["overall_accuracy"])


def test_the_map_keeps_grid_names_and_invalid_pixels(small_files: SmallFiles, mapped: Path) -> None:
    scene = small_files.scene
    invalid = np.isnan(scene.read()).any(axis=-1)
    with rasterio.open(mapped / "map.tif") as dataset:
        assert dataset.crs == scene.crs
        assert dataset.transform == scene.transform
        np.testing.assert_array_equal(dataset.read(1) == 0, invalid)
    names = {0: "unclassified", 1: "corn", 2: "grass", 3: "roof [red]"}
    assert sidecar_legend(mapped / "map.tif").names == names
    with rasterio.open(mapped / "probabilities.tif") as dataset:
        assert dataset.descriptions == ("corn", "grass", "roof [red]")


def test_the_run_file_names_command_and_inputs(small_files: SmallFiles, mapped: Path) -> None:
    run_file = json.loads((mapped / "run.json").read_text())
    assert run_file["command"] == sys.argv
    assert run_file["inputs"]["scene"]["path"] == str(small_files.scene_path)
    (labels,) = run_file["inputs"]["labels"]
    assert labels["path"] == str(small_files.labels_path)
    assert labels["sha256"] == sha256_of_files([small_files.labels_path])
    assert run_file["settings"]["random_state"] == 0


def test_the_hash_of_labels_is_that_of_all_their_files(tmp_path: Path) -> None:
    path = tmp_path / "labels.gpkg"
    path.write_bytes(b"saved")
    saved = hash_of_labels(path)
    path.with_name("labels.gpkg-wal").write_bytes(b"edited since")
    assert hash_of_labels(path) != saved == sha256_of_files([path])


def test_json_is_the_result_and_nothing_else(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    ended = run(
        "map", *small_files.paths, "--method", "position", "--split", "random", "--json",
        "-o", tmp_path / "out",
    )  # fmt: skip
    assert ended.exit_code == 0
    assert json.loads(ended.out) == read_result(tmp_path / "out")
    assert all(line.startswith("note: ") for line in ended.err.splitlines())


@pytest.mark.slow
def test_notes_are_shown_once_and_kept_in_the_result(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    ended = run("map", *small_files.paths, *QUICK["spectraldiff"], *SPLIT, "-o", tmp_path / "out")
    notes = [line.removeprefix("note: ") for line in ended.err.splitlines()]
    assert notes == read_result(tmp_path / "out")["warnings"]
    assert sum("guard_px=" in note for note in notes) == 1


def test_the_same_seed_gives_the_same_map_and_another_seed_another_split(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    results = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        words = ("--method", "lda", "--split", "random", "--seed", seed, "-o", tmp_path / name)
        assert run("map", *small_files.paths, *words).exit_code == 0
        results.append(read_result(tmp_path / name))
    hashes = [result["split"]["sha256"] for result in results]
    assert hashes[0] == hashes[1] != hashes[2]
    assert [result["seed"] for result in results] == [3, 3, 4]
    maps = [(tmp_path / name / "map.tif").read_bytes() for name in "ab"]
    assert maps[0] == maps[1]


def test_the_tile_size_does_not_change_the_map(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    maps = []
    for tile_size in (7, 64):
        out = tmp_path / str(tile_size)
        words = ("--method", "lda", *SPLIT, "--tile-size", tile_size, "-o", out)
        assert run("map", *small_files.paths, *words).exit_code == 0
        with rasterio.open(out / "map.tif") as dataset:
            maps.append(dataset.read(1))
    np.testing.assert_array_equal(*maps)


def test_a_second_run_replaces_results_and_leaves_other_files(
    run: Run, small_files: SmallFiles, mapped: Path
) -> None:
    (mapped / "my notes.txt").write_text("mine")
    words = ("map", *small_files.paths, "--method", "position", "-o", mapped)
    before = everything_in(mapped)
    ended = run(*words, *SPLIT)
    assert ended.exit_code == 2
    assert "out holds an earlier result (report.html): give" in ended.error
    assert "--overwrite" in ended.error
    assert everything_in(mapped) == before
    ended = run(*words, "--overwrite", "--validate", "groups")
    assert ended.exit_code == 0
    assert read_result(mapped)["method"] == "position"
    assert unwrapped(hsidiff.load_classifier(mapped / "model")).name == "position"
    assert (mapped / "my notes.txt").read_text() == "mine"
    assert everything_in(mapped.parent) >= {"out/my notes.txt"}
    # The first run was scored on a split, the second by folds.
    assert not (mapped / "split.npz").exists()
    assert [path.name for path in mapped.parent.iterdir()] == ["out"]


OWN_CLASS = '''
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.saved_model import Learned


@dataclass(repr=False, eq=False)
class Commonest(SceneClassifier):
    """Maps the commonest class of the training labels everywhere."""

    name: ClassVar[str] = "commonest"
    sharpness: float = 1.0

    def _fit(self, scene, labels):
        counts = np.array([labels.counts()[c.id] for c in self.classes_])
        self.shares_ = (counts**self.sharpness / (counts**self.sharpness).sum()).astype("f4")

    def _predict_proba_tile(self, cube, window):
        return np.broadcast_to(self.shares_, (window.n_rows, window.n_cols, len(self.shares_)))

    def _get_learned(self):
        return Learned({"shares": self.shares_}, {})

    def _set_learned(self, learned):
        self.shares_ = learned.arrays["shares"]
'''


def test_a_class_of_ones_own_maps_and_predicts(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    own = tmp_path / "own.py"
    own.write_text(OWN_CLASS)
    out, method = tmp_path / "out", f"{own}:Commonest"
    words = ("--method", method, "--set", "sharpness=2.5", "--split", "random", "-o", out)
    ended = run("map", *small_files.paths, *words)
    assert ended.exit_code == 0, ended.err
    assert read_result(out)["settings"]["sharpness"] == 2.5

    model, again = out / "model", tmp_path / "again.tif"
    ended = run("predict", model, small_files.scene_path, "-o", again)
    assert ended.exit_code == 2
    assert "--method path/file.py:Class" in ended.error
    ended = run("predict", model, small_files.scene_path, "-o", again, "--method", method)
    assert ended.exit_code == 0, ended.err
    with rasterio.open(again) as first, rasterio.open(out / "map.tif") as second:
        np.testing.assert_array_equal(first.read(), second.read())
