"""From a map to a sample, to labels, to areas with intervals: as it is typed."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest

from command_line import Run, SmallFiles, everything_in, write_labels
from experiments.check_accuracy import main as check_accuracy
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.split import Split
from hsidiff.maps.geotiff import write_class_map
from hsidiff.maps.read_map import read_map
from small_scenes import small_fields, small_invalid

LDA = ("--block-px", 5, "--method", "lda")


@pytest.fixture
def small_map(small_files: SmallFiles, tmp_path: Path) -> Path:
    """A map of the small scene, with every tenth pixel wrong."""
    values = np.where(small_invalid(), 0, small_fields() + 1)
    wrong = (np.arange(values.size).reshape(values.shape) % 10 == 0) & (values > 0)
    return write_labels(small_files, np.where(wrong, values % 3 + 1, values), tmp_path / "map.tif")


def fill(path: Path, filled: Path, small_files: SmallFiles) -> None:
    """Label a sample as the fields of the small scene say."""
    points = geopandas.read_file(path, layer=path.stem)
    places = np.array([points["x"], points["y"], np.ones(len(points))])
    cols, rows = np.floor(~small_files.scene.transform @ places)[:2].astype(int)
    names = np.array([c.name for c in small_files.labels.classes])
    points["reference"] = names[small_fields()[rows, cols]]
    points.to_file(filled)


def test_a_sample_is_drawn_labelled_and_gives_areas_with_intervals(
    run: Run, small_files: SmallFiles, small_map: Path, tmp_path: Path
) -> None:
    points = tmp_path / "points.gpkg"
    ended = run("sample", small_map, "-n", 150, "--by-class", "--seed", 2, "-o", points)
    assert ended.exit_code == 0, ended.err
    assert f"next: fill in the field reference, then: hsidiff evaluate {small_map}" in ended.out
    fill(points, tmp_path / "filled.gpkg", small_files)

    out = tmp_path / "accuracy"
    ended = run("evaluate", small_map, tmp_path / "filled.gpkg", "-o", out, "--json")
    assert ended.exit_code == 0, ended.err
    found = json.loads(ended.out)["assessment"]
    assert found["by_design"]
    assert found["n_scored"] == 150
    truth = small_fields()[~small_invalid()] + 1
    for entry in found["areas"]:
        true_pixels = (truth == entry["id"]).sum()
        low, high = (entry["adjusted_pixels"][end] for end in ("low", "high"))
        assert low < true_pixels < high
        pixel_ha = entry["hectares"] / entry["pixels"]
        assert entry["adjusted_hectares"]["low"] == pytest.approx(low * pixel_ha)
    assert json.loads((out / "accuracy.json").read_text())["areas"] == found["areas"]
    table = pd.read_csv(out / "areas.csv")
    assert (table["adjusted_hectares_high"] > table["adjusted_hectares_low"]).all()
    matrix = pd.read_csv(out / "error-matrix.csv")
    assert matrix["total"].iloc[-1] == 150
    assert "Error matrix" in (out / "accuracy.html").read_text()

    check_accuracy(str(out))  # by other means

    again = run("evaluate", small_map, tmp_path / "filled.gpkg", "-o", out)
    assert again.exit_code == 2
    assert "holds an assessment" in again.error
    plain = run("evaluate", small_map, tmp_path / "filled.gpkg").out
    for words in ("95 % interval", "adjusted area", "producer's accuracy", "user's accuracy"):
        assert words in plain


def test_one_sample_serves_another_map_of_the_place(
    run: Run, small_files: SmallFiles, small_map: Path, tmp_path: Path
) -> None:
    run("sample", small_map, "-n", 120, "--by-class", "-o", tmp_path / "p.gpkg")
    fill(tmp_path / "p.gpkg", tmp_path / "filled.gpkg", small_files)
    truth = np.where(small_invalid(), 0, small_fields() + 1)
    perfect = write_labels(small_files, truth, tmp_path / "other.tif")
    first, second = (
        json.loads(run("evaluate", path, tmp_path / "filled.gpkg", "--json").out)["assessment"]
        for path in (small_map, perfect)
    )
    assert second["overall_accuracy"]["value"] == 1
    assert second["overall_accuracy"]["low"] < 1
    assert first["overall_accuracy"]["value"] < 1
    areas = [[e["adjusted_pixels"]["value"] for e in found["areas"]] for found in (first, second)]
    assert areas[0] == pytest.approx(areas[1])  # the ground is the same


def test_a_table_and_a_sample_without_strata(run: Run, small_map: Path, tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    words = ("sample", small_map, "-n", 40, "-o", path, "--show-class", "--json")
    answer = json.loads(run(*words).out)
    assert [stratum["n_samples"] for stratum in answer["strata"]] == [40]
    table = pd.read_csv(path)
    assert list(table.columns) == [
        "id", "x", "y", "stratum", "stratum_pixels", "stratum_hectares", "population_pixels",
        "reference", "map_class",
    ]  # fmt: skip
    assert table["reference"].isna().all()
    table["reference"] = table["map_class"]
    table.to_csv(path, index=False)
    ended = run("evaluate", small_map, path, "--json")
    assert ended.exit_code == 0, ended.err
    found = json.loads(ended.out)["assessment"]
    assert found["overall_accuracy"]["value"] == 1
    assert all(
        e["adjusted_hectares"]["high"] > e["adjusted_hectares"]["low"] for e in found["areas"]
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-n", 100_000, "--by-class"), "samples of it were asked for"),
        (("-n", 3, "--by-class"), "too few for 3 classes"),
        (("-n", 0), "invalid value for"),
        (("-n", 30, "--by-class", "--allocation", "best"), "allocation='best'"),
        (("-n", 30, "-o", "points.txt"), "choose a name that ends in .gpkg or .csv"),
    ],
)
def test_a_sample_that_cannot_be_drawn_leaves_nothing(
    run: Run, small_map: Path, tmp_path: Path, words, message: str
) -> None:
    before = everything_in(tmp_path)
    words = words if "-o" in words else (*words, "-o", tmp_path / "p.gpkg")
    ended = run("sample", small_map, *words)
    assert ended.exit_code == 2
    assert message in ended.error
    assert everything_in(tmp_path) == before


def test_a_sample_is_not_drawn_over_labels(run: Run, small_map: Path, tmp_path: Path) -> None:
    words = ("sample", small_map, "-n", 30, "-o", tmp_path / "p.gpkg")
    assert run(*words).exit_code == 0
    content = (tmp_path / "p.gpkg").read_bytes()
    assert "exists, and may hold labels" in run(*words).error
    assert (tmp_path / "p.gpkg").read_bytes() == content
    assert "no point has a class" in run("evaluate", small_map, tmp_path / "p.gpkg").error


def test_labels_at_hand_speak_of_themselves(
    run: Run, small_files: SmallFiles, small_map: Path
) -> None:
    ended = run("evaluate", small_map, small_files.labels_path)
    assert ended.exit_code == 0, ended.err
    assert "caution: these labels are no sample drawn by design" in ended.out
    assert "adjusted area (" not in ended.out
    found = json.loads(run("evaluate", small_map, small_files.labels_path, "--json").out)
    assert not found["assessment"]["by_design"]
    assert found["assessment"]["overall_accuracy"]["value"] == found["overall_accuracy"]


def test_few_labels_are_a_caution(
    run: Run, small_files: SmallFiles, small_map: Path, tmp_path: Path
) -> None:
    values = np.zeros_like(small_files.labels.values)
    rows, cols = np.nonzero(small_files.labels.values)
    kept = np.linspace(0, len(rows) - 1, 25).astype(int)
    values[rows[kept], cols[kept]] = small_files.labels.values[rows[kept], cols[kept]]
    ended = run("evaluate", small_map, write_labels(small_files, values, tmp_path / "few.tif"))
    assert "caution: only 25 samples are scored" in ended.out


def test_labels_where_the_map_has_no_class_are_left_out_and_counted(
    run: Run, small_files: SmallFiles, small_map: Path, tmp_path: Path
) -> None:
    labels = write_labels(small_files, small_fields() + 1, tmp_path / "all.tif")
    ended = run("evaluate", small_map, labels, "--json")
    n = int(small_invalid().sum())
    assert f"all.tif: {n} of 2 000 labelled pixels have no class in the map" in ended.err
    assert json.loads(ended.out)["n_scored"] == small_fields().size - n


def test_labels_that_the_map_was_learned_from_are_a_caution(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("map", *small_files.paths, *LDA, "-o", out).exit_code == 0
    words = ("evaluate", out / "map.tif", small_files.labels_path)
    assert "labels.tif is the file that this map was learned from" in run(*words).err
    split = Split.load(out / "split.npz")
    values = split.test.values  # they scored a copy of the model, and then it learned from them
    copy = write_labels(small_files, values, tmp_path / "copy.tif")
    told = run("evaluate", out / "map.tif", copy).err
    n = (values > 0).sum()
    assert f"this map was learned from {n} of the {n} labelled pixels" in told
    elsewhere = write_labels(small_files, np.where(values > 0, 0, 1), tmp_path / "elsewhere.tif")
    assert "learned from" not in run("evaluate", out / "map.tif", elsewhere).err


def test_a_map_of_a_model_that_saw_one_side_of_a_split_is_scored_on_the_other_in_silence(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    split = tmp_path / "split.npz"
    assert run("split", *small_files.paths, "--block-px", 5, "-o", split).exit_code == 0
    fitted = ("--method", "lda", "--split-file", split, "-o", tmp_path / "model")
    assert run("fit", *small_files.paths, *fitted).exit_code == 0
    scene = small_files.scene_path
    assert run("predict", tmp_path / "model", scene, "-o", tmp_path / "map.tif").exit_code == 0
    words = ("evaluate", tmp_path / "map.tif", small_files.labels_path, "--split-file", split)
    ended = run(*words)
    assert ended.exit_code == 0, ended.err
    assert "learned from" not in ended.err


def test_a_map_tells_its_areas(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = run("map", *small_files.paths, *LDA, "-o", out).out
    areas = json.loads((out / "result.json").read_text())["areas"]
    assert sum(area["pixels"] for area in areas) == (~small_invalid()).sum()
    pixel_ha = abs(small_files.scene.transform.determinant) / 1e4
    for area in areas:
        assert area["hectares"] == pytest.approx(area["pixels"] * pixel_ha)
        assert area["name"] in told
    assert "hectares" in told
    assert "Areas of the classes" in (out / "report.html").read_text()
    ended = run(
        "predict", out / "model", small_files.scene_path, "-o", tmp_path / "m.tif", "--json"
    )
    assert json.loads(ended.out)["areas"] == areas


@pytest.fixture
def map_in_doubt(small_map: Path) -> Path:
    """The same map, "not sure" in its upper rows, as ``map --abstain`` writes it."""
    drawn = read_map(small_map)
    values = drawn.values.copy()
    values[:12][values[:12] > 0] = 4
    legend = (*drawn.classes, LandClass(4, "not sure", "#d9d9d9"))
    path = small_map.parent / "doubt.tif"
    write_class_map(values, legend, path, drawn.crs, drawn.transform)
    return path


def test_not_sure_is_a_stratum_and_no_class_of_the_ground(
    run: Run, small_files: SmallFiles, map_in_doubt: Path, tmp_path: Path
) -> None:
    points, out = tmp_path / "points.gpkg", tmp_path / "accuracy"
    assert run("sample", map_in_doubt, "-n", 150, "--by-class", "-o", points).exit_code == 0
    fill(points, tmp_path / "filled.gpkg", small_files)
    ended = run("evaluate", map_in_doubt, tmp_path / "filled.gpkg", "-o", out, "--json")
    assert ended.exit_code == 0, ended.err
    found = json.loads(ended.out)["assessment"]
    assert [entry["name"] for entry in found["classes"]] == ["corn", "grass", "roof [red]"]
    assert [entry["name"] for entry in found["areas"]][-1] == "not sure"
    assert "adjusted_pixels" not in found["areas"][-1]
    # The undecided upper part is ground all the same: the areas still add up to the whole.
    total = sum(entry["adjusted_pixels"]["value"] for entry in found["areas"][:-1])
    assert total == pytest.approx((read_map(map_in_doubt).values > 0).sum())
    assert found["accuracy_where_mapped"]["value"] > 0.8 > found["overall_accuracy"]["value"]
    assert "of what has a class" in " ".join(found["cautions"])
    check_accuracy(str(out))


def test_more_points_than_pixels_are_refused(run: Run, small_map: Path, tmp_path: Path) -> None:
    ended = run("sample", small_map, "-n", 5000, "-o", tmp_path / "points.gpkg")
    assert ended.exit_code == 2
    assert "the map has 1 979 pixels, and 5 000 samples of it were asked for" in ended.error
    assert ended.error.endswith("ask for fewer (-n)")


def test_not_sure_is_no_reference(
    run: Run, small_files: SmallFiles, map_in_doubt: Path, tmp_path: Path
) -> None:
    points = tmp_path / "points.gpkg"
    assert run("sample", map_in_doubt, "-n", 150, "--by-class", "-o", points).exit_code == 0
    fill(points, tmp_path / "filled.gpkg", small_files)
    table = geopandas.read_file(tmp_path / "filled.gpkg")
    table.loc[[3, 4], "reference"] = "not sure"
    table.to_file(tmp_path / "told.gpkg")
    ended = run("evaluate", map_in_doubt, tmp_path / "told.gpkg")
    assert ended.exit_code == 2
    assert "2 points have the reference 'not sure', which is no class" in ended.error


def test_labels_where_the_map_is_not_sure_are_left_out(
    run: Run, small_files: SmallFiles, map_in_doubt: Path
) -> None:
    ended = run("evaluate", map_in_doubt, small_files.labels_path, "--json")
    assert ended.exit_code == 0, ended.err
    assert "have no class in the map (no data, not sure) and are left out" in ended.err
    found = json.loads(ended.out)["assessment"]
    assert [entry["name"] for entry in found["classes"]] == ["corn", "grass", "roof [red]"]
    assert found["overall_accuracy"]["value"] == pytest.approx(0.9, abs=0.05)
