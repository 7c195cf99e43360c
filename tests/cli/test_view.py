import sys
from pathlib import Path
from typing import Any

import pytest
from numpy.testing import assert_array_equal

from command_line import Run, SmallFiles, everything_in, write_small_files
from hsidiff.viewer import serve
from hsidiff.viewer.session import Session


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be served; it ends at once."""
    sessions: list[Any] = []

    def note(session: Session, port: int, tell: Any, *, opens: bool) -> None:
        sessions.append((session, port, opens))
        tell("http://127.0.0.1:1/x/")
        session.close()

    monkeypatch.setattr(serve, "serve", note)
    return sessions


def test_a_scene_and_labels_are_opened(
    run: Run, small_files: SmallFiles, tmp_path: Path, served: list[Any]
) -> None:
    ended = run(
        "view", *small_files.paths, "-o", tmp_path / "view", "--no-open", "--drop-bands", "2"
    )
    assert ended.exit_code == 0, ended.err
    assert "http://127.0.0.1:1/x/" in ended.out
    ((session, port, opens),) = served
    assert (port, opens) == (0, False)
    assert session.scene.n_bands == 11
    assert_array_equal(session.labels.label_map().values, small_files.labels.values)
    assert "labels.gpkg" in everything_in(tmp_path / "view")


def test_labels_of_the_folder_are_kept_when_it_is_opened_again(
    run: Run, small_files: SmallFiles, tmp_path: Path, served: list[Any]
) -> None:
    run("view", small_files.scene_path, "-o", tmp_path / "view")
    served[0][0].labels.add_point(1, (3, 3))
    ended = run("view", *small_files.paths, "-o", tmp_path / "view")
    assert "holds labels already" in ended.err
    assert served[1][0].labels.label_map().n_labelled == 1


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn"])
def test_without_the_extra_one_line_says_how_to_get_it(
    run: Run, small_files: SmallFiles, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("hsidiff.viewer")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    ended = run("view", small_files.scene_path)
    assert ended.exit_code == 2
    assert "pip install 'hsidiff[view]'" in ended.error


def test_wrong_words_end_in_one_line_and_write_nothing(
    run: Run, small_files: SmallFiles, tmp_path: Path, served: list[Any]
) -> None:
    before = everything_in(small_files.folder)
    for words in (
        ("nothing.tif",),
        (small_files.scene_path, "nothing.gpkg"),
        (small_files.scene_path, "--port", "99999"),
        (small_files.scene_path, "-o", small_files.scene_path),
        (small_files.scene_path, "--drop-bands", "99"),
    ):
        ended = run("view", *words)
        assert ended.exit_code == 2, words
        assert ended.error
        assert "Traceback" not in ended.err
    assert everything_in(small_files.folder) == before
    assert not served


def test_a_folder_of_a_map_is_opened(
    run: Run, small_files: SmallFiles, tmp_path: Path, served: list[Any]
) -> None:
    run("map", *small_files.paths, "--method", "lda", "-o", tmp_path / "run")
    ended = run("view", tmp_path / "run", "-o", tmp_path / "view", "--no-open")
    assert ended.exit_code == 0, ended.err
    ((session, _, _),) = served
    assert [layer["title"] for layer in session.state()["layers"]] == ["run"]
    assert_array_equal(session.labels.label_map().values, small_files.labels.values)


def test_a_map_whose_scene_is_gone_ends_in_one_line(
    run: Run, tmp_path: Path, served: list[Any]
) -> None:
    files = write_small_files(tmp_path)
    run("map", *files.paths, "--method", "lda", "-o", tmp_path / "run")
    moved = tmp_path / "moved.tif"
    files.scene_path.rename(moved)
    for words in ((), ("--scene", tmp_path / "nothing.tif")):
        ended = run("view", tmp_path / "run", *words, "-o", tmp_path / "view")
        assert ended.exit_code == 2
        assert "is not there any more" in ended.error
        assert "--scene FILE" in ended.error
    assert not (tmp_path / "view").exists()
    ended = run("view", tmp_path / "run", "--scene", moved, "-o", tmp_path / "view")
    assert ended.exit_code == 0, ended.err
    assert len(served) == 1


def test_scene_goes_with_a_map_only(run: Run, small_files: SmallFiles, served: list[Any]) -> None:
    ended = run("view", small_files.scene_path, "--scene", small_files.scene_path)
    assert ended.exit_code == 2
    assert "goes with a folder of hsidiff map" in ended.error
    assert not served


def test_a_folder_that_is_neither_scene_nor_map_is_told_what_may_be_opened(
    run: Run, tmp_path: Path, served: list[Any]
) -> None:
    ended = run("view", tmp_path, "-o", tmp_path / "view")
    assert ended.exit_code == 2
    assert "name the file of the scene" in ended.error
    assert "a folder that hsidiff map wrote" in ended.error
    assert not (tmp_path / "view").exists()
    assert not served
