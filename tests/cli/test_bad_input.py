"""Whatever is wrong with what was given: one clear line, exit code 2, nothing left behind."""

import json
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pytest
from affine import Affine
from bad_files import write_scene
from rasterio.crs import CRS
from shapely.geometry import Point

from command_line import Run, SmallFiles, everything_in, write_labels
from hsidiff.maps.geotiff import write_class_map
from small_scenes import small_cube

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
    assert "warp the labels to its grid: gdalwarp" in refused(small_files.scene_path, path)


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
        out = tmp_path / f"without {ignored}"
        ended = run("map", small_files.scene_path, path, *words, "-o", out)
        assert ended.exit_code == 0, ended.err
    error = refused(small_files.scene_path, path, "--ignore-class", "gras")
    assert "did you mean 'grass'" in error


# Pixels


@pytest.mark.parametrize(
    ("bands", "value", "expected"),
    [
        ([12], -1.0, "band 12 holds one value only"),
        ([3, 4, 5, 9], -1.0, "band 3-5,9 holds one value only"),
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
    message = refused(path, small_files.labels_path)
    assert "none of the 989 labels lies on a pixel of scene with values in all bands" in message


def test_a_gap_that_the_file_does_not_declare_is_noted_and_the_advice_works(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    cube, gap = small_cube(), -9999.0
    cube[:2, :20] = gap
    path = write_scene(cube, tmp_path / "scene.tif")
    words = ("map", path, small_files.labels_path, "--method", "lda", "--block-px", 5)
    ended = run(*words, "-o", tmp_path / "first")
    note = ended.err.splitlines()[0]
    assert "40 pixels hold the number -9999 in all bands" in note
    advice = note.rpartition("(")[2].rstrip(")").split()
    assert advice[0] == "--nodata"
    ended = run(*words, *advice, "-o", tmp_path / "second")
    lost = "20 of 989 labels lie on pixels without value and are left out: corn 10 of 346, "
    assert (ended.exit_code, ended.err) == (0, f"note: labels.tif: {lost}grass 10 of 344\n")
    info = json.loads(run("info", path, *advice, "--json").out)
    assert info["nodata"] == pytest.approx(gap)


# Settings


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--method", "spectraldif"], "did you mean 'spectraldiff'"),
        (["--method", "missing.py:Mine"], "there is no file missing.py"),
        (["--method", "spectraldiff", "--profile", "fsat"], "did you mean 'fast'"),
        (["--method", "svm", "--profile", "fast"], "svm has no profiles; leave it out"),
        (["--method", "spectraldiff", "--set", "pretrain_step=2"], "did you mean 'pretrain_steps'"),
        (["--method", "svm", "--budget", "60s"], "--budget 60s: svm learns no denoiser; leave it"),
        (["--method", "raw", "--budget", "60s"], "--budget 60s: raw learns no denoiser; leave it"),
        (
            ["--method", "spectraldiff", "--budget", "1h", "--set", "budget=1h"],
            "--budget 1h and --set budget=1h: give one of them",
        ),
        (["--method", "spectraldiff", "--set", "device=gpu"], "device='gpu'"),
        (["--set", "random_state"], "--set random_state: expected NAME=VALUE"),
        (["--set", "random_state=3"], "--set random_state=3: give it as --seed"),
        (["--split", "block"], "did you mean 'blocks'"),
        (["--train-fraction", "1.5"], "train_fraction=1.5: must lie strictly between 0 and 1"),
        (["--samples-per-class", "0"], "samples_per_class=0: must be at least 1"),
        (["--block-px", "64"], "take smaller blocks"),
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
            "--split blocks or fields or per-class",
        ),
        (["per-class", "--train-fraction", "0.5"], "take --split blocks or fields or random"),
        (["blocks", "--test-labels", "x.tif"], "take --split published"),
        (["random", "--guard-px", "3"], "take --split blocks or fields"),
        (["blocks", "--single-field", "drop"], "take --split fields"),
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


def test_options_of_two_splits_are_refused(
    refused: Callable[..., str], small_files: SmallFiles
) -> None:
    error = refused(*small_files.paths, "--block-px", "8", "--single-field", "drop")
    assert "--block-px and --single-field are no options of one --split" in error
