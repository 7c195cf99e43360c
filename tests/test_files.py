import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from hsidiff.files import (
    sha256_of_files,
    write_json,
    write_together,
    write_whole,
    write_whole_folder,
)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_its_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "map.tif"
    with write_whole(path) as temporary:
        temporary.write_text("done")
        assert temporary.suffix == ".tif"
        assert not path.exists()
    assert path.read_text() == "done"
    assert names_in(path.parent) == ["map.tif"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_breaks_leaves_the_older_file(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "map.tif"
    path.write_text("old")

    def write_half() -> None:
        with write_whole(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["map.tif"]


def test_a_folder_replaces_the_older_one_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    with write_whole_folder(folder) as new:
        (new / "new.txt").write_text("new")
        assert names_in(folder) == ["old.txt"]
    assert names_in(folder) == ["new.txt"]
    assert names_in(tmp_path) == ["model"]


def test_a_folder_whose_block_breaks_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old.txt").write_text("old")

    def write_half() -> None:
        with write_whole_folder(folder) as new:
            (new / "new.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert names_in(folder) == ["old.txt"]
    assert names_in(tmp_path) == ["model"]


def test_files_written_together_replace_their_namesakes_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "old.txt").write_text("old")
    (folder / "notes.txt").write_text("mine")
    with write_together(folder) as new:
        (new / "model").mkdir()
        (new / "model" / "new.txt").write_text("new")
        (new / "map.tif").write_text("map")
        assert not (folder / "map.tif").exists()
    assert names_in(folder) == ["map.tif", "model", "notes.txt"]
    assert names_in(folder / "model") == ["new.txt"]
    assert names_in(tmp_path) == ["out"]


def test_files_written_together_appear_together_or_not_at_all(tmp_path: Path) -> None:
    def write_half() -> None:
        with write_together(tmp_path / "out") as new:
            (new / "map.tif").write_text("map")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert names_in(tmp_path) == []


def test_a_move_that_fails_midway_puts_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("old")
    replace, moved = Path.replace, []

    def stop_at_the_last(path: Path, target: Path) -> Path:
        if path.name == "c" and not moved:
            moved.append(path)
            raise KeyboardInterrupt
        return replace(path, target)

    def write() -> None:
        with write_together(tmp_path) as folder:
            for name in ("a", "b", "c"):
                (folder / name).write_text("new")
            monkeypatch.setattr(Path, "replace", stop_at_the_last)

    with pytest.raises(KeyboardInterrupt):
        write()
    assert moved
    assert names_in(tmp_path) == ["a", "b"]
    assert [(tmp_path / name).read_text() for name in ("a", "b")] == ["old", "old"]


def test_a_file_where_the_folder_should_be_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")

    def write_over() -> None:
        with write_together(tmp_path / "out") as new:
            (new / "map.tif").write_text("map")

    with pytest.raises(FileExistsError):
        write_over()
    assert (tmp_path / "out").read_text() == "mine"


def test_json_is_indented_and_keeps_names_as_people_write_them(tmp_path: Path) -> None:
    write_json(tmp_path / "about.json", {"name": "Gräser", "n": 3})
    text = (tmp_path / "about.json").read_text(encoding="utf-8")
    assert text == '{\n  "name": "Gräser",\n  "n": 3\n}\n'


def test_numbers_of_numpy_are_written_as_numbers(tmp_path: Path) -> None:
    content = {"seed": np.int64(3), "rate": np.float32(0.5), "bands": np.arange(3)}
    write_json(tmp_path / "about.json", content)
    assert json.loads((tmp_path / "about.json").read_text()) == {
        "seed": 3,
        "rate": 0.5,
        "bands": [0, 1, 2],
    }


@pytest.mark.parametrize("content", [{"kappa": float("nan")}, {"scene": object()}])
def test_what_json_cannot_hold_leaves_the_older_file(
    tmp_path: Path, content: dict[str, object]
) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    with pytest.raises((ValueError, TypeError)):
        write_json(path, content)
    assert path.read_text() == "old"


def test_the_hash_is_that_of_all_bytes_in_order(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"x" * 3_000_000)
    second.write_bytes(b"y")
    expected = hashlib.sha256(b"x" * 3_000_000 + b"y").hexdigest()
    assert sha256_of_files([first, second]) == expected
    assert sha256_of_files([second, first]) != expected
