"""A result says what it was measured on."""

import subprocess
from pathlib import Path

from benchmarks.machine import (
    describe_commit,
    describe_machine,
    short_name,
)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_commit_is_clean_until_something_but_a_result_changes(tmp_path: Path) -> None:
    assert describe_commit(tmp_path) == {"sha": None, "clean": None}
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "First")
    sha = git(tmp_path, "rev-parse", "HEAD").strip()
    assert describe_commit(tmp_path) == {"sha": sha, "clean": True}
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "benchmarks" / "results" / "x.json").write_text("{}")
    assert describe_commit(tmp_path)["clean"]
    (tmp_path / "file").write_text("b")
    assert describe_commit(tmp_path) == {"sha": sha, "clean": False}


def test_a_machine_is_described_without_its_name() -> None:
    machine = describe_machine()
    assert machine["n_cores"] >= 1
    assert machine["memory_bytes"] > 2**28
    assert machine["gpu"] is None
    assert machine["versions"].keys() >= {"torch", "numpy"}


def test_results_are_named_by_processor_or_gpu() -> None:
    machine = {"processor": "AMD EPYC 9B14 (R)", "n_cores": 2, "gpu": None}
    assert short_name(machine) == "amd-epyc-9b14-r-2-cores"
    assert short_name({**machine, "gpu": "NVIDIA H200"}) == "nvidia-h200"
