"""``hsidiff predict`` goes on where it was when it was killed, to the same files."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mapped_slowly import SlowMap, files_in, slow_map

from command_line import Run, SmallFiles, everything_in
from hsidiff.maps.tile_plan import TilePlan
from hsidiff.maps.tile_store import DONE
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from small_scenes import small_scene


@pytest.fixture
def slow(tmp_path: Path, small_files: SmallFiles, monkeypatch: pytest.MonkeyPatch) -> SlowMap:
    # The file of the class makes windows small where it is loaded: here it is to end.
    monkeypatch.setattr("hsidiff.contract.WINDOW_PX", 8)
    (tmp_path / "slow").mkdir()
    return slow_map(tmp_path / "slow", small_files)


def start(words: list[str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", "from hsidiff.cli import main; main()", *words]
    return subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)


def n_done(kept: Path) -> int:
    return sum(path.name.isdigit() for path in (kept / DONE / "0").glob("*"))


@pytest.mark.slow
def test_a_map_that_is_killed_again_and_again_ends_as_one_that_was_not(
    run: Run, slow: SlowMap, tmp_path: Path
) -> None:
    assert run(*slow.words(tmp_path / "at once" / "map.tif", "--tile-size", 24)).exit_code == 0
    expected = files_in(tmp_path / "at once")
    assert len(expected) == 6

    out, kept, before = tmp_path / "maps" / "map.tif", tmp_path / "maps" / ".map.tif.unfinished", 0
    slow.takes(0.02)
    slow.waits()  # so that it does not end before it is killed
    for _ in range(2):
        process = start(slow.words(out, "--tile-size", 8))
        deadline = time.monotonic() + 120
        while n_done(kept) < before + 3 and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = n_done(kept)
        assert everything_in(out.parent) == {
            name for name in everything_in(out.parent) if name.startswith(kept.name)
        }
    slow.takes(0)
    (slow.folder / "waits").unlink()
    assert before < TilePlan((40, 50), (8, 8), (8, 8)).n_tiles
    assert run(*slow.words(out)).exit_code == 0
    assert files_in(out.parent) == expected
    assert not kept.exists()


def test_another_command_for_an_unfinished_map_is_refused(
    run: Run, slow: SlowMap, small_files: SmallFiles, tmp_path: Path
) -> None:
    out = tmp_path / "maps" / "map.tif"
    slow.fails("always")
    assert run(*slow.words(out)).error == "error: the disk is gone"
    kept = everything_in(out.parent)
    assert ".map.tif.unfinished/plan.json" in kept
    (slow.folder / "fails").unlink()
    other = SlowMap(slow.folder, tmp_path / "other.tif")
    other.scene.write_bytes(small_files.scene_path.read_bytes())
    for words, what in (
        (other.words(out), "scene"),
        (slow.words(out, "--nodata", "7"), "way to read the scene"),
        (slow.words(out)[:-2], "list of files"),
    ):
        ended = run(*words)
        assert ended.exit_code == 2
        assert (
            f"maps/.map.tif.unfinished keeps an unfinished map with another {what}" in ended.error
        )
        assert "repeat the command that began it, choose another -o, or delete" in ended.error
        assert everything_in(out.parent) == kept
    assert run(*slow.words(out)).exit_code == 0
    assert not (tmp_path / "maps" / ".map.tif.unfinished").exists()


def test_of_several_scenes_those_that_are_mapped_are_not_mapped_again(
    run: Run, slow: SlowMap, small_files: SmallFiles, tmp_path: Path
) -> None:
    small = tmp_path / "small.tif"  # it has no window that fails
    write_geotiff(small_scene((27, 33), seed=3), small)
    out, scenes = tmp_path / "maps", (small, small_files.scene_path)
    words = ("predict", slow.folder / "model", *scenes, "--method", slow.own_class, "-o", out)
    slow.fails("always")
    assert run(*words).error == "error: the disk is gone"
    assert "scene.tif" not in everything_in(out)
    before = files_in(out), (out / "small.tif").stat().st_mtime_ns

    (slow.folder / "fails").unlink()
    assert run(*words).exit_code == 0
    assert (out / "small.tif").stat().st_mtime_ns == before[1]
    assert files_in(out).items() > before[0].items()
    assert not (tmp_path / ".maps.unfinished").exists()
