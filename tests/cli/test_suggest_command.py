"""What to label next, from a saved model to labels that are learned from."""

import json
from pathlib import Path

import geopandas
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
    again = run(
        "fit", scene, tmp_path / "filled.gpkg", "--field", "reference", "--method", "knn",
        "-o", tmp_path / "second",
    )  # fmt: skip
    assert again.exit_code == 0, again.err


def test_suggestions_in_json_are_those_of_the_table(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    table = tmp_path / "points.csv"
    ended = run("suggest", model, small_files.paths[0], "-n", 3, "-o", table, "--json")
    assert ended.exit_code == 0, ended.err
    pixels = json.loads(ended.out)["pixels"]
    assert [pixel["reason"] for pixel in pixels] == list(geopandas.pd.read_csv(table)["reason"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-n", 100_000), "pixels have a value"),
        (("-n", 3, "--apart", 1000), "there is room for 1 "),
        (("-n", 0), "-n"),
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
