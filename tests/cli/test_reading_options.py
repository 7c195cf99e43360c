"""Options that say what to read from a file of several things."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
from scipy.io import savemat
from shapely import box

from command_line import Run, SmallFiles

GT = np.repeat([1, 2, 3], 10)[None].repeat(36, 0).astype(np.uint8)
TRAIN = np.where(np.arange(36)[:, None] < 18, GT, 0).astype(np.uint8)
CUBE = np.random.default_rng(0).integers(1, 3000, (36, 30, 5)).astype(np.int16)


def test_training_and_test_labels_may_be_arrays_of_one_file(run: Run, tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"cube": CUBE})
    savemat(tmp_path / "gt.mat", {"gt_tr": TRAIN, "gt_te": GT - TRAIN})
    np.save(tmp_path / "test.npy", GT - TRAIN)
    words = ("split", tmp_path / "a.mat", tmp_path / "gt.mat", "--split", "published", "--json",
             "--labels-variable", "gt_tr", "-o", tmp_path / "s.npz", "--test-labels")  # fmt: skip
    for test in (
        (tmp_path / "gt.mat",),
        (tmp_path / "gt.mat", "--test-labels-variable", "gt_te"),
        (tmp_path / "test.npy",),
    ):
        ended = run(*words, *test)
        assert ended.exit_code == 0, ended.err
        counts = [(c["n_train"], c["n_test"]) for c in json.loads(ended.out)["classes"]]
        assert counts == [(180, 180)] * 3


def test_a_layer_of_a_file_is_named(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    info = json.loads(run("info", small_files.scene_path, "--json").out)
    width, _, x, _, height, y = info["transform"]
    squares = [
        box(x + c * width, y + (r + 4) * height, x + (c + 4) * width, y + r * height)
        for r in (0, 5) for c in (0, 5)
    ]  # fmt: skip
    table = geopandas.GeoDataFrame({"class": [1, 2, 2, 1]}, geometry=squares, crs=info["crs"])
    for layer in ("a", "b"):
        pyogrio.write_dataframe(table, tmp_path / "l.gpkg", layer=layer)
    words = ("split", small_files.scene_path, tmp_path / "l.gpkg", "--split", "random")
    refused = run(*words, "-o", tmp_path / "s.npz")
    assert refused.exit_code == 2
    assert "layers with geometries: a, b: choose one with layer= (--layer)" in refused.err
    ended = run(*words, "--layer", "b", "-o", tmp_path / "s.npz")
    assert ended.exit_code == 0, ended.err


def test_nodata_may_be_given_several_times(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", CUBE)
    for numbers in ([-9999.0], [-9999.0, 0.0]):
        words = [word for number in numbers for word in ("--nodata", number)]
        answer = json.loads(run("info", tmp_path / "a.npy", *words, "--json").out)
        assert answer["nodata"] == (numbers if len(numbers) > 1 else numbers[0])
        assert "nodata" in run("info", tmp_path / "a.npy", *words).out
