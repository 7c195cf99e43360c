"""``hsidiff predict --scheduler``: workers of a Dask cluster draw the map, to the same files."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from mapped_slowly import SlowMap, files_in, slow_map

from command_line import Run, SmallFiles, everything_in
from hsidiff.maps.tile_store import DONE

NOT_INSTALLED = "needs the extra dask (distributed is not installed)"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers of one thread, each a process of its own."""
    distributed = pytest.importorskip("distributed", reason=NOT_INSTALLED)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as started:
        yield started


@pytest.fixture
def slow(tmp_path: Path, small_files: SmallFiles, monkeypatch: pytest.MonkeyPatch) -> SlowMap:
    monkeypatch.setattr("hsidiff.contract.WINDOW_PX", 8)
    (tmp_path / "slow").mkdir()
    return slow_map(tmp_path / "slow", small_files)


def kill_one(cluster: Any, marker: Path) -> None:
    """Kill a worker as soon as a tile is done."""
    deadline = time.monotonic() + 120
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)


@pytest.mark.slow
def test_two_workers_give_the_files_of_one_process_though_one_is_killed(
    run: Run, cluster: Any, slow: SlowMap, tmp_path: Path
) -> None:
    assert run(*slow.words(tmp_path / "here" / "map.tif")).exit_code == 0
    out = tmp_path / "there" / "map.tif"
    words = ("--scheduler", cluster.scheduler_address, "--tile-size", 8)
    slow.takes(0.02)
    marker = out.parent / ".map.tif.unfinished" / DONE / "0"
    killer = Thread(target=kill_one, args=(cluster, marker))
    killer.start()
    ended = run(*slow.words(out, *words))
    killer.join()
    assert ended.exit_code == 0, ended.err
    assert files_in(out.parent) == files_in(tmp_path / "here")
    assert everything_in(out.parent) == everything_in(tmp_path / "here")


@pytest.mark.slow
def test_a_tile_that_fails_is_tried_again(
    run: Run, cluster: Any, slow: SlowMap, tmp_path: Path
) -> None:
    words = ("--scheduler", cluster.scheduler_address)
    slow.fails("once")
    assert run(*slow.words(tmp_path / "there" / "map.tif", *words)).exit_code == 0
    assert (slow.folder / "failed").exists()
    (slow.folder / "fails").unlink()
    assert run(*slow.words(tmp_path / "here" / "map.tif")).exit_code == 0
    assert files_in(tmp_path / "there") == files_in(tmp_path / "here")


@pytest.mark.slow
def test_a_tile_that_always_fails_is_one_clear_line_and_loses_nothing(
    run: Run, cluster: Any, slow: SlowMap, tmp_path: Path
) -> None:
    out = tmp_path / "there" / "map.tif"
    slow.fails("always")
    ended = run(*slow.words(out, "--scheduler", cluster.scheduler_address, "--tile-size", 8))
    assert ended.exit_code == 2
    assert "failed 3 times, the last time on tcp://" in ended.error
    assert "(OSError: the disk is gone): what is done is kept" in ended.error
    assert ".map.tif.unfinished/plan.json" in everything_in(out.parent)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "ftp://127.0.0.1:9"])
def test_a_scheduler_that_does_not_answer_is_one_clear_line(
    run: Run, slow: SlowMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    pytest.importorskip("distributed", reason=NOT_INSTALLED)
    monkeypatch.setattr("hsidiff.maps.cluster.SECONDS_TO_ANSWER", 0.5)
    ended = run(*slow.words(tmp_path / "there" / "map.tif", "--scheduler", address))
    assert ended.exit_code == 2
    assert f"--scheduler {address}: no scheduler answers there: give the address" in ended.error
    assert not (tmp_path / "there").exists()


def test_without_the_extra_one_line_says_what_to_install(
    run: Run, slow: SlowMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    ended = run(*slow.words(tmp_path / "map.tif", "--scheduler", "tcp://127.0.0.1:8786"))
    assert ended.exit_code == 2
    assert "needs the extra dask: pip install 'hsidiff[dask]'" in ended.error


def test_a_scheduler_without_a_worker_is_one_clear_line(
    run: Run, slow: SlowMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason=NOT_INSTALLED)
    monkeypatch.setattr("hsidiff.maps.cluster.SECONDS_FOR_A_WORKER", 0.5)
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty:
        words = slow.words(tmp_path / "map.tif", "--scheduler", empty.scheduler_address)
        assert "it has no worker: start some with `dask worker tcp://" in run(*words).error
