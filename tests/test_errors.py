"""Messages: one clear line, whatever a broken file put into it."""

import pickle
import sys

import pytest

from hsidiff.errors import (
    HsidiffError,
    LabelError,
    MissingFileError,
    SceneError,
    hear_warnings,
    one_line,
    reason_of,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("as it is", "as it is"),
        ("two\nlines\r\nand\ta tab", "two lines and a tab"),
        ("red \x1b[31m and a bell \x07", "red [31m and a bell"),
        ("turned \u202eround", "turned round"),
        ("äöü 森林", "äöü 森林"),
    ],
)
def test_line_ends_and_control_characters_become_blanks(text: str, line: str) -> None:
    assert one_line(text) == line


def test_of_a_long_text_begin_and_end_are_kept() -> None:
    line = one_line("begin " + "9" * 100_000 + " end")
    assert len(line) < 1300
    assert line.startswith("begin 999")
    assert line.endswith("999 end")


def test_a_reason_is_the_first_line_of_an_error_or_its_name() -> None:
    assert reason_of(ValueError("no such block\nat 0x7f")) == "no such block"
    assert reason_of(KeyError()) == "KeyError"


@pytest.mark.parametrize("kind", [SceneError, LabelError, MissingFileError, HsidiffError])
def test_every_error_says_one_line_and_travels_to_another_process(kind: type[Exception]) -> None:
    error = kind("a file\nwith a name of two lines")
    assert str(error) == "a file with a name of two lines"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_what_breaks_in_a_callback_of_a_library_is_heard_by_nobody(
    capfd: pytest.CaptureFixture[str],
) -> None:
    hooks = sys.excepthook, sys.unraisablehook
    with hear_warnings(lambda _: None):
        sys.excepthook(ValueError, ValueError("x"), None)
    assert capfd.readouterr() == ("", "")
    assert (sys.excepthook, sys.unraisablehook) == hooks
