"""How hsidiff map is scored: on a split, by folds, on labels of its own, or not at all."""

import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
from rasterio.features import shapes
from shapely.geometry import shape

import hsidiff
from command_line import Run, SmallFiles, write_labels
from hsidiff.baselines.lda import LinearDiscriminant

LDA = ("--method", "lda")


def read_result(out: Path) -> dict[str, Any]:
    return json.loads((out / "result.json").read_text())


def few_labels(files: SmallFiles, folder: Path) -> Path:
    """Labels that lie apart, 10 of each class, at most."""
    values = np.zeros_like(files.labels.values)
    for class_id in (1, 2, 3):
        places = np.argwhere(files.labels.values == class_id)
        rows, cols = places[:: max(len(places) // 10, 1)][:10].T
        values[rows, cols] = class_id
    return write_labels(files, values, folder / "few.tif")


@pytest.mark.parametrize(
    ("options", "unit"),
    [
        (("--validate", "groups"), "fields"),
        (("--validate", "groups", "--split", "blocks"), "blocks"),
        (("--split", "fields"), "fields"),
        (("--split", "blocks"), "blocks"),
        (("--validate", "none"), "blocks"),
    ],
)
def test_the_map_chooses_by_what_its_score_held_out(
    run: Run,
    small_files: SmallFiles,
    tmp_path: Path,
    options: tuple[str, ...],
    unit: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    units: list[str] = []
    learn = LinearDiscriminant.fit

    def fit(self: LinearDiscriminant, scene: Any, labels: Any) -> LinearDiscriminant:
        units.append(labels.unit)
        return learn(self, scene, labels)

    monkeypatch.setattr(LinearDiscriminant, "fit", fit)
    ended = run(
        "map", small_files.scene_path, small_files.labels_path, *LDA, *options, "-o", tmp_path / "o"
    )
    assert ended.exit_code == 0, ended.err
    assert set(units) == {unit}


def test_few_labels_take_turns_and_the_map_learns_from_all(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    labels, out = few_labels(small_files, tmp_path), tmp_path / "out"
    ended = run("map", small_files.scene_path, labels, *LDA, "-o", out)
    assert ended.exit_code == 0, ended.err
    result = read_result(out)
    assert result["validation"]["kind"] == result["split"]["kind"] == "groups"
    assert result["n_scored"] == result["n_labels"] == 30
    assert result["split"]["parameters"]["n_folds"] == 5
    assert not (out / "split.npz").exists()
    # The repeat that is told is the middle one.
    repeats = result["validation"]["repeats"]
    assert len(repeats) == 3
    assert result["overall_accuracy"] == sorted(repeats)[1]
    low, high = result["validation"]["intervals"]["overall_accuracy"]
    assert low < result["overall_accuracy"] <= high
    assert "Scored by 5 folds over" in ended.out
    assert "(30 labels are few, below 500)" in ended.out
    assert f"95 % interval {100 * low:.1f} % to {100 * high:.1f} %" in ended.out
    # What the page says, and the model of the map.
    page = (out / "report.html").read_text()
    for words in ("Scored by 5 folds", "learned from all 30 labels", "Held-out labels:"):
        assert words in page
    scene = small_files.scene
    everything = hsidiff.read_labels(labels, scene)
    expected = LinearDiscriminant().fit(scene, everything).predict(scene)
    model = hsidiff.load_classifier(out / "model")
    np.testing.assert_array_equal(model.predict(scene), expected)


def test_many_labels_or_options_of_a_split_are_scored_on_one(
    run: Run, small_files: SmallFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hsidiff.evaluation.validation.FEW_LABELS", 100)
    for name, words in (("a", ()), ("b", ("--split", "fields"))):
        ended = run("map", *small_files.paths, *LDA, *words, "-o", tmp_path / name)
        assert ended.exit_code == 0, ended.err
        result = read_result(tmp_path / name)
        assert result["validation"]["kind"] == "split"
        assert result["n_labels"] == small_files.labels.n_labelled
        assert result["n_train"] < result["n_labels"]
        assert (tmp_path / name / "split.npz").exists()
        assert "Scored on one split" in ended.out
    assert read_result(tmp_path / "b")["split"]["kind"] == "fields"


def test_nothing_need_be_held_out(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run("map", *small_files.paths, *LDA, "--validate", "none", "-o", out)
    assert ended.exit_code == 0, ended.err
    result = read_result(out)
    assert "overall_accuracy" not in result
    assert result["validation"]["kind"] == "none"
    assert [entry["n_labels"] for entry in result["per_class"]] == list(
        small_files.labels.counts().values()
    )
    assert {"held_out.npz", "split.npz"}.isdisjoint(path.name for path in out.iterdir())
    assert "no score" in ended.out
    page = (out / "report.html").read_text()
    assert "there is no score" in page
    assert "Overall accuracy" not in page


def test_labels_of_their_own_score_the_map_and_are_never_learned_from(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    values = small_files.labels.values
    given = np.zeros_like(values)
    given[1::8, ::5] = values[1::8, ::5]
    path, out = write_labels(small_files, given, tmp_path / "apart.tif"), tmp_path / "out"
    ended = run("map", *small_files.paths, *LDA, "--validation-labels", path, "-o", out)
    assert ended.exit_code == 0, ended.err
    n_given = np.count_nonzero(given)
    result = read_result(out)
    assert f"{n_given} labels lie on pixels of validation labels" in " ".join(result["warnings"])
    assert result["n_scored"] == n_given
    assert result["n_labels"] == result["n_train"] == small_files.labels.n_labelled - n_given
    class_map = np.load(out / "held_out.npz")["class_map"]
    mapped = hsidiff.load_classifier(out / "model").predict(small_files.scene)
    np.testing.assert_array_equal(class_map, np.where(given > 0, mapped, 0))
    assert len(json.loads((out / "run.json").read_text())["inputs"]["labels"]) == 2
    assert f"Scored on {n_given} labels of apart.tif" in ended.out


def test_few_scored_labels_get_a_caution(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    values = np.zeros_like(small_files.labels.values)
    for class_id in (1, 2):
        for row, col in np.argwhere(small_files.labels.values == class_id)[::90][:5]:
            values[row, col] = class_id
    labels = write_labels(small_files, values, tmp_path / "few.tif")
    words = ("--method", "knn", "-o", tmp_path / "out", "--validate", "groups")
    ended = run("map", small_files.scene_path, labels, *words)
    assert ended.exit_code == 0, ended.err
    assert "labels are scored: the overall accuracy may be anything from" in ended.err


def test_renamed_classes_get_the_same_folds_and_score(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    few = few_labels(small_files, tmp_path)
    values = hsidiff.read_labels(few, small_files.scene).values
    renamed = tmp_path / "renamed.npy"
    np.save(renamed, np.select([values == 1, values == 2, values == 3], [7, 1, 4], 0))
    scores = []
    for name, path in (("a", few), ("b", renamed)):
        out = tmp_path / name
        assert run("map", small_files.scene_path, path, *LDA, "-o", out).exit_code == 0
        scores.append(read_result(out)["validation"])
    assert scores[0]["repeats"] == scores[1]["repeats"]
    intervals = [one["intervals"]["overall_accuracy"] for one in scores]
    assert intervals[0] == intervals[1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--validate", "all"), "validate"),
        (("--validate", "none", "--split", "fields"), "--split does not go with --validate none"),
        (("--validate", "groups", "--train-fraction", "0.3"), "--train-fraction does not go with"),
        (("--validate", "groups", "--split", "random"), "groups are fields or blocks"),
        (("--validate", "groups", "--validation-labels", "x.tif"), "give one of them"),
        (("--validation-layer", "x"), "--validation-layer needs --validation-labels"),
        (("--validation-labels", "x.tif", "--guard-px", "3"), "go with --validation-labels"),
        (("--validation-labels", "no-such.tif"), "no-such.tif"),
        (("--validate", "groups", "--guard-px", "60"), "guard"),
    ],
)
def test_what_does_not_go_together_is_refused(
    run: Run, small_files: SmallFiles, tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    ended = run("map", *small_files.paths, *LDA, *words, "-o", tmp_path / "out")
    assert ended.exit_code == 2
    assert expected in ended.error
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_denoiser_that_sees_training_blocks_only_is_scored_so(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    labels, out = few_labels(small_files, tmp_path), tmp_path / "out"
    words = (
        "--method",
        "raw",
        "--set",
        "pretrain_on=train_blocks",
        "--set",
        "head=linear",
        "-o",
        out,
    )
    ended = run("map", small_files.scene_path, labels, *words)
    assert ended.exit_code == 0, ended.err
    assert read_result(out)["transductive"] is False


def polygons_of(files: SmallFiles, path: Path) -> Path:
    """The fields of the label raster as polygons, with their class's name."""
    values = files.labels.values.astype(np.int32)
    pieces = list(shapes(values, mask=values > 0, transform=files.scene.transform))
    names = {c.id: c.name for c in files.labels.classes}
    table = geopandas.GeoDataFrame(
        {"kind": [names[int(value)] for _, value in pieces]},
        geometry=[shape(piece) for piece, _ in pieces],
        crs=files.scene.crs,
    )
    table.to_file(path)
    return path


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ((), "fields"),
        (("--samples-per-class", "5"), "fields"),
        (("--block-px", "5"), "blocks"),
        (("--split", "random"), "random"),
    ],
)
def test_many_pixels_in_polygons_are_split_by_polygons_unless_somebody_says_otherwise(
    run: Run,
    small_files: SmallFiles,
    tmp_path: Path,
    options: tuple[str, ...],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hsidiff.evaluation.validation.FEW_LABELS", 100)
    labels, out = polygons_of(small_files, tmp_path / "labels.gpkg"), tmp_path / "out"
    ended = run("map", small_files.scene_path, labels, *LDA, *options, "-o", out)
    assert ended.exit_code == 0, ended.err
    assert read_result(out)["split"]["kind"] == kind
    how = {"fields": "by whole fields", "blocks": "by blocks", "random": "at random"}[kind]
    assert f"Scored on one split {how} (" in " ".join(ended.out.split())
