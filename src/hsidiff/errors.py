"""What a user can do wrong, and what to do about it.

Every message names what was given, what was expected and what to do, in one line. Each error is
also the built-in error that a caller would expect, so ``except ValueError`` keeps working.
"""

import difflib
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any, TextIO

LARGEST_RANDOM_STATE = 2**32 - 1
"""The largest seed that all of NumPy, scikit-learn and PyTorch take."""


_LONGEST_LINE = 1200
_NO_LETTERS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def one_line(text: str) -> str:
    """A message on one line, whatever a broken file put into it.

    Line ends and control characters, which a terminal would obey, become blanks; of a very long
    text the middle is left out.
    """
    text = _NO_LETTERS.sub(" ", text).strip()
    if len(text) <= _LONGEST_LINE:
        return text
    half = _LONGEST_LINE // 2
    return f"{text[:half]} ... {text[-half:]}"


def reason_of(error: BaseException) -> str:
    """What an error of a library says, for brackets: its first line, or its name if it is mute."""
    return (str(error).splitlines() or [type(error).__name__])[0]


class HsidiffError(Exception):
    """The parent of every error that hsidiff raises on purpose."""

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class SceneError(HsidiffError, ValueError):
    """A scene cannot be read, or holds values that no method can use."""


class LabelError(HsidiffError, ValueError):
    """Labels cannot be read, or do not fit the scene."""


class SplitError(HsidiffError, ValueError):
    """A split into training and test labels cannot be made as asked."""


class SettingError(HsidiffError, ValueError):
    """A setting, a profile or a name is unknown or out of range."""


class TrainingError(HsidiffError, ArithmeticError):
    """A training ran away: its loss is no number any more."""


class NotEnoughMemoryError(HsidiffError, MemoryError):
    """Memory does not suffice even for the smallest piece of the work."""


class ModelError(HsidiffError, ValueError):
    """A saved model cannot be loaded, or does not fit the scene it is asked to map."""


class MissingFileError(HsidiffError, FileNotFoundError):
    """A file that was named does not exist."""


class HsidiffWarning(UserWarning):
    """A result is doubtful; the message says why."""


@contextmanager
def hear_warnings(hear: Callable[[str], None]) -> Iterator[None]:
    """Give the text of each :class:`HsidiffWarning` to ``hear``; silence those of other libraries.

    What other libraries warn about is for developers; ours is for users. So is what breaks inside
    their callbacks, rasterio's for messages of GDAL among them: nobody can catch it.
    """

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        hear(one_line(str(message)))

    hooks = sys.excepthook, sys.unraisablehook
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", HsidiffWarning)
        warnings.showwarning = show
        sys.excepthook = sys.unraisablehook = _unheard
        try:
            yield
        finally:
            sys.excepthook, sys.unraisablehook = hooks


def _unheard(*_: object) -> None:
    """A hook that tells nobody."""


def check_choice(name: str, value: str, choices: Iterable[str]) -> str:
    """Give back a setting that is one of the choices.

    Raises:
        SettingError: if it is not; names the nearest choice.
    """
    choices = list(choices)
    if value in choices:
        return value
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SettingError(f"{name}={value!r}: expected one of {', '.join(choices)}{hint}")


def check_whole_number(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Refuse a setting that is not a whole number of at least ``low`` and at most ``high``.

    Raises:
        SettingError: naming the setting, its value and the range.
    """
    allowed = f"at least {low}" if high is None else f"from {low} to {high}"
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise SettingError(f"{name}={value!r}: must be a whole number, {allowed}")
    if int(value) < low or (high is not None and int(value) > high):
        raise SettingError(f"{name}={value}: must be {allowed}")


def check_whole_numbers(name: str, numbers: object) -> None:
    """Refuse what is not a tuple (or list) of whole numbers.

    Raises:
        SettingError: if it is not.
    """
    if not isinstance(numbers, tuple | list) or not all(isinstance(n, Integral) for n in numbers):
        raise SettingError(
            f"{name}={numbers!r}: must be a tuple of whole numbers, such as (1,); [1] with --set "
            "and in files"
        )
