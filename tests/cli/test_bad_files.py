"""Files that cannot be read, or must not be written: one clear line, exit code 2."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from bad_files import cut, write_envi, write_scene

from command_line import Run, SmallFiles, everything_in, write_labels
from small_scenes import small_cube


def test_missing_files_are_named(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    missing = inputs / "missing.tif"
    assert f"{missing} does not exist" in refused(missing, small_files.labels_path)
    assert f"{missing}: there is no such file of labels" in refused(small_files.scene_path, missing)


@pytest.mark.parametrize("name", ["empty.gpkg", "empty.tif"])
def test_empty_files_are_called_empty(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path, name: str
) -> None:
    empty = inputs / name
    empty.touch()
    told = f"error: {empty} is empty: copy or download it again"
    assert refused(small_files.scene_path, empty) == told


def test_an_unknown_format_is_answered_with_the_known_ones(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    unknown = inputs / "scene.jp2"
    unknown.write_bytes(b"something")
    error = refused(unknown, small_files.labels_path)
    assert "no known format: expected .mat, .npz, .npy, .tif, or an ENVI file" in error
    error = refused(small_files.scene_path, unknown)
    assert "unknown kind of labels" in error
    assert ".gpkg" in error


def test_a_folder_of_the_users_is_never_replaced_by_the_model(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    notes = tmp_path / "out" / "model" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    ended = run("map", *small_files.paths, "--method", "position", "-o", tmp_path / "out")
    assert ended.exit_code == 2
    assert "model" in ended.error
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["model", "notes.txt"]


@pytest.mark.parametrize("method", ["spectraldiff", "lda"])
def test_a_seed_that_no_library_takes_is_refused_before_the_work(
    refused: Callable[..., str], small_files: SmallFiles, method: str
) -> None:
    error = refused(*small_files.paths, "--method", method, "--seed", 2**32)
    assert "random_state=4294967296: must be from 0 to 4294967295" in error


@pytest.mark.parametrize("kind", ["envi", "mat", "tif", "npz"])
def test_a_truncated_scene_is_no_scene(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path, kind: str
) -> None:
    cube = small_cube()
    if kind == "envi":
        path = write_envi(inputs, cube)
    elif kind == "tif":
        path = write_scene(cube, inputs / "scene.tif")
    elif kind == "npz":
        path = inputs / "scene.npz"
        np.savez_compressed(path, cube=cube)
    else:
        path = inputs / "scene.mat"
        scipy.io.savemat(path, {"cube": cube}, do_compression=True)
    assert path.name in refused(cut(path, 0.5), small_files.labels_path)


def test_a_header_that_promises_too_much_is_refused(
    refused: Callable[..., str], small_files: SmallFiles, inputs: Path
) -> None:
    path = write_envi(inputs, small_cube(), bands=13)
    error = refused(path, small_files.labels_path)
    assert "header promises" in error
    assert f"{40 * 50 * 13 * 4}" in error
    assert f"{40 * 50 * 12 * 4}" in error


def two_cubes(inputs: Path, small_files: SmallFiles) -> Path:
    path = inputs / "both.mat"
    arrays = {"before": small_cube(), "after": small_cube(seed=1), "gt": small_files.labels.values}
    scipy.io.savemat(path, arrays)
    return path


def test_several_cubes_in_a_file_are_listed_with_the_option(
    refused: Callable[..., str], run: Run, small_files: SmallFiles, inputs: Path, tmp_path: Path
) -> None:
    path = two_cubes(inputs, small_files)
    error = refused(path, path)
    assert "before 40x50x12, after 40x50x12" in error
    assert "--scene-variable" in error
    assert "'befor'" in refused(path, path, "--scene-variable", "befor")
    words = ("--scene-variable", "after", "--method", "lda", "--split", "random")
    ended = run("map", path, path, *words, "-o", tmp_path / "out")
    assert ended.exit_code == 0, ended.err


# Where it is written


def test_results_cannot_go_into_a_file(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    occupied = tmp_path / "out"
    occupied.write_text("mine")
    for out in (occupied, occupied / "deeper"):
        for command in (("map", *small_files.paths), ("fit", *small_files.paths), ("demo",)):
            ended = run(*command, "-o", out)
            assert ended.exit_code == 2
            assert f"--out {out}: {occupied} is a file: give the name of a folder" in ended.error
    assert everything_in(tmp_path) == {"out"}
    assert occupied.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_results_cannot_go_where_writing_is_not_allowed(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    for out in (locked, locked / "new"):
        ended = run("map", *small_files.paths, "-o", out)
        assert ended.exit_code == 2
        assert f"{locked} is not yours to write to" in ended.error
    assert everything_in(tmp_path) == {"locked"}


def test_fit_never_replaces_a_folder_of_other_things(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "thesis.tex").write_text("years of work")
    ended = run("fit", *small_files.paths, "--method", "lda", "-o", tmp_path / "project")
    assert ended.exit_code == 2
    assert "holds something else than a saved model" in ended.error
    assert everything_in(tmp_path) == {"project", "project/thesis.tex"}


def test_no_command_overwrites_what_it_reads(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    values = small_files.labels.values
    write_labels(small_files, values, tmp_path / "map.tif")
    np.savez(tmp_path / "both.npz", cube=small_cube(), gt=values)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for words in (
        ("map", small_files.scene_path, tmp_path / "map.tif", "-o", tmp_path, "--overwrite"),
        ("split", tmp_path / "both.npz", tmp_path / "both.npz", "-o", tmp_path / "both.npz"),
    ):
        ended = run(*words)
        assert ended.exit_code == 2
        assert "give another" in ended.error
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_files_to_write_need_the_right_ending(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    run("fit", *small_files.paths, "--method", "position", "-o", model)
    for words in (
        ("split", *small_files.paths, "-o", tmp_path / "split.csv"),
        ("predict", model, small_files.scene_path, "-o", tmp_path / "map.png"),
        ("predict", model, small_files.scene_path, "-o", model),
    ):
        ended = run(*words)
        assert ended.exit_code == 2
        assert str(words[-1]) in ended.error
    ended = run("predict", model, small_files.scene_path, "-o", small_files.scene_path)
    assert ended.exit_code == 2
    assert "give another name to write to" in ended.error
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


def test_a_benchmark_cannot_be_fetched_into_a_file(run: Run, tmp_path: Path) -> None:
    occupied = tmp_path / "afile"
    occupied.write_text("mine")
    ended = run("fetch", "salinas-a", "--folder", occupied)
    assert ended.exit_code == 2
    assert ended.error == f"error: {occupied} is a file: give the name of a folder"
    assert occupied.read_text() == "mine"


# Models


def test_a_model_of_another_sensor_is_refused(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    model, other = tmp_path / "model", tmp_path / "other.tif"
    run("fit", *small_files.paths, "--method", "lda", "-o", model)
    write_scene(small_cube(n_bands=9), other, file_wavelengths_nm=None)
    ended = run("predict", model, other, "-o", tmp_path / "map.tif")
    assert ended.exit_code == 2
    assert "other has 9 usable bands, the model has 12;" in ended.error
    write_scene(small_cube(), other, file_wavelengths_nm=np.linspace(400, 1000, 12))
    ended = run("predict", model, other, "-o", tmp_path / "map.tif")
    assert ended.exit_code == 2
    assert "other lacks 8 of the 12 bands of the model, at 1159-2400 nm" in ended.error
    assert {path.name for path in tmp_path.iterdir()} == {"model", "other.tif"}


def test_a_broken_model_is_refused(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    model, drawn = tmp_path / "model", tmp_path / "map.tif"
    ended = run("predict", model, small_files.scene_path, "-o", drawn)
    assert "no saved model here" in ended.error
    run("fit", *small_files.paths, "--method", "lda", "-o", model)
    cut(model / "learned.safetensors", 0.5)
    ended = run("predict", model, small_files.scene_path, "-o", drawn)
    assert ended.exit_code == 2
    advice = "save the model again, or copy the whole folder"
    assert ended.error == f"error: {model / 'learned.safetensors'} is broken: {advice}"
    assert not drawn.exists()


def test_the_folder_of_a_map_is_answered_with_that_of_its_model(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    run("fit", *small_files.paths, "--method", "lda", "-o", tmp_path / "out" / "model")
    ended = run("predict", tmp_path / "out", small_files.scene_path, "-o", tmp_path / "map.tif")
    assert ended.exit_code == 2
    assert ended.error.endswith(f"did you mean {tmp_path / 'out' / 'model'}?")
    assert everything_in(tmp_path) >= {"out/model/config.json"}
    assert not (tmp_path / "map.tif").exists()


def test_predicting_a_truncated_scene_leaves_no_map(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    model, scene = tmp_path / "model", tmp_path / "scene.tif"
    run("fit", *small_files.paths, "--method", "lda", "-o", model)
    cut(write_scene(small_cube(), scene), 0.9)
    before = everything_in(tmp_path)
    ended = run("predict", model, scene, "-o", tmp_path / "map.tif", "--tile-size", 10)
    assert ended.exit_code == 2
    assert "scene.tif cannot be read" in ended.error
    assert everything_in(tmp_path) == before


def test_a_file_that_is_no_split_is_refused(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    words = ("--method", "lda", "--split-file", small_files.labels_path, "-o", tmp_path / "m")
    ended = run("fit", *small_files.paths, *words)
    assert ended.exit_code == 2
    assert f"{small_files.labels_path} is no split that hsidiff wrote" in ended.error
    assert "pickle" not in ended.error
    assert everything_in(tmp_path) == set()
