"""Whatever is wrong with what was given: one clear line, exit code 2, nothing left behind."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import scipy.io
from affine import Affine
from command_line import Run, SmallFiles, everything_in, write_labels
from rasterio.crs import CRS
from shapely.geometry import Point

from hsidiff.maps.geotiff import write_class_map
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from small_scenes import scene_of, small_cube


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder for inputs that are wrong."""
    (tmp_path / "inputs").mkdir()
    return tmp_path / "inputs"


@pytest.fixture
def refused(run: Run, tmp_path: Path) -> Callable[..., str]:
    """Run ``hsidiff map`` on what is wrong; give the error after checking how it ended."""
    out = tmp_path / "results" / "out"
    out.parent.mkdir()

    def call(scene: Path, labels: Path, *words: object) -> str:
        before = everything_in(tmp_path)
        words = words if "--method" in words else ("--method", "lda", *words)
        ended = run("map", scene, labels, "--block-px", 5, *words, "-o", out)
        assert ended.exit_code == 2, ended.err
        assert ended.out == ""
        assert everything_in(tmp_path) == before
        return ended.error

    return call


def write_scene(cube: np.ndarray, path: Path, **changes: Any) -> Path:
    write_geotiff(replace(scene_of(cube), **changes), path)
    return path


def write_envi(folder: Path, cube: np.ndarray, **fields: int) -> Path:
    rows, cols, bands = cube.shape
    header = {
        "samples": cols, "lines": rows, "bands": bands, "header offset": 0,
        "data type": 4, "interleave": "bip", "byte order": 0,
    } | fields  # fmt: skip
    lines = [f"{key} = {value}" for key, value in header.items()]
    (folder / "scene.hdr").write_text("\n".join(["ENVI", *lines]) + "\n")
    (folder / "scene.bip").write_bytes(cube.astype("<f4").tobytes())
    return folder / "scene.bip"


