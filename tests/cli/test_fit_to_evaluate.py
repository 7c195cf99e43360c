"""Split, fit, predict and evaluate, one after the other, do what ``hsidiff map`` does."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio

import hsidiff
from command_line import Run, SmallFiles, write_labels

LDA = ("--method", "lda", "--block-px", 5)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the map is made that the tests of this file have copies of."""
    return tmp_path_factory.mktemp("maps")


@pytest.fixture
def out(run: Run, small_files: SmallFiles, maps: Path, tmp_path: Path) -> Path:
    """What ``hsidiff map`` writes."""
    if not (maps / "out").exists():
        assert run("map", *small_files.paths, *LDA, "-o", maps / "out").exit_code == 0
    return Path(shutil.copytree(maps / "out", tmp_path / "out"))


def read_band(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_predict_with_the_saved_model_draws_the_same_map(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    again, probabilities = tmp_path / "again.tif", tmp_path / "shares.tif"
    ended = run(
        "predict", out / "model", small_files.scene_path, "-o", again,
        "--probabilities", probabilities, "--tile-size", 9, "--json",
    )  # fmt: skip
    assert ended.exit_code == 0, ended.err
    values = read_band(out / "map.tif")
    np.testing.assert_array_equal(read_band(again), values)
    np.testing.assert_array_equal(read_band(probabilities), read_band(out / "probabilities.tif"))
    answer = json.loads(ended.out)
    assert answer["map"] == str(again)
    names = {1: "corn", 2: "grass", 3: "roof [red]"}
    assert answer["pixels"] == {name: int((values == i).sum()) for i, name in names.items()}
    assert ended.err == ""


def test_predict_prints_pixels_of_each_class(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    ended = run("predict", out / "model", small_files.scene_path, "-o", tmp_path / "[b] m.tif")
    told, _, written = ended.out.partition("written:\n")
    _, _, *classes, invalid, unlike = told.splitlines()
    values = read_band(out / "map.tif")
    for line, name, class_id in zip(
        classes, ("corn", "grass", "roof [red]"), (1, 2, 3), strict=True
    ):
        n_pixels = np.count_nonzero(values == class_id)
        hectares = n_pixels * 30 * 30 / 1e4
        told = line.removeprefix(f"{class_id} {name}").split()
        assert told[:2] == [f"{hectares:.1f}", str(n_pixels)], line
    assert invalid == f"(no value in the scene) {np.count_nonzero(values == 0)} pixels"
    assert unlike.startswith("unlike what was learned from: ")
    files = [line.strip() for line in written.splitlines()]
    assert files[0] == str(tmp_path / "[b] m.tif")
    assert str(tmp_path / "[b] m-confidence.tif") in files
    assert all(Path(file).exists() for file in files)


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_predict_refuses_a_device_for_a_model_that_has_none(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path, device: str
) -> None:
    words = ("predict", out / "model", small_files.scene_path, "-o", tmp_path / "again.tif")
    ended = run(*words, "--device", device)
    assert ended.exit_code == 2
    assert ended.error == f"error: --device {device}: lda knows no device; leave it out"


def test_map_does_not_write_into_the_folder_of_an_experiment(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "experiment.json").write_text("{}")
    ended = run("map", *small_files.paths, *LDA, "-o", tmp_path / "runs")
    assert ended.exit_code == 2
    assert "runs holds an experiment: give the name of another folder" in ended.error
    assert len(list((tmp_path / "runs").iterdir())) == 1


@pytest.fixture
def of_the_split(run: Run, small_files: SmallFiles, out: Path, tmp_path: Path) -> Path:
    """The map of the model that scored the map of ``out``."""
    model, path = tmp_path / "split-model", tmp_path / "of-the-split.tif"
    words = ("--method", "lda", "--split-file", out / "split.npz", "-o", model)
    assert run("fit", *small_files.paths, *words).exit_code == 0
    assert run("predict", model, small_files.scene_path, "-o", path).exit_code == 0
    return path


def test_evaluate_gives_the_scores_of_the_result(
    run: Run, small_files: SmallFiles, out: Path, of_the_split: Path, tmp_path: Path
) -> None:
    test_values = hsidiff.Split.load(out / "split.npz").test.values
    labels = write_labels(small_files, test_values, tmp_path / "test.tif")
    ended = run("evaluate", of_the_split, labels, "--json")
    assert ended.exit_code == 0, ended.err
    scores, result = json.loads(ended.out), json.loads((out / "result.json").read_text())
    for key in ("overall_accuracy", "average_accuracy", "kappa", "confusion_matrix", "n_scored"):
        assert scores[key] == result[key], key
    plain = run("evaluate", of_the_split, labels).out
    assert f"overall accuracy {100 * result['overall_accuracy']:.1f} %" in plain
    assert "roof [red]" in plain


def test_evaluate_scores_on_the_test_labels_of_a_split(
    run: Run, small_files: SmallFiles, out: Path, of_the_split: Path, tmp_path: Path
) -> None:
    words = ("evaluate", of_the_split, small_files.labels_path)
    ended = run(*words, "--split-file", out / "split.npz", "--json")
    assert ended.exit_code == 0, ended.err
    scores, result = json.loads(ended.out), json.loads((out / "result.json").read_text())
    for key in ("overall_accuracy", "confusion_matrix", "n_scored"):
        assert scores[key] == result[key], key
    assert scores["n_scored"] < json.loads(run(*words, "--json").out)["n_scored"]

    others = write_labels(small_files, small_files.labels.values[::-1], tmp_path / "others.tif")
    ended = run("evaluate", out / "map.tif", others, "--split-file", out / "split.npz")
    assert ended.exit_code == 2
    assert "split.npz is no split of" in ended.error


def test_evaluate_says_what_was_mapped_as_a_class_that_was_left_out(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    values, labels = read_band(out / "map.tif"), small_files.labels.values[::-1]
    others = write_labels(small_files, labels, tmp_path / "others.tif")
    ended = run("evaluate", out / "map.tif", others, "--ignore-class", "grass")
    n = np.count_nonzero(np.isin(labels, (1, 3)) & (values == 2))  # where it is 0, none is scored
    assert n > 0
    assert f"of these mapped as no class of the labels: {n}" in ended.out


def test_evaluate_compares_classes_by_name(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    # Without corn, grass and roof would count from 1 as the map's corn and grass do.
    values = read_band(out / "map.tif")
    places = [*np.argwhere(values == 2)[:20], *np.argwhere(values == 3)[:20]]
    xs, ys = rasterio.transform.xy(small_files.scene.transform, *np.transpose(places))
    points = geopandas.GeoDataFrame(
        {"class": ["grass"] * 20 + ["roof [red]"] * 20},
        geometry=geopandas.points_from_xy(xs, ys),
        crs=small_files.scene.crs,
    )
    points.to_file(tmp_path / "test.gpkg")
    ended = run("evaluate", out / "map.tif", tmp_path / "test.gpkg", "--json")
    assert ended.exit_code == 0, ended.err
    scores = json.loads(ended.out)
    assert scores["overall_accuracy"] == 1
    assert [entry["id"] for entry in scores["per_class"]] == [2, 3]


def test_evaluate_refuses_a_class_that_means_something_else_in_the_map(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    renamed = tuple(replace(c, name=f"other {c.name}") for c in small_files.labels.classes)
    files = replace(small_files, labels=replace(small_files.labels, classes=renamed))
    labels = write_labels(files, small_files.labels.values, tmp_path / "test.tif")
    ended = run("evaluate", out / "map.tif", labels)
    assert ended.exit_code == 2
    assert "class 'other corn' of the labels has id 1, which is 'corn' in the map" in ended.error


def test_evaluate_refuses_a_scene_in_place_of_a_map(run: Run, small_files: SmallFiles) -> None:
    ended = run("evaluate", *small_files.paths)
    assert ended.exit_code == 2
    assert "scene.tif has 12 bands, a map has one" in ended.error


def test_split_then_fit_then_predict_then_evaluate_is_the_score_of_map(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    split_file, model, again = tmp_path / "s.npz", tmp_path / "model", tmp_path / "m.tif"
    ended = run("split", *small_files.paths, "--block-px", 5, "-o", split_file, "--json")
    assert ended.exit_code == 0, ended.err
    answer = json.loads(ended.out)
    result = json.loads((out / "result.json").read_text())
    assert answer["sha256"] == result["split"]["sha256"]
    assert [c["n_train"] for c in answer["classes"]] == [
        entry["n_train"] for entry in result["per_class"]
    ]
    assert 0 <= answer["leakage"]["position_overall_accuracy"] <= 1

    words = ("--method", "lda", "--split-file", split_file, "-o", model, "--json")
    ended = run("fit", *small_files.paths, *words)
    assert ended.exit_code == 0, ended.err
    assert json.loads(ended.out)["n_train"] == result["n_train"]
    assert run("predict", model, small_files.scene_path, "-o", again).exit_code == 0
    words = (again, small_files.labels_path, "--split-file", split_file, "--json")
    scores = json.loads(run("evaluate", *words).out)
    assert scores["confusion_matrix"] == result["confusion_matrix"]


def test_fit_to_all_labels_then_predict_is_the_map_of_map(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    model, again = tmp_path / "model", tmp_path / "m.tif"
    ended = run("fit", *small_files.paths, "--method", "lda", "-o", model, "--json")
    assert ended.exit_code == 0, ended.err
    result = json.loads((out / "result.json").read_text())
    assert json.loads(ended.out)["n_train"] == result["n_labels"] == small_files.labels.n_labelled
    assert run("predict", model, small_files.scene_path, "-o", again).exit_code == 0
    np.testing.assert_array_equal(read_band(again), read_band(out / "map.tif"))


def test_fit_learns_from_all_labels_without_a_split(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    words = ("--method", "position", "-o", tmp_path / "model")
    ended = run("fit", *small_files.paths, *words)
    assert ended.exit_code == 0
    assert f"{small_files.labels.n_labelled} labels" in ended.out
    assert {path.name for path in (tmp_path / "model").iterdir()} == {
        "config.json", "preprocess.json", "learned.safetensors",
    }  # fmt: skip
    assert run("fit", *small_files.paths, *words).exit_code == 0


def test_fit_refuses_the_split_of_other_labels(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    values = np.where(small_files.labels.values > 0, 4 - small_files.labels.values, 0)
    labels = write_labels(small_files, values, tmp_path / "other.tif")
    words = ("--method", "lda", "--split-file", out / "split.npz", "-o", tmp_path / "model")
    ended = run("fit", small_files.scene_path, labels, *words)
    assert ended.exit_code == 2
    assert "split.npz is no split of" in ended.error


def test_split_prints_the_counts(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    words = ("--split", "per-class", "--samples-per-class", 7, "-o", tmp_path / "s.npz")
    ended = run("split", *small_files.paths, *words)
    assert ended.exit_code == 0
    split = hsidiff.Split.load(tmp_path / "s.npz")
    assert split.kind == "per-class"
    assert f"   3  roof [red]     7 {split.test.counts()[3]:>6}" in ended.out.splitlines()
    assert f"sha256 {split.sha256}" in ended.out


def test_a_published_split_takes_two_files(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    values = small_files.labels.values
    train = np.where(np.arange(50) < 25, values, 0)
    test = np.where((np.arange(50) >= 25) & (values > 1), values, 0)
    train_path = write_labels(small_files, train, tmp_path / "train.tif")
    test_path = write_labels(small_files, test, tmp_path / "test.tif")
    words = ("--split", "published", "--test-labels", test_path, "-o", tmp_path / "s.npz")
    ended = run("split", small_files.scene_path, train_path, *words)
    assert ended.exit_code == 0, ended.err
    split = hsidiff.Split.load(tmp_path / "s.npz")
    np.testing.assert_array_equal(split.train.values, train)
    np.testing.assert_array_equal(split.test.values, test)
    assert "no test pixel: 1 'corn'" in ended.err
