"""Fixtures of the tests of the command line."""

import sys

import pytest
from command_line import Ended, Run, SmallFiles, write_small_files

from hsidiff.cli import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call ``hsidiff`` with words of a command line, in this process."""
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["hsidiff", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> SmallFiles:
    """The small scene and its labels as files."""
    return write_small_files(tmp_path_factory.mktemp("small files"))
