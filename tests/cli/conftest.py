"""Fixtures of the tests of the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import Run, everything_in


@pytest.fixture(scope="module", autouse=True)
def _quick_experts(quick_experts: None) -> None:
    """Commands are tested here, not heads."""


@pytest.fixture(autouse=True)
def _blank_charts(blank_charts: None) -> None:
    """``tests/report`` draws charts, and ``tests/test_readme.py`` runs commands that do."""


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder for inputs that are wrong."""
    (tmp_path / "inputs").mkdir()
    return tmp_path / "inputs"


@pytest.fixture
def refused(run: Run, tmp_path: Path) -> Callable[..., str]:
    """Run ``hsidiff map`` on what is wrong; give the error after checking how it ended."""
    out = tmp_path / "results" / "out"
    out.parent.mkdir()

    def call(scene: Path, labels: Path, *words: object) -> str:
        before = everything_in(tmp_path)
        words = words if "--method" in words else ("--method", "lda", *words)
        ended = run("map", scene, labels, "--block-px", 5, *words, "-o", out)
        assert ended.exit_code == 2, ended.err
        assert ended.out == ""
        assert everything_in(tmp_path) == before
        return ended.error

    return call
