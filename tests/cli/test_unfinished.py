"""A command that is killed goes on where it was, to the same model."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import Run, SmallFiles, everything_in
from safetensors.numpy import load_file

from hsidiff.training import checkpoint

SETTINGS = ("pretrain_steps=25", "head=linear")
PROGRAM = """
from hsidiff.training import checkpoint
checkpoint.SECONDS_BETWEEN = 0.0
from hsidiff.cli import main
main()
"""


def words(small_files: SmallFiles, out: Path) -> list[str]:
    given = [word for setting in SETTINGS for word in ("--set", setting)]
    return ["fit", *map(str, small_files.paths), *given, "-o", str(out)]


def start(small_files: SmallFiles, out: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", PROGRAM, *words(small_files, out)]
    return subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)


def learned(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "learned.safetensors")


def test_a_fit_that_is_killed_goes_on_to_the_same_weights(
    run: Run, small_files: SmallFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    out, kept = tmp_path / "model", tmp_path / ".model.unfinished"
    process = start(small_files, out)
    deadline = time.monotonic() + 60
    while not list(kept.glob("*.unfinished.safetensors")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()

    assert run(*words(small_files, out)).exit_code == 0
    assert run(*words(small_files, tmp_path / "other")).exit_code == 0
    first, second = learned(out), learned(tmp_path / "other")
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)
    assert not [path for path in everything_in(tmp_path) if "unfinished" in path]
