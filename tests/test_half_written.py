"""What a program that was killed leaves is cleared up by the next, and nothing else is."""

import errno
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hsidiff import half_written
from hsidiff.errors import SettingError
from hsidiff.files import write_together, write_whole, write_whole_folder
from hsidiff.half_written import SUFFIX, alone_in, clear_up, clear_up_below, writing_beside

KILLS_ITSELF = """
import os, signal, sys
from pathlib import Path
from hsidiff import half_written
from hsidiff.files import write_together
move, n_moves = half_written._move, 0
def move_or_die(name, source, target):
    global n_moves
    if n_moves == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    n_moves += 1
    move(name, source, target)
half_written._move = move_or_die
with write_together(sys.argv[1], gone=("c",)) as new:
    for name in ("a", "b", "d"):
        (new / name).write_text("new")
"""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def leftover(target: Path) -> Path:
    place = target.with_name(f".{target.name}-abcdefgh{SUFFIX}")
    (place / "new").mkdir(parents=True)
    return place


@pytest.mark.parametrize("n_moves", [1, 3, 5, 6])
def test_killed_between_two_moves_all_files_are_put_back(n_moves: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    before = {"a": "old", "c": "old", "mine": "mine"}
    for name, text in before.items():
        (out / name).write_text(text)
    command = [sys.executable, "-c", KILLS_ITSELF, str(out), str(n_moves)]
    ended = subprocess.run(command, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert contents(out) != before
    clear_up(out)
    assert contents(out) == before
    assert names_in(tmp_path) == ["out"]
    with write_together(out, gone=("c",)) as new:
        (new / "a").write_text("new")
    assert contents(out) == {"a": "new", "mine": "mine"}


def test_killed_again_while_what_was_left_is_removed_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("a", "c"):
        (out / name).write_text("old")
    subprocess.run([sys.executable, "-c", KILLS_ITSELF, str(out), "3"], check=False)

    def killed_half_way(folder: Path, **_: object) -> None:
        shutil.move(folder / "new", tmp_path / "removed")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("hsidiff.half_written.shutil.rmtree", killed_half_way)
        with pytest.raises(KeyboardInterrupt):
            clear_up(out)
    shutil.rmtree(tmp_path / "removed")
    clear_up(out)
    assert contents(out) == {"a": "old", "c": "old"}
    assert names_in(tmp_path) == ["out"]


def test_who_writes_next_removes_what_was_left(tmp_path: Path) -> None:
    for name in ("map.tif", "model"):
        leftover(tmp_path / name)
    other = leftover(tmp_path / "map.tif-other")
    with write_whole(tmp_path / "map.tif") as new:
        new.write_text("map")
    with write_whole_folder(tmp_path / "model"):
        pass
    assert names_in(tmp_path) == [other.name, "map.tif", "model"]
    clear_up_below(tmp_path.parent)
    assert names_in(tmp_path) == ["map.tif", "model"]


def test_what_another_program_is_writing_stays(tmp_path: Path) -> None:
    target = tmp_path / "map.tif"
    with writing_beside(target) as first, writing_beside(target) as second:
        assert first != second
        assert first.is_dir()
    assert names_in(tmp_path) == []


def test_hidden_folders_of_the_user_stay(tmp_path: Path) -> None:
    mine = [".model-old", f".model{SUFFIX}", f".model-1{SUFFIX}", ".model-abcdefgh.half"]
    for name in mine:
        (tmp_path / name).mkdir()
    with write_whole_folder(tmp_path / "model"):
        pass
    assert names_in(tmp_path) == sorted([*mine, "model"])


def test_a_list_of_moves_does_not_reach_out_of_its_folder(tmp_path: Path) -> None:
    out, secret = tmp_path / "out" / "deep", tmp_path / "secret"
    out.mkdir(parents=True)
    secret.write_text("mine")
    place = leftover(out)
    names = ["../../secret", str(secret)]
    moves = {"names": names, "gone": names, "beside": False}
    (place / half_written._MOVES).write_text(json.dumps(moves))
    clear_up(out)
    assert secret.read_text() == "mine"


def test_only_one_run_holds_a_folder(tmp_path: Path) -> None:
    with alone_in(tmp_path / "out"):
        (tmp_path / "out" / "file").touch()
        with pytest.raises(SettingError, match="out: another run is writing to it"):
            alone_in(tmp_path / "out").__enter__()
    with alone_in(tmp_path / "new"):
        pass
    assert names_in(tmp_path) == ["out"]


def test_where_a_file_system_has_no_locks_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    left = leftover(tmp_path / "map.tif")
    monkeypatch.setattr(half_written.fcntl, "flock", no_locks)
    with write_whole(tmp_path / "map.tif") as new:
        new.write_text("map")
    with alone_in(tmp_path / "out"):
        pass
    assert names_in(tmp_path) == [left.name, "map.tif"]