def cut(path: Path, share: float) -> Path:
    """Keep the first part of a file's bytes."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path


# Files


def test_missing_files_are_named(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    missing = inputs / "missing.tif"
    assert f"{missing} does not exist" in refused(missing, small_files.labels_path)
    assert f"{missing}: there is no such file of labels" in refused(small_files.scene_path, missing)


def test_an_unknown_format_is_answered_with_the_known_ones(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    unknown = inputs / "scene.jp2"
    unknown.write_bytes(b"something")
    error = refused(unknown, small_files.labels_path)
    assert "no known format: expected .mat, .npz, .npy, .tif, or an ENVI file" in error
    error = refused(small_files.scene_path, unknown)
    assert "unknown kind of labels" in error
    assert ".gpkg" in error


def test_a_folder_of_the_users_is_never_replaced_by_the_model(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    notes = tmp_path / "out" / "model" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    ended = run("map", *small_files.paths, "--method", "position", "-o", tmp_path / "out")
    assert ended.exit_code == 2
    assert "model" in ended.error
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["model", "notes.txt"]


@pytest.mark.parametrize("method", ["spectraldiff", "lda"])
def test_a_seed_that_no_library_takes_is_refused_before_the_work(
    refused: Callable[..., str], small_files: SmallFiles, method: str
) -> None:
    error = refused(*small_files.paths, "--method", method, "--seed", 2**32)
    assert "random_state=4294967296: must be from 0 to 4294967295" in error


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.95])
@pytest.mark.parametrize("kind", ["envi", "mat", "tif", "npz"])
def test_a_truncated_scene_is_no_scene(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path, kind: str, share: float
) -> None:
    cube = small_cube()
    if kind == "envi":
        path = write_envi(inputs, cube)
    elif kind == "tif":
        path = write_scene(cube, inputs / "scene.tif")
    elif kind == "npz":
        path = inputs / "scene.npz"
        np.savez_compressed(path, cube=cube)
    else:
        path = inputs / "scene.mat"
        scipy.io.savemat(path, {"cube": cube}, do_compression=True)
    assert path.name in refused(cut(path, share), small_files.labels_path)


def test_a_header_that_promises_too_much_is_refused(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    path = write_envi(inputs, small_cube(), bands=13)
    error = refused(path, small_files.labels_path)
    assert "header promises" in error
    assert f"{40 * 50 * 13 * 4}" in error
    assert f"{40 * 50 * 12 * 4}" in error


def two_cubes(inputs: Path, small_files: SmallFiles) -> Path:
    path = inputs / "both.mat"
    arrays = {"before": small_cube(), "after": small_cube(seed=1), "gt": small_files.labels.values}
    scipy.io.savemat(path, arrays)
    return path


def test_several_cubes_in_a_file_are_listed_with_the_option(
    refused: Callable[..., str], run: Run, small_files: SmallFiles, inputs: Path, tmp_path: Path
) -> None:
    path = two_cubes(inputs, small_files)
    error = refused(path, path)
    assert "before 40x50x12, after 40x50x12" in error
    assert "--scene-variable" in error
    assert "'befor'" in refused(path, path, "--scene-variable", "befor")
    words = ("--scene-variable", "after", "--method", "lda", "--split", "random")
    ended = run("map", path, path, *words, "-o", tmp_path / "out")
    assert ended.exit_code == 0, ended.err


# Labels


def test_labels_of_another_shape_are_refused(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    np.save(inputs / "labels.npy", small_files.labels.values[:-1])
    error = refused(small_files.scene_path, inputs / "labels.npy")
    assert "labels are (39, 50) (rows, cols), scene is (40, 50)" in error


def test_label_rasters_of_another_grid_are_refused(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    labels, scene = small_files.labels, small_files.scene
    path = inputs / "labels.tif"
    write_class_map(labels.values, labels.classes, path, CRS.from_epsg(32632), scene.transform)
    error = refused(small_files.scene_path, path)
    assert "labels are in EPSG:32632, scene is in EPSG:32633" in error
    shifted = Affine(30, 0, 380_015, 0, -30, 5_810_000)
    write_class_map(labels.values, labels.classes, path, scene.crs, shifted)
    assert "warp the labels to the grid of the scene" in refused(small_files.scene_path, path)


def write_points(path: Path, x: float, y: float, names: list[str]) -> Path:
    points = [Point(x + 30 * i, y) for i in range(len(names))]
    table = geopandas.GeoDataFrame({"class": names}, geometry=points, crs="EPSG:32633")
    table.to_file(path)
    return path


def test_points_outside_the_scene_are_counted(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    points = write_points(inputs / "far.gpkg", 0, 0, ["corn", "grass"] * 4)
    error = refused(small_files.scene_path, points)
    assert "8" in error
    assert "outside" in error


def test_an_unknown_field_is_answered_with_the_nearest(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    points = write_points(inputs / "points.gpkg", 380_015, 5_809_985, ["corn", "grass"] * 4)
    error = refused(small_files.scene_path, points, "--field", "clas")
    assert "did you mean 'class'" in error
    error = refused(*small_files.paths, "--field", "class")
    assert "is for vector labels" in error


def test_too_few_labels_are_refused(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    values = small_files.labels.values
    path = inputs / "labels.tif"
    write_labels(small_files, np.zeros_like(values), path)
    assert "no pixel is labelled" in refused(small_files.scene_path, path)
    write_labels(small_files, np.where(values == 2, 2, 0), path)
    assert "one class only, grass (2)" in refused(small_files.scene_path, path)


def test_a_class_of_one_pixel_is_refused_and_the_advice_works(
    refused: Callable[..., str], run: Run, small_files: SmallFiles, inputs: Path, tmp_path: Path
) -> None:
    values = np.where(small_files.labels.values == 3, 0, small_files.labels.values)
    values[1, 20] = 3
    path = write_labels(small_files, values, inputs / "labels.tif")
    error = refused(small_files.scene_path, path)
    assert "class 3 'roof [red]' has one labelled pixel" in error
    assert "(--ignore-class 3)" in error
    for ignored in ("3", "roof [red]"):
        words = ("--method", "lda", "--block-px", 5, "--ignore-class", ignored)
        ended = run("map", small_files.scene_path, path, *words, "-o", tmp_path / "out")
        assert ended.exit_code == 0, ended.err
    error = refused(small_files.scene_path, path, "--ignore-class", "gras")
    assert "did you mean 'grass'" in error


# Pixels


@pytest.mark.parametrize(
    ("bands", "value", "expected"),
    [
        ([3], np.nan, "band 3 holds no value at all"),
        ([3, 4, 5, 9], np.nan, "band 3-5,9 holds no value at all"),
        ([12], -1.0, "band 12 holds one value only"),
    ],
)
def test_useless_bands_are_named_and_the_advice_works(
    refused: Callable[..., str],
    run: Run,
    small_files: SmallFiles,
    tmp_path: Path,
    bands: list[int],
    value: float,
    expected: str,
) -> None:
    cube = small_cube()
    cube[:, :, np.array(bands) - 1] = value
    path = write_scene(cube, tmp_path / "scene.tif")
    error = refused(path, small_files.labels_path)
    assert expected in error
    advice = error.rpartition("(")[2].rstrip(")").split()
    assert advice[0] == "--drop-bands"
    out = tmp_path / "out"
    words = ("--method", "lda", "--block-px", 5, *advice, "-o", out)
    ended = run("map", path, small_files.labels_path, *words)
    assert ended.exit_code == 0, ended.err
    assert json.loads((out / "result.json").read_text())["scene"]["n_bands"] == 12 - len(bands)


def test_a_scene_without_a_valid_pixel_is_refused(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    cube = np.full_like(small_cube(), -9.0)
    path = write_scene(cube, inputs / "scene.tif", nodata=-9.0)
    assert "no pixel has a value" in refused(path, small_files.labels_path)


# Settings


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--method", "spectraldif"], "did you mean 'spectraldiff'"),
        (["--method", "missing.py:Mine"], "there is no file missing.py"),
        (["--method", "spectraldiff", "--profile", "fsat"], "did you mean 'fast'"),
        (["--method", "svm", "--profile", "fast"], "svm has no profiles; leave it out"),
        (["--method", "spectraldiff", "--set", "pretrain_step=2"], "did you mean 'pretrain_steps'"),
        (["--method", "spectraldiff", "--set", "pretrain_steps=0"], "pretrain_steps=0: must be"),
        (["--method", "spectraldiff", "--set", "pretrain_steps=many"], "pretrain_steps='many'"),
        (["--method", "spectraldiff", "--set", "timesteps=[0,5]"], "timesteps"),
        (["--method", "spectraldiff", "--set", "timesteps=5"], "timesteps=5"),
        (["--method", "spectraldiff", "--set", "device=gpu"], "device='gpu'"),
        (["--method", "knn", "--set", "n_neighbors=x"], "n_neighbors='x'"),
        (["--method", "random-forest", "--set", "n_trees=1.5"], "n_trees=1.5"),
        (["--method", "svm", "--set", "C=x"], "C='x'"),
        (["--set", "random_state"], "--set random_state: expected NAME=VALUE"),
        (["--split", "block"], "did you mean 'blocks'"),
        (["--train-fraction", "1.5"], "train_fraction=1.5: must lie strictly between 0 and 1"),
        (["--train-fraction", "nan"], "train_fraction=nan: must lie strictly between 0 and 1"),
        (["--samples-per-class", "0"], "samples_per_class=0: must be at least 1"),
        (["--block-px", "0"], "block_px=0: must be at least 1"),
        (["--block-px", "64"], "take smaller blocks"),
        (["--guard-px", "-1"], "guard_px=-1: must be at least 0"),
        (["--guard-px", "40"], "no test pixel"),
        (["--tile-size", "0"], "'--tile-size'"),
        (["--drop-bands", "1-"], "--drop-bands 1-: expected numbers and ranges such as 1-3,7"),
        (["--drop-bands", "7-3"], "--drop-bands 7-3: expected"),
        (["--drop-bands", ""], "--drop-bands : expected"),
        (["--drop-bands", "13"], "13 is not a band of scene, whose bands are numbered 1 to 12"),
        (["--drop-bands", "1-12"], "none of its 12 bands is marked as good"),
        (["--drop-bands", "1-9999999999"], "--drop-bands 1-9999999999: expected"),
        (["--ignore-class", "7"], "no class '7'"),
        (["--scene-variable", "cube"], "no named arrays: leave out"),
        (["--labels-variable", "gt"], "is for files of arrays"),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(
    refused: Callable[..., str], small_files: SmallFiles, words: list[str], expected: str
) -> None:
    assert expected in refused(*small_files.paths, *words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["published"], "--split published needs --test-labels"),
        (["per-class"], "--split per-class needs --samples-per-class"),
        (
            ["random", "--samples-per-class", "5"],
            "--samples-per-class is no option of --split random: leave it out, or take "
            "--split blocks or per-class",
        ),
        (["per-class", "--train-fraction", "0.5"], "take --split blocks or random"),
        (["blocks", "--test-labels", "x.tif"], "take --split published"),
        (["random", "--guard-px", "3"], "take --split blocks"),
    ],
)
def test_options_that_the_split_does_not_have_are_refused(
    run: Run, small_files: SmallFiles, tmp_path: Path, words: list[str], expected: str
) -> None:
    for command in (("map", "--method", "lda", "-o", "out"), ("split", "-o", "s.npz")):
        ended = run(*command[:-1], tmp_path / command[-1], *small_files.paths, "--split", *words)
        assert ended.exit_code == 2
        assert expected in ended.error
    assert everything_in(tmp_path) == set()


# Where it is written


def test_results_cannot_go_into_a_file(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    occupied = tmp_path / "out"
    occupied.write_text("mine")
    for out in (occupied, occupied / "deeper"):
        for command in (("map", *small_files.paths), ("fit", *small_files.paths), ("demo",)):
            ended = run(*command, "-o", out)
            assert ended.exit_code == 2
            assert f"--out {out}: {occupied} is a file: give the name of a folder" in ended.error
    assert everything_in(tmp_path) == {"out"}
    assert occupied.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_results_cannot_go_where_writing_is_not_allowed(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    for out in (locked, locked / "new"):
        ended = run("map", *small_files.paths, "-o", out)
        assert ended.exit_code == 2
        assert f"{locked} is not yours to write to" in ended.error
    assert everything_in(tmp_path) == {"locked"}


def test_fit_never_replaces_a_folder_of_other_things(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "thesis.tex").write_text("years of work")
    ended = run("fit", *small_files.paths, "--method", "lda", "-o", tmp_path / "project")
    assert ended.exit_code == 2
    assert "holds something else than a saved model" in ended.error
    assert everything_in(tmp_path) == {"project", "project/thesis.tex"}


def test_no_command_overwrites_what_it_reads(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    values = small_files.labels.values
    write_labels(small_files, values, tmp_path / "map.tif")
    np.savez(tmp_path / "both.npz", cube=small_cube(), gt=values)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for words in (
        ("map", small_files.scene_path, tmp_path / "map.tif", "-o", tmp_path),
        ("split", tmp_path / "both.npz", tmp_path / "both.npz", "-o", tmp_path / "both.npz"),
    ):
        ended = run(*words)
        assert ended.exit_code == 2
        assert "give another" in ended.error
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_files_to_write_need_the_right_ending(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    run("fit", *small_files.paths, "--method", "position", "-o", model)
    for words in (
        ("split", *small_files.paths, "-o", tmp_path / "split.csv"),
        ("predict", model, small_files.scene_path, "-o", tmp_path / "map.png"),
        ("predict", model, small_files.scene_path, "-o", model),
    ):
        ended = run(*words)
        assert ended.exit_code == 2
        assert str(words[-1]) in ended.error
    ended = run("predict", model, small_files.scene_path, "-o", small_files.scene_path)
    assert ended.exit_code == 2
    assert "give another name to write to" in ended.error
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


# Models


def test_a_model_of_another_sensor_is_refused(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    model, other = tmp_path / "model", tmp_path / "other.tif"
    run("fit", *small_files.paths, "--method", "lda", "-o", model)
    write_scene(small_cube(n_bands=9), other)
    ended = run("predict", model, other, "-o", tmp_path / "map.tif")
    assert ended.exit_code == 2
    assert "other has 9 usable bands, the model was fitted on 12" in ended.error
    write_scene(small_cube(), other, file_wavelengths_nm=np.linspace(400, 2400, 12))
    ended = run("predict", model, other, "-o", tmp_path / "map.tif")
    assert ended.exit_code == 2
    assert "usable band 1 lies at 400.0 nm, the model was fitted on 450.0 nm" in ended.error
    assert {path.name for path in tmp_path.iterdir()} == {"model", "other.tif"}


def test_a_broken_model_is_refused(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    model, drawn = tmp_path / "model", tmp_path / "map.tif"
    ended = run("predict", model, small_files.scene_path, "-o", drawn)
    assert "no saved model here" in ended.error
    run("fit", *small_files.paths, "--method", "lda", "-o", model)
    cut(model / "learned.safetensors", 0.5)
    ended = run("predict", model, small_files.scene_path, "-o", drawn)
    assert ended.exit_code == 2
    assert f"{model} is not a complete model" in ended.error
    assert not drawn.exists()


def test_predicting_a_truncated_scene_leaves_no_map(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    model, scene = tmp_path / "model", tmp_path / "scene.tif"
    run("fit", *small_files.paths, "--method", "lda", "-o", model)
    cut(write_scene(small_cube(), scene), 0.9)
    before = everything_in(tmp_path)
    ended = run("predict", model, scene, "-o", tmp_path / "map.tif", "--tile-size", 10)
    assert ended.exit_code == 2
    assert "scene.tif cannot be read" in ended.error
    assert everything_in(tmp_path) == before


def test_a_file_that_is_no_split_is_refused(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    words = ("--method", "lda", "--split-file", small_files.labels_path, "-o", tmp_path / "m")
    ended = run("fit", *small_files.paths, *words)
    assert ended.exit_code == 2
    assert "labels.tif" in ended.error
    assert everything_in(tmp_path) == set()
