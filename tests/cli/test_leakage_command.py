"""``hsidiff leakage``: a label raster alone, a scene where it is needed, and what it answers."""

import json
import warnings
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import scipy.io
from rasterio.errors import NotGeoreferencedWarning

import hsidiff
from command_line import Run, SmallFiles, everything_in, write_labels
from hsidiff.labels.label_map import LabelMap

PER_CLASS = ("--split", "per-class", "--samples-per-class", 7)


def answer_of(run: Run, *words: object) -> dict:
    ended = run("leakage", *words, "--json")
    assert ended.exit_code == 0, ended.err
    return json.loads(ended.out)


def test_help_shows_whole_option_names_in_80_columns(run: Run) -> None:
    ended = run("leakage", "--help")
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "…" not in ended.out
    assert "│ leakage " in run("--help").out


def test_the_answer_is_what_the_library_measures(run: Run, small_files: SmallFiles) -> None:
    answer = answer_of(run, small_files.labels_path, *PER_CLASS, "--seed", 3)
    split = hsidiff.per_class_split(small_files.labels, 7, random_state=3)
    leakage = hsidiff.measure_leakage(split, 1)
    assert answer["position_overall_accuracy"] == leakage.position_overall_accuracy
    assert answer["position_average_accuracy"] == leakage.position_average_accuracy
    assert answer["window_shares"] == {str(w): x for w, x in leakage.window_shares.items()}
    assert list(answer["window_shares"]) == ["1", "3", "7", "13"]
    assert answer["nearest_training_px"] == leakage.nearest_training_px.to_json()
    assert (answer["kind"], answer["n_train"]) == ("per-class", 21)
    assert answer["n_test"] == small_files.labels.n_labelled - 21
    assert answer["parameters"] == {"samples_per_class": 7, "random_state": 3}
    assert [one["sha256"] for one in answer["splits"]] == [split.sha256]


