"""What to label next, from a saved model to labels that are learned from."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest

from command_line import Run, SmallFiles, everything_in


@pytest.fixture
def model(run: Run, small_files: SmallFiles, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    ended = run("fit", *small_files.paths, "--method", "lda", "-o", folder)
    assert ended.exit_code == 0, ended.err
    return folder


def test_suggested_points_are_labelled_and_learned_from(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    scene, points = small_files.paths[0], tmp_path / "points.gpkg"
    ended = run("suggest", model, scene, "-n", 6, "--apart", 2, "-o", points)
    assert ended.exit_code == 0, ended.err
    assert "next: fill in the field reference" in ended.out
    found = geopandas.read_file(points, layer="points")
    assert len(found) == 6
    assert found["reason"].str.len().min() > 5
    assert found["reference"].isna().all()
    places = ~small_files.scene.transform @ (found.geometry.x, found.geometry.y)
    assert (places[0] - 0.5).round(6).tolist() == found["col"].tolist()
    assert (places[1] - 0.5).round(6).tolist() == found["row"].tolist()

    names = [c.name for c in small_files.labels.classes]
    found["reference"] = [names[i % 2] for i in range(5)] + [None]  # one was left
    found.to_file(tmp_path / "filled.gpkg")
    filled, second = tmp_path / "filled.gpkg", tmp_path / "second"
    again = run("fit", scene, filled, "--method", "knn", "-o", second)
    assert again.exit_code == 0, again.err
    assert "learned from 5 labels" in again.out


def test_what_the_map_says_is_never_learned_from_in_place_of_labels(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    scene, points = small_files.paths[0], tmp_path / "points.gpkg"
    assert run("suggest", model, scene, "-n", 6, "--apart", 2, "-o", points).exit_code == 0
    ended = run("fit", scene, points, "--layer", "points", "--method", "lda", "-o", tmp_path / "x")
    assert ended.exit_code == 2
    assert "no point has a class in 'reference' yet" in ended.error


def test_points_of_a_scene_without_a_place_are_in_pixels(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    scene, points = tmp_path / "plain.npy", tmp_path / "points.csv"
    np.save(scene, small_files.scene.read())
    ended = run("suggest", model, scene, "-n", 6, "--apart", 2, "-o", points)
    assert ended.exit_code == 0, ended.err
    found = pd.read_csv(points)
    assert (found["x"] - 0.5).tolist() == found["col"].tolist()
    assert (found["y"] - 0.5).tolist() == found["row"].tolist()
    names = [c.name for c in small_files.labels.classes]
    found.assign(reference=[names[i % 2] for i in range(6)]).to_csv(points, index=False)
    again = run("fit", scene, points, "--method", "knn", "-o", tmp_path / "second")
    assert again.exit_code == 0, again.err
    assert "learned from 6 labels" in again.out


def test_suggested_points_do_not_score_a_map_in_silence(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    scene, points, drawn = small_files.paths[0], tmp_path / "points.gpkg", tmp_path / "map.tif"
    assert run("suggest", model, scene, "-n", 6, "--apart", 2, "-o", points).exit_code == 0
    assert run("predict", model, scene, "-o", drawn).exit_code == 0
    found = geopandas.read_file(points, layer="points")
    found.assign(reference=found["map_class"]).to_file(tmp_path / "filled.gpkg")
    ended = run("evaluate", drawn, tmp_path / "filled.gpkg")
    assert ended.exit_code == 0, ended.err
    assert "suggested points lie where a map was unsure" in ended.err


def test_suggestions_in_json_are_those_of_the_table(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    table = tmp_path / "points.csv"
    ended = run("suggest", model, small_files.paths[0], "-n", 3, "-o", table, "--json")
    assert ended.exit_code == 0, ended.err
    pixels = json.loads(ended.out)["pixels"]
    assert [pixel["reason"] for pixel in pixels] == list(pd.read_csv(table)["reason"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-n", 100_000), "pixels have a value"),
        (("-n", 3, "--apart", 1000), "there is room for 1 "),
        (("-n", 0), "-n"),
        (("-n", 3, "--seed", 2**32), "random_state=4294967296: must be from 0 to 4294967295"),
    ],
)
def test_what_cannot_be_suggested_is_refused_and_nothing_written(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path, words: tuple, message: str
) -> None:
    before = everything_in(tmp_path)
    ended = run("suggest", model, small_files.paths[0], *words, "-o", tmp_path / "points.gpkg")
    assert ended.exit_code == 2
    assert message in ended.error
    assert everything_in(tmp_path) == before


def test_an_older_file_is_not_touched(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    points = tmp_path / "points.gpkg"
    points.write_text("labels of a day")
    ended = run("suggest", model, small_files.paths[0], "-n", 3, "-o", points)
    assert ended.exit_code == 2
    assert "exists, and may hold labels" in ended.error
    assert points.read_text() == "labels of a day"
