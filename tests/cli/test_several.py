"""``hsidiff fit`` with several scenes."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Run, SmallFiles

from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.geotiff import read_class_map, write_class_map
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
