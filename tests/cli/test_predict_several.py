"""``hsidiff predict`` with scenes that are unlike the one that was learned from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command_line import Run, SmallFiles, everything_in
from hsidiff.maps.geotiff import read_class_map
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.scene import Scene
from small_scenes import scene_of, small_cube, small_fields, small_scene


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, small_files: SmallFiles) -> Path:
    from hsidiff.baselines.lda import LinearDiscriminant  # noqa: PLC0415

    path = tmp_path_factory.mktemp("models") / "lda"
    LinearDiscriminant().fit(small_files.scene, small_files.labels).save(path)
    return path


def written(scene: Scene, path: Path) -> Path:
    write_geotiff(scene, path)
    return path


def test_an_unscaled_scene_is_refused_and_rescaled_on_request(
    run: Run, model: Path, small_files: SmallFiles, tmp_path: Path
) -> None:
    stored = np.round(10_000 * small_scene(seed=1).read())
    unscaled = written(scene_of(stored.astype(np.float32)), tmp_path / "unscaled.tif")
    ended = run("predict", model, unscaled, "-o", tmp_path / "map.tif")
    assert ended.exit_code == 2
    assert ended.error == (
        "error: unscaled: values are 10,000 times larger than those the model learned from: if "
        "they are in another unit, give --rescale 0.0001 (rescale=0.0001)"
    )
    assert everything_in(tmp_path) == {"unscaled.tif"}
    ended = run("predict", model, unscaled, "--rescale", 0.0001, "-o", tmp_path / "map.tif")
    assert ended.exit_code == 0
    mapped = read_class_map(tmp_path / "map.tif")
    assert (mapped == small_fields() + 1)[mapped > 0].mean() > 0.95


def test_several_scenes_are_mapped_into_a_folder(
    run: Run, model: Path, small_files: SmallFiles, tmp_path: Path
) -> None:
    scene = small_scene((26, 36), seed=3)
    turned = replace(
        scene_of(scene.read()[..., ::-1]), file_wavelengths_nm=scene.wavelengths_nm[::-1]
    )
    other = written(turned, tmp_path / "other.tif")
    out = tmp_path / "maps"
    ended = run(
        "predict", model, small_files.scene_path, other, "-o", out, "--probabilities", out, "--json"
    )
    assert ended.exit_code == 0, ended.err
    answers = json.loads(ended.out)["maps"]
    assert [Path(answer["map"]).name for answer in answers] == ["scene.tif", "other.tif"]
    names = {path.name for path in out.iterdir()}
    assert {"scene.tif", "other.tif", "scene_probabilities.tif", "other_probabilities.tif"} < names
    mapped = read_class_map(out / "other.tif")
    valid = np.isfinite(scene.read()).all(axis=-1)
    assert (mapped == small_fields((26, 36)) + 1)[valid].mean() > 0.95
    assert answers[1]["pixels"]["corn"] == int((mapped == 1).sum())
    text = run("predict", model, small_files.scene_path, other, "-o", out).out
    assert f"{other}:" in text


def test_one_scene_in_a_folder_keeps_its_name(
    run: Run, model: Path, small_files: SmallFiles, tmp_path: Path
) -> None:
    run("predict", model, small_files.scene_path, "-o", tmp_path / "maps")
    assert (tmp_path / "maps" / "scene.tif").is_file()


def test_one_wrong_scene_among_several_leaves_nothing_behind(
    run: Run, model: Path, small_files: SmallFiles, tmp_path: Path
) -> None:
    lacking = written(
        replace(scene_of(small_cube()), file_wavelengths_nm=np.linspace(450, 900, 12)),
        tmp_path / "vnir.tif",
    )
    before = everything_in(tmp_path)
    ended = run("predict", model, small_files.scene_path, lacking, "-o", tmp_path / "maps")
    assert ended.exit_code == 2
    assert "vnir lacks" in ended.error
    assert everything_in(tmp_path) == before


def test_maps_that_would_have_one_name_are_refused(
    run: Run, model: Path, small_files: SmallFiles, tmp_path: Path
) -> None:
    (tmp_path / "b").mkdir()
    other = written(small_scene(), tmp_path / "b" / "scene.tif")
    out = tmp_path / "maps"
    ended = run("predict", model, small_files.scene_path, other, "-o", out)
    assert f"{small_files.scene_path} and {other} would have one map, scene.tif" in ended.error
    ended = run("predict", model, small_files.scene_path, other, "-o", tmp_path / "map.tif")
    assert "map.tif is the name of one file, there are 2 scenes: give a folder" in ended.error
    ended = run("predict", model, small_files.scene_path, other, "-o", model)
    assert "holds a saved model" in ended.error
    assert not out.exists()


def test_a_scene_is_never_overwritten_by_its_map(
    run: Run, model: Path, small_files: SmallFiles, tmp_path: Path
) -> None:
    own = written(small_scene(), tmp_path / "own.tif")
    before = own.read_bytes()
    ended = run("predict", model, small_files.scene_path, own, "-o", tmp_path)
    assert ended.exit_code == 2
    assert "own.tif is read by this command" in ended.error
    assert own.read_bytes() == before
    assert not (tmp_path / "scene.tif").exists()


def test_how_unlike_a_scene_is_stands_in_text_and_json(
    run: Run, model: Path, small_files: SmallFiles, tmp_path: Path
) -> None:
    ended = run("predict", model, small_files.scene_path, "-o", tmp_path / "map.tif", "--json")
    own = json.loads(ended.out)
    assert own["unlike"]["share"] < 0.05
    assert own["caution"] is None
    strange = small_cube(seed=2)
    strange[:10] = strange[:10, :, ::-1]
    path = written(scene_of(strange), tmp_path / "strange.tif")
    ended = run("predict", model, path, "-o", tmp_path / "map.tif", "--json")
    answer = json.loads(ended.out)
    assert 0.15 < answer["unlike"]["share"] < 0.35
    assert set(answer["unlike"]["share_by_class"]) == {"corn", "grass", "roof [red]"}
    ended = run("predict", model, path, "-o", tmp_path / "map.tif")
    assert "unlike what was learned from: " in ended.out
    hazy = written(scene_of(small_cube(seed=2) + np.float32(0.3)), tmp_path / "hazy.tif")
    ended = run("predict", model, hazy, "-o", tmp_path / "map.tif")
    assert ended.exit_code == 0
    assert "note: hazy is unlike what the model learned from, in " in ended.err
