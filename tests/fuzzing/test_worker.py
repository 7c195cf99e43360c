"""The worker sees each kind of harm that it looks for."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuzzing import openers, worker
from hsidiff.errors import SceneError

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="limits and measures memory by /proc"
)


def fails() -> None:
    raise KeyError("x")


def refuses() -> None:
    raise SceneError("is broken: copy it again")


def asks_for_memory() -> None:
    raise MemoryError


def takes_memory() -> None:
    np.ones(2**28 // 8 * 5)


@pytest.mark.parametrize(
    ("harm", "verdict"),
    [(fails, "traceback"), (refuses, "refused"), (asks_for_memory, "asks for too much memory"),
     (takes_memory, "takes too much memory"), (lambda: None, "opened")],
)  # fmt: skip
def test_each_harm_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Any, verdict: str
) -> None:
    assert opened(tmp_path, monkeypatch, lambda _: harm()).verdict == verdict


def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Any) -> worker.Outcome:
    for name in ("broken", "temporary"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken" / "scene.tif").write_bytes(b"abc")
    monkeypatch.setitem(openers.LOOKS, "scene", look)
    monkeypatch.setattr(worker, "LARGEST_GROWTH_BYTES", 2**28)
    noise = os.open(tmp_path / "noise", os.O_RDWR | os.O_CREAT)
    try:
        source = tmp_path / "broken" / "scene.tif"
        return worker._opened("scene", source, 0, tmp_path / "broken", noise)
    finally:
        os.close(noise)


def test_a_file_beside_and_a_changed_file_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writes(path: Path) -> None:
        path.with_name("scene.tif.aux.xml").write_text("x")

    assert opened(tmp_path, monkeypatch, writes).verdict == "writes beside the file"


def test_a_temporary_file_that_stays_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves(_: Path) -> None:
        (tmp_path / "temporary" / "x").touch()

    assert opened(tmp_path, monkeypatch, leaves).verdict == "leaves temporary files"
