import sys

import pytest

from command_line import Run


@pytest.mark.parametrize("started_as", [None, "pytest", ""])
def test_the_program_is_called_hsidiff_however_python_was_started(
    run: Run, monkeypatch: pytest.MonkeyPatch, started_as: str | None
) -> None:
    # Click would take the name from the module that is run, as by `python -m pytest`.
    monkeypatch.setattr(sys.modules["__main__"], "__package__", started_as)
    assert run("map").error.endswith(": see hsidiff map --help")
