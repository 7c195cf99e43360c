"""A folder of ``hsidiff map`` in the viewer."""

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from numpy.testing import assert_array_equal
from running_viewer import Viewer, check_accuracy

from command_line import Run, SmallFiles, write_small_files
from hsidiff.errors import HsidiffWarning, MissingFileError, SettingError
from hsidiff.files import read_json
from hsidiff.labels.read import read_labels
from hsidiff.maps.read_map import read_map
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window
from hsidiff.viewer import opened_run
from hsidiff.viewer.opened_run import OpenedRun, is_run, open_run
from hsidiff.viewer.serve import serving
from hsidiff.viewer.session import OPENED, Session
from small_scenes import small_scene

MAPPED: dict[str, Path] = {}


@pytest.fixture
def mapped(
    run: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SmallFiles, Path]:
    """Files, and a map of them in a folder beside them, as if it had been made there."""
    if not MAPPED:
        first = tmp_path_factory.mktemp("mapped")
        words = ("--method", "lda", "--drop-bands", "2", "--validate", "groups")
        ended = run("map", *write_small_files(first).paths, *words, "-o", first / "run")
        assert ended.exit_code == 0, ended.err
        MAPPED["first"] = first
    files = write_small_files(tmp_path)
    shutil.copytree(MAPPED["first"] / "run", tmp_path / "run")
    for path in (tmp_path / "run").glob("*.json"):
        path.write_text(path.read_text().replace(str(MAPPED["first"]), str(tmp_path)))
    return files, tmp_path / "run"


def session_of(opened: OpenedRun, folder: Path) -> Session:
    told: list[str] = []
    first = opened.labels_if_there(opened.source.open(), told.append)
    assert told == []
    return Session(opened.source, folder, first, opened.layer)


@pytest.mark.slow
def test_a_map_opens_with_its_scene_its_labels_and_its_scores(
    mapped: tuple[SmallFiles, Path], tmp_path: Path
) -> None:
    files, folder = mapped
    assert is_run(folder)
    session = session_of(open_run(folder, None, None), tmp_path / "view")
    assert session.scene.n_bands == 11
    labels = read_labels(files.labels_path, session.scene)
    assert_array_equal(session.labels.label_map().values, labels.values)
    with serving(session) as address:
        viewer = Viewer(address, session)
        (layer,) = viewer.ask("api/state").json["layers"]
        assert (layer["id"], layer["title"], layer["method"]) == (OPENED, "run", "lda")
        check_accuracy(viewer, OPENED, read_json(folder / "result.json"))
        for kind in layer["kinds"]:
            tile = viewer.ask(f"tiles/{OPENED}/{kind}/1/0/0.png?other={OPENED}")
            assert tile.body.startswith(b"\x89PNG"), kind
        drawn = session.layer(OPENED).class_ids(Window.whole(session.scene.shape), 1)
        assert_array_equal(drawn, read_map(folder / "map.tif").values)
        right, wrong = session.layer(OPENED).held_out()  # type: ignore[union-attr]
        is_valid = np.isfinite(session.scene.read()).all(axis=-1)
        assert_array_equal(right | wrong, (labels.values > 0) & is_valid)
        # The next map is one of the viewer's own, beside it.
        viewer.ask("api/train", {"method": "lda"})
        layers = viewer.when_job_ended()["layers"]
        assert [layer["title"] for layer in layers] == ["run", "Map 1: lda"]


@pytest.mark.slow
def test_a_map_that_the_viewer_made_opens_as_well(
    mapped: tuple[SmallFiles, Path], tmp_path: Path
) -> None:
    session = session_of(open_run(mapped[1], None, None), tmp_path / "view")
    with serving(session) as address:
        viewer = Viewer(address, session)
        viewer.ask("api/train", {"method": "lda"})
        viewer.when_job_ended()
    again = session_of(open_run(tmp_path / "view" / "maps" / "1", None, None), tmp_path / "other")
    assert again.scene.n_bands == 11
    assert_array_equal(again.labels.label_map().values, session.labels.label_map().values)
    assert again.layer(OPENED).classes == session.layer("1").classes


def test_no_path_leads_out_of_an_opened_folder(
    mapped: tuple[SmallFiles, Path], tmp_path: Path
) -> None:
    files, folder = mapped
    session = session_of(open_run(folder, None, None), tmp_path / "view")
    (folder / "labels.tif").symlink_to(files.labels_path)
    (folder / "probabilities.tif").unlink()
    (folder / "probabilities.tif").symlink_to(files.scene_path)
    with serving(session) as address:
        viewer = Viewer(address, session)
        for path in (
            f"export/{OPENED}/labels.tif",  # a link out of the folder
            f"tiles/{OPENED}/confidence/1/0/0.png",
            f"export/{OPENED}/..%2fscene.tif",
            f"export/{OPENED}/../../scene.tif",
            f"export/{OPENED}/model",
            f"export/{OPENED}/model%2fconfig.json",
            "api/accuracy/..%2frun",
            "api/accuracy/2",
        ):
            answer = viewer.ask(path)
            assert answer.status == 404, path
            assert str(files.folder).encode() not in answer.body
        archive = viewer.ask(f"export/{OPENED}.zip").body
        assert b"labels.tif" not in archive
        assert b"map.tif" in archive


