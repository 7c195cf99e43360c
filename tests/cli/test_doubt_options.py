"""How sure a map is, on the command line: confidence, "not sure", "none of these"."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from command_line import Run, SmallFiles
from hsidiff.maps.geotiff import read_class_map

QUICK = ("--method", "lda", "--block-px", 5, "--samples-per-class", 12)


@pytest.fixture
def out(run: Run, small_files: SmallFiles, tmp_path: Path) -> Path:
    words = ("--abstain", 0.9, "--none-of-these", 0.05)
    ended = run("map", *small_files.paths, *QUICK, *words, "-o", tmp_path / "out")
    assert ended.exit_code == 0, ended.err
    assert "confidence        off by" in ended.out
    return tmp_path / "out"


def test_map_says_how_sure_it_is_and_where_it_is_not(out: Path) -> None:
    result = json.loads((out / "result.json").read_text())
    calibration = result["learned"]["calibration"]
    assert calibration["source"] == result["reliability"]["source"] == "near folds"
    assert calibration["n_held_out"] == result["reliability"]["n_pixels"] > result["n_scored"]
    assert 0 <= result["reliability"]["after"]["expected_calibration_error"] < 0.3
    values = read_class_map(out / "map.tif")
    assert [entry["name"] for entry in result["doubt"]] == ["not sure", "none of these"]
    for entry in result["doubt"]:
        assert entry["n_pixels"] == np.count_nonzero(values == entry["id"])
    page = (out / "report.html").read_text()
    assert "How far to trust the confidence" in page
    assert "none of these" in page
    assert "<span>33 %</span>" in page  # the least that the largest of three probabilities can be
    with rasterio.open(out / "confidence.tif") as dataset:
        assert dataset.units == ("%",)


def test_predict_writes_the_confidence_beside_the_map(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    words = ("predict", out / "model", small_files.scene_path, "-o", tmp_path / "m.tif", "--json")
    ended = run(*words, "--abstain", 0.9, "--none-of-these", 0.05)
    assert ended.exit_code == 0, ended.err
    answer = json.loads(ended.out)
    assert answer["confidence"] == str(tmp_path / "m-confidence.tif")
    assert set(answer["pixels"]) == {"corn", "grass", "roof [red]", "not sure", "none of these"}
    np.testing.assert_array_equal(
        read_class_map(tmp_path / "m.tif"), read_class_map(out / "map.tif")
    )
    for name in ("m-confidence.tif", "m-confidence.qml"):
        assert (tmp_path / name).exists()


def test_not_sure_says_when_nothing_checked_the_confidence(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    words = ("--method", "lda", "--validate", "none", "--abstain", 0.6, "-o", tmp_path / "out")
    ended = run("map", *small_files.paths, *words)
    assert ended.exit_code == 0, ended.err
    assert '"not sure" goes by what lda believes, which no held-out label checked' in ended.err


def test_none_of_these_needs_labels_that_were_held_out(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    words = ("--method", "lda", "--validate", "none", "-o", tmp_path / "out")
    ended = run("map", *small_files.paths, *words, "--none-of-these", 0.01)
    assert ended.exit_code == 2
    assert ended.error == (
        "error: --none-of-these needs held-out labels: leave out --validate none"
    )
    assert not (tmp_path / "out").exists()


def test_predict_writes_sets_beside_the_map(
    run: Run, small_files: SmallFiles, out: Path, tmp_path: Path
) -> None:
    words = ("predict", out / "model", small_files.scene_path, "-o", tmp_path / "m.tif")
    ended = run(*words, "--sets", 0.8)
    assert ended.exit_code == 0, ended.err
    assert str(tmp_path / "m-sets.tif") in ended.out
    with rasterio.open(tmp_path / "m-sets.tif") as dataset:
        assert dataset.count == 4
    ended = run(*words, "--sets", 8)
    assert ended.error == "error: --sets 8: must lie strictly between 0 and 1 (for 8 %: 0.08)"


@pytest.mark.parametrize("option", ["--abstain", "--none-of-these"])
@pytest.mark.parametrize("share", [0, 1, 60, "nan"])
def test_shares_outside_of_0_to_1_are_refused_before_anything_is_learned(
    run: Run, small_files: SmallFiles, tmp_path: Path, option: str, share: object
) -> None:
    ended = run("map", *small_files.paths, *QUICK, option, share, "-o", tmp_path / "out")
    assert ended.exit_code == 2
    assert f"{option} {share}: must lie strictly between 0 and 1" in ended.error
    assert not (tmp_path / "out").exists()


@pytest.fixture
def noisy(small_files: SmallFiles, tmp_path: Path) -> tuple[Path, Path]:
    """A scene whose classes overlap, and its labels."""
    path = tmp_path / "noisy.tif"
    with rasterio.open(small_files.scene_path) as dataset:
        cube, profile = dataset.read(), dataset.profile
    noise = np.random.default_rng(0).normal(scale=2.0 * cube[cube > 0].std(), size=cube.shape)
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write((cube + noise).astype(cube.dtype))
    return path, small_files.paths[1]


def test_a_threshold_that_leaves_most_of_a_map_out_is_told_of(
    run: Run, noisy: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = run("map", *noisy, *QUICK, "--abstain", 0.99, "-o", out)
    assert ended.exit_code == 0, ended.err
    result = json.loads((out / "result.json").read_text())
    told, values = result["risk_and_coverage"], read_class_map(out / "map.tif")
    assert told["asked"] == 0.99
    assert told["unsure"] == (values == 4).sum() / (values > 0).sum()
    assert told["n_held_out"] == result["learned"]["calibration"]["n_held_out"]
    (note,) = (text for text in result["warnings"] if "--abstain 0.99 leaves" in text)
    assert f"try --abstain {told['advised']}, which leaves" in note
    assert f"note: {note}" in ended.err
    page = (out / "report.html").read_text()
    assert "Risk and coverage" in page
    assert note.replace("'", "&#39;") in page

    words = ("predict", out / "model", noisy[0], "-o", tmp_path / "m.tif")
    ended = run(*words, "--abstain", 0.99, "--json")
    assert f"note: {note}" in ended.err
    assert json.loads(ended.out)["risk_and_coverage"] == told

    noisy[0].with_name("second.tif").write_bytes(noisy[0].read_bytes())
    words = (*words[:3], noisy[0].with_name("second.tif"), "-o", tmp_path / "maps")
    ended = run(*words, "--abstain", 0.99)
    assert f"note: second: {note}" in ended.err
