"""``hsidiff fit`` and ``hsidiff map`` with several scenes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from command_line import Run, SmallFiles
from hsidiff.labels.ground import fields_of
from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.geotiff import read_class_map, write_class_map
from hsidiff.maps.read_map import read_map
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from small_scenes import small_fields, small_scene


@pytest.fixture
def second(tmp_path: Path) -> tuple[Path, Path]:
    """A second scene, whose labels have other ids for the same names, and a class of its own."""
    scene = small_scene((30, 36), seed=7)
    write_geotiff(scene, tmp_path / "second.tif")
    ids = np.array([30, 10, 20])[small_fields((30, 36))]
    ids[::2] = 0
    ids[:4] = 0
    names = {10: "grass", 20: "roof [red]", 30: "corn"}
    classes = LabelMap.from_array(ids, names).classes
    write_class_map(ids, classes, tmp_path / "labels2.tif", scene.crs, scene.transform)
    return tmp_path / "second.tif", tmp_path / "labels2.tif"


def test_one_model_learns_from_two_scenes(
    run: Run, small_files: SmallFiles, second: tuple[Path, Path], tmp_path: Path
) -> None:
    model = tmp_path / "model"
    ended = run("fit", *small_files.paths, *second, "--method", "lda", "-o", model, "--json")
    assert ended.exit_code == 0, ended.err
    alone = run("fit", *small_files.paths, "--method", "lda", "-o", tmp_path / "a", "--json")
    n_first, n_both = (json.loads(one.out)["n_train"] for one in (alone, ended))
    assert n_both - n_first > 200
    ended = run("predict", model, small_files.scene_path, second[0], "-o", tmp_path / "maps")
    assert ended.exit_code == 0, ended.err
    mapped = read_class_map(tmp_path / "maps" / "second.tif")
    assert mapped.shape == (30, 36)
    assert (mapped == small_fields((30, 36)) + 1)[mapped > 0].mean() > 0.95


def test_an_id_with_two_names_is_refused_with_both(
    run: Run, small_files: SmallFiles, second: tuple[Path, Path], tmp_path: Path
) -> None:
    values = small_fields((30, 36)) + 1
    classes = LabelMap.from_array(values, {1: "water", 2: "grass", 3: "sand"}).classes
    path = tmp_path / "other names.tif"
    scene = small_scene((30, 36))
    write_class_map(values, classes, path, scene.crs, scene.transform)
    words = (second[0], path, "--method", "lda", "-o", tmp_path / "model")
    ended = run("fit", *small_files.paths, *words)
    assert ended.exit_code == 2
    assert "class id 1 is 'corn' in scene and 'water' in second" in ended.error
    assert not (tmp_path / "model").exists()


def test_a_split_is_of_one_scene(
    run: Run, small_files: SmallFiles, second: tuple[Path, Path], tmp_path: Path
) -> None:
    words = ("--split-file", tmp_path / "split.npz", "-o", tmp_path / "model")
    ended = run("fit", *small_files.paths, *second, *words)
    assert ended.exit_code == 2
    assert "is of one scene: leave it out" in ended.error


def test_a_scene_without_labels_is_refused(
    run: Run, small_files: SmallFiles, second: tuple[Path, Path], tmp_path: Path
) -> None:
    ended = run("fit", *small_files.paths, second[0], "-o", tmp_path / "model")
    assert ended.exit_code == 2
    assert "give SCENE LABELS for each scene, in pairs" in ended.error


@pytest.fixture
def elsewhere(tmp_path: Path) -> tuple[Path, Path]:
    """A scene and its labels with the names of the first ones, beside it on the ground."""
    folder = tmp_path / "elsewhere"
    scene = small_scene((30, 36), seed=5)
    scene = replace(scene, transform=scene.transform @ Affine.translation(200, 0))
    values = small_fields((30, 36)) + 1
    values[::2] = 0
    write_geotiff(scene, folder / "scene.tif")
    classes = LabelMap.from_array(values, {1: "corn", 2: "grass", 3: "roof [red]"}).classes
    write_class_map(values, classes, folder / "labels.tif", scene.crs, scene.transform)
    return folder / "scene.tif", folder / "labels.tif"


def test_a_map_of_each_scene_and_one_score_of_all(
    run: Run, small_files: SmallFiles, second: tuple[Path, Path], elsewhere: tuple[Path, Path],
    tmp_path: Path,
) -> None:  # fmt: skip
    out = tmp_path / "out"
    scenes = (*small_files.paths, *second, *elsewhere)
    words = ("--method", "lda", "--split", "blocks", "--block-px", 5, "--min-size", 3)
    ended = run("map", *scenes, *words, "-o", out)
    assert ended.exit_code == 0, ended.err
    assert "all scenes (ground that several show counts in each):" in ended.out
    result = json.loads((out / "result.json").read_text())
    names = ["scene", "second", "scene-2"]
    assert [s["folder"] for s in result["scenes"]] == [f"scene-maps/{name}" for name in names]
    assert result["scene"]["name"] == "scene + second + scene"
    assert result["n_labels"] == sum(s["n_labels"] for s in result["scenes"])
    assert result["overall_accuracy"] > 0.9
    n_small = [s["small_patches"]["n_pixels"] for s in result["scenes"]]
    assert result["small_patches"] == {"min_size_px": 3, "n_pixels": sum(n_small)}
    for k, area in enumerate(result["areas"]):
        each = [s["areas"][k] for s in result["scenes"]]
        assert area["pixels"] == sum(one["pixels"] for one in each)
        assert area["hectares"] == pytest.approx(sum(one["hectares"] for one in each))
    for path, name in zip((scenes[0], scenes[2], scenes[4]), names, strict=True):
        folder = out / "scene-maps" / name
        for file in ("map.tif", "confidence.tif", "probabilities.tif"):
            with rasterio.open(folder / file) as mapped, rasterio.open(path) as scene:
                assert (mapped.crs, mapped.transform) == (scene.crs, scene.transform)
                assert mapped.shape == scene.shape
    mapped = read_class_map(out / "scene-maps/second/map.tif")
    assert (mapped == small_fields((30, 36)) + 1)[mapped > 0].mean() > 0.95
    page = (out / "report.html").read_text(encoding="utf-8")
    for name in ("scene", "second"):
        assert f"Scene and map: {name}" in page
    assert page.count("data:image/png") == 3 * 5
    again = run("evaluate", out / "scene-maps/second/map.tif", second[1])
    assert "labels2.tif is the file that this map was learned from" in again.err
    alone = run("map", *small_files.paths, *words, "-o", out, "--overwrite")
    assert alone.exit_code == 0, alone.err
    assert not (out / "scene-maps").exists()


def test_the_same_ground_on_another_date_is_not_scored(
    run: Run, small_files: SmallFiles, second: tuple[Path, Path], tmp_path: Path
) -> None:
    words = ("map", *small_files.paths, *second, "--method", "lda", "--validate", "groups")
    ended = run(*words, "-o", tmp_path / "out", "--json")
    assert ended.exit_code == 0, ended.err
    result = json.loads(ended.out)
    # Nearly all that the second date shows lies on fields of the first: none counts twice.
    n_first = int(fields_of(small_files.labels).max())
    n_second = int(fields_of(read_map(second[1])).max())
    assert n_first <= result["validation"]["intervals"]["n_groups"] < n_first + n_second / 4
    assert result["leakage"]["window_shares"]["1"] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--split", "random"), "--split random would learn a place from one scene and score it"),
        (("--validation-labels", "labels"), "holds labels of one scene, there are 2"),
    ],
)
def test_ways_to_score_of_one_scene_are_refused_for_several(
    run: Run,
    small_files: SmallFiles,
    second: tuple[Path, Path],
    tmp_path: Path,
    words: tuple[str, ...],
    message: str,
) -> None:
    words = tuple(small_files.labels_path if word == "labels" else word for word in words)
    out = tmp_path / "out"
    ended = run("map", *small_files.paths, *second, "--method", "lda", *words, "-o", out)
    assert ended.exit_code == 2
    assert message in ended.error
    assert not out.exists()
    ended = run("map", *small_files.paths, second[0], "--method", "lda", "-o", out)
    assert "give SCENE LABELS for each scene, in pairs" in ended.error


def test_a_scene_without_a_place_is_named(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    np.save(tmp_path / "bare.npy", small_files.scene.read())
    np.save(tmp_path / "labels.npy", small_files.labels.values)
    bare = (tmp_path / "bare.npy", tmp_path / "labels.npy")
    ended = run("map", *bare, *bare, "--method", "lda", "--split", "blocks", "--block-px", 5,
                "-o", tmp_path / "out")  # fmt: skip
    assert ended.exit_code == 0, ended.err
    assert "bare, bare: no known place on the earth" in ended.err