def test_a_scene_moved_along_with_its_map_is_found(
    mapped: tuple[SmallFiles, Path], tmp_path: Path
) -> None:
    files, folder = mapped
    (tmp_path / "elsewhere").mkdir()
    for path in (folder, *files.paths):
        shutil.move(path, tmp_path / "elsewhere" / path.name)
    opened = open_run(tmp_path / "elsewhere" / "run", None, None)
    assert opened.source.path == tmp_path / "elsewhere" / "scene.tif"
    assert session_of(opened, tmp_path / "view").labels.label_map().n_labelled


def test_a_scene_that_is_gone_is_told_in_a_line_and_may_be_given(
    mapped: tuple[SmallFiles, Path], tmp_path: Path
) -> None:
    files, folder = mapped
    moved = tmp_path / "archive" / "other-name.tif"
    moved.parent.mkdir()
    files.scene_path.rename(moved)
    with pytest.raises(MissingFileError, match=r"scene\.tif is not there any more.*--scene FILE"):
        open_run(folder, None, None)
    with pytest.raises(MissingFileError, match=r"nothing\.tif"):
        open_run(folder, tmp_path / "nothing.tif", None)
    assert open_run(folder, moved, None).source.open().n_bands == 11
    write_geotiff(small_scene((40, 60)), tmp_path / "larger.tif")
    with pytest.raises(SettingError, match=r"\(40, 60\) rows and columns"):
        open_run(folder, tmp_path / "larger.tif", None)


@pytest.mark.parametrize("is_hashed", [True, False])
def test_a_scene_that_was_replaced_by_another_is_told(
    mapped: tuple[SmallFiles, Path], monkeypatch: pytest.MonkeyPatch, is_hashed: bool
) -> None:
    files, folder = mapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_run(folder, None, None)
    scene = open_scene(files.scene_path)
    assert scene.transform is not None
    if is_hashed:  # another scene at the same place
        changed = replace(scene, scale=2.0)
    else:
        monkeypatch.setattr(opened_run, "MOST_HASHED_BYTES", 0)
        changed = replace(scene, transform=Affine.translation(50, 0) @ scene.transform)
    write_geotiff(changed, files.scene_path.with_name("other.tif"))
    files.scene_path.with_name("other.tif").replace(files.scene_path)
    with pytest.warns(HsidiffWarning, match="is not as it was when the map"):
        open_run(folder, None, None)


def test_labels_that_are_gone_are_told_and_missing(
    mapped: tuple[SmallFiles, Path], tmp_path: Path
) -> None:
    files, folder = mapped
    files.labels_path.unlink()
    opened, told = open_run(folder, None, None), []  # type: ignore[var-annotated]
    labels = opened.labels_if_there(opened.source.open(), told.append)
    assert "begins without labels" in told[0]
    # The classes are known, so that a number means the same on the map and in new labels.
    session = Session(opened.source, tmp_path / "view", labels, opened.layer)
    assert session.labels.label_map().n_labelled == 0
    assert session.labels.now.classes == session.layer(OPENED).classes


def test_a_map_from_elsewhere_keeps_its_own_colours(
    mapped: tuple[SmallFiles, Path], tmp_path: Path
) -> None:
    session = session_of(open_run(mapped[1], None, None), tmp_path / "view")
    before = session.layer_tile(OPENED, "map", 1, 0, 0, "")
    session.labels.change_class(1, "something else", "#123456")
    assert session.layer_tile(OPENED, "map", 1, 0, 0, "") == before


def test_of_a_map_of_several_scenes_one_is_chosen(run: Run, tmp_path: Path) -> None:
    files = write_small_files(tmp_path)
    second = tmp_path / "second"
    second.mkdir()
    write_small_files(second)
    (second / "scene.tif").rename(second / "other.tif")
    words = (*files.paths, second / "other.tif", second / "labels.tif", "--method", "lda")
    assert run("map", *words, "-o", tmp_path / "run").exit_code == 0
    with pytest.raises(SettingError, match=r"2 scenes: choose one of them with --scene"):
        open_run(tmp_path / "run", None, None)
    opened = open_run(tmp_path / "run", second / "other.tif", None)
    session = session_of(opened, tmp_path / "view")
    drawn = session.layer(OPENED).class_ids(Window.whole(session.scene.shape), 1)
    mapped = tmp_path / "run" / "scene-maps" / "other" / "map.tif"
    assert_array_equal(drawn, read_map(mapped).values)
    right, wrong = session.layer(OPENED).held_out()  # type: ignore[union-attr]
    assert right.shape == session.scene.shape
    assert (right | wrong).any()
    assert opened.layer.file("report.html").is_file()


@pytest.mark.parametrize("content", [{}, {"inputs": 3}, {"inputs": {"scene": {"path": 1}}}, []])
def test_a_run_without_its_facts_is_told_in_a_line(
    mapped: tuple[SmallFiles, Path], content: object
) -> None:
    _, folder = mapped
    (folder / "run.json").write_text(json.dumps(content))
    result = read_json(folder / "result.json")
    result["scene"]["path"] = "gone.tif"
    (folder / "result.json").write_text(json.dumps(result))
    with pytest.raises((MissingFileError, SettingError)):
        open_run(folder, None, None)