def test_the_split_is_that_of_hsidiff_split(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    words = ("--block-px", 5, "--receptive-field", 5)
    made = run("split", *small_files.paths, *words, "-o", tmp_path / "s.npz", "--json")
    answer = answer_of(run, small_files.labels_path, *words)
    assert answer["splits"][0]["sha256"] == json.loads(made.out)["sha256"]
    assert answer["receptive_field_share"] == 0
    assert answer["n_test_apart"] == answer["n_test"]


@pytest.mark.parametrize("suffix", [".mat", ".npy", ".npz", ".tif", ".hdr"])
def test_a_label_raster_of_every_kind_is_enough(
    run: Run, small_files: SmallFiles, tmp_path: Path, suffix: str
) -> None:
    values = small_files.labels.values.astype(np.uint8)
    path = tmp_path / f"labels{suffix}"
    if suffix == ".mat":
        # The cube beside the labels is no raster of labels, nor is the list of wavelengths.
        extra = {"cube": np.ones((40, 50, 3)), "wavelengths": np.arange(3.0)}
        scipy.io.savemat(path, {"gt": values, **extra})
    elif suffix == ".npy":
        np.save(path, values)
    elif suffix == ".npz":
        np.savez(path, gt=values)
    elif suffix == ".tif":
        write_labels(small_files, values, path)
    else:
        profile = {"driver": "ENVI", "count": 1, "dtype": "uint8", "height": 40, "width": 50}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(tmp_path / "labels.img", "w", **profile) as dataset:
                dataset.write(values, 1)
    before = everything_in(tmp_path)
    answer = answer_of(run, path, *PER_CLASS)
    expected = hsidiff.per_class_split(small_files.labels, 7)
    assert answer["splits"][0]["sha256"] == expected.sha256
    assert everything_in(tmp_path) == before


def test_points_need_a_scene(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    rows, cols = np.nonzero(small_files.labels.values)
    xs, ys = rasterio.transform.xy(small_files.scene.transform, rows, cols)
    names = [f"class {number}" for number in small_files.labels.values[rows, cols]]
    points = geopandas.GeoDataFrame(
        {"cover": names},
        geometry=geopandas.points_from_xy(xs, ys),
        crs=small_files.scene.crs,
    )
    path = tmp_path / "labels.gpkg"
    points.to_file(path)
    ended = run("leakage", path, *PER_CLASS)
    assert ended.exit_code == 2
    assert "points and polygons have no pixels: add --scene SCENE" in ended.error
    words = ("--scene", small_files.scene_path, "--field", "cover")
    answer = answer_of(run, path, *PER_CLASS, *words)
    raster = answer_of(run, small_files.labels_path, *PER_CLASS)
    assert answer["splits"][0]["sha256"] == raster["splits"][0]["sha256"]


def test_a_published_split_takes_two_files(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    values = small_files.labels.values
    left = np.arange(50) < 25
    train = write_labels(small_files, np.where(left, values, 0), tmp_path / "train.tif")
    test = write_labels(small_files, np.where(left, 0, values), tmp_path / "test.tif")
    words = (train, "--split", "published", "--test-labels", test)
    answer = answer_of(run, *words, "--receptive-field", 21)
    split = hsidiff.published_split(
        LabelMap.from_array(np.where(left, values, 0)),
        LabelMap.from_array(np.where(left, 0, values)),
    )
    assert answer["n_test"] == split.test.n_labelled
    assert 0 < answer["n_test_apart"] < answer["n_test"]
    assert answer["n_test_apart"] == np.count_nonzero(values[:, 35:])
    ended = run("leakage", *words, "--seeds", 2)
    assert ended.exit_code == 2
    assert "--seeds 2: a published split is not drawn" in ended.error


def test_several_seeds_give_means_and_a_deviation(run: Run, small_files: SmallFiles) -> None:
    answer = answer_of(run, small_files.labels_path, *PER_CLASS, "--seed", 4, "--seeds", 3)
    single = [
        answer_of(run, small_files.labels_path, *PER_CLASS, "--seed", seed) for seed in (4, 5, 6)
    ]
    accuracies = [one["position_overall_accuracy"] for one in single]
    assert answer["position_overall_accuracy"] == pytest.approx(np.mean(accuracies))
    deviation = answer["position_overall_accuracy_deviation"]
    assert deviation == pytest.approx(np.std(accuracies, ddof=1))
    assert deviation > 0
    for side, share in answer["window_shares"].items():
        assert share == pytest.approx(np.mean([one["window_shares"][side] for one in single]))
    assert answer["splits"] == [one["splits"][0] for one in single]
    assert answer["parameters"] == {"samples_per_class": 7}
    counts = [sum(one["nearest_training_px"]["bin_counts"]) for one in single]
    assert sum(answer["nearest_training_px"]["bin_counts"]) == sum(counts)
    assert single[0]["position_overall_accuracy_deviation"] is None


def test_the_screen_shows_the_figures_and_what_they_mean(run: Run, small_files: SmallFiles) -> None:
    words = (small_files.labels_path, "--split", "random", "--train-fraction", 0.7)
    words = (*words, "--windows", "3,9", "--receptive-field", 5, "--seeds", 2)
    ended = run("leakage", *words)
    answer = answer_of(run, *words)
    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "split random, train_fraction=0.7, stratified=True, mean of 2 draws"
    for side in (3, 5, 9):
        share = answer["window_shares"][str(side)]
        start = f"{side} \N{MULTIPLICATION SIGN} {side} px".rjust(
            14
        ) + f"{100 * share:.1f} %".rjust(9)
        assert any(line.startswith(start) for line in lines)
    position = answer["position_overall_accuracy"]
    assert position > 0.9
    text = " ".join(lines)
    assert (
        f"Position alone, without any spectrum, reaches {100 * position:.1f} % (deviation " in text
    )
    assert "this split cannot show what a method has learned" in text
    assert f"sees a training pixel beside {100 * answer['receptive_field_share']:.1f} %" in text


def test_a_split_where_position_says_little_is_not_condemned(
    run: Run, small_files: SmallFiles
) -> None:
    ended = run("leakage", small_files.labels_path, "--block-px", 5, "--receptive-field", 5)
    assert "a score counts only by how far it lies above that" in " ".join(ended.out.splitlines())
    assert "No test pixel has a training pixel within 5 \N{MULTIPLICATION SIGN} 5 px." in ended.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--windows", "3,x"], "--windows 3,x: expected odd numbers such as 1,3,7"),
        (["--windows", ""], "--windows : expected"),
        (["--windows", "3,4"], "window of 4 px: must be odd and at least 1"),
        (["--receptive-field", "6"], "window of 6 px: must be odd and at least 1"),
        (["--seeds", "0"], "'--seeds'"),
        (["--split", "block"], "did you mean 'blocks'"),
        (["--split", "published"], "--split published needs --test-labels"),
        (["--split", "random", "--guard-px", "3"], "take --split blocks"),
        (["--scene-variable", "cube"], "--scene-variable cube needs --scene"),
        (["--labels-variable", "gt"], "is for files of arrays"),
        (["--field", "class"], "is for vector labels"),
        (["--ignore-class", "gras"], "did you mean 'grass'"),
    ],
)
def test_what_is_wrong_gets_one_clear_line(
    run: Run, small_files: SmallFiles, words: list[str], expected: str
) -> None:
    blocks = [] if "--split" in words else ["--block-px", 5]
    ended = run("leakage", small_files.labels_path, *blocks, *words)
    assert ended.exit_code == 2
    assert ended.out == ""
    assert expected in ended.error


def test_files_that_are_no_label_raster_are_named(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.mat"
    ended = run("leakage", missing)
    assert ended.exit_code == 2
    assert f"{missing} does not exist" in ended.error
    both = tmp_path / "both.mat"
    scipy.io.savemat(both, {"train": np.eye(3), "test": np.eye(3)})
    ended = run("leakage", both)
    assert ended.exit_code == 2
    assert "several 2-D arrays: train 3x3, test 3x3: choose one with" in ended.error
    assert "--labels-variable" in ended.error
    ended = run("leakage", small_files.scene_path)
    assert ended.exit_code == 2
    assert "12 bands: expected 1 band" in ended.error
    ended = run("leakage", small_files.labels_path, "--scene", missing)
    assert ended.exit_code == 2


def test_labels_of_another_grid_than_the_scene_are_refused(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    np.save(tmp_path / "labels.npy", small_files.labels.values[:-1])
    ended = run("leakage", tmp_path / "labels.npy", "--scene", small_files.scene_path)
    assert ended.exit_code == 2
    assert "labels are (39, 50) (rows, cols), scene is (40, 50)" in ended.error


def test_a_result_has_the_accuracy_apart_from_training(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    words = ("--method", "pca-mean", "--set", "C=10", "--set", "gamma=1")
    words += ("--split", "random", "--train-fraction", "0.02")
    ended = run("map", *small_files.paths, *words, "-o", tmp_path / "out")
    assert ended.exit_code == 0, ended.err
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    split = hsidiff.Split.load(tmp_path / "out" / "split.npz")
    class_map = np.load(tmp_path / "out" / "held_out.npz")["class_map"]
    half = result["leakage"]["receptive_field_px"] // 2
    assert half > 0
    padded = np.pad(split.train.values, half)
    apart = [
        (row, col)
        for row, col in np.argwhere(split.test.values)
        if not padded[row : row + 2 * half + 1, col : col + 2 * half + 1].any()
    ]
    rows, cols = np.transpose(apart)
    right = class_map[rows, cols] == split.test.values[rows, cols]
    assert 0 < len(apart) < result["n_test"]
    assert result["n_test_apart"] == result["leakage"]["n_test_apart"] == len(apart)
    assert result["overall_accuracy_apart"] == pytest.approx(right.mean())
    assert "is_right" not in result
