"""Files appear whole or not at all."""

import errno
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from hsidiff.errors import SettingError, reason_of
from hsidiff.half_written import exchange, writing_beside

_LARGE_UNPACKED_BYTES, _MOST_PACKED = 2**29, 200


@contextmanager
def write_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary file beside ``path``; rename it to ``path`` when the block ends well.

    If the block raises (Ctrl-C included), the temporary file goes and an older ``path`` stays. What
    a program that was killed left beside ``path`` goes as well.
    The temporary name keeps the suffix, since many writers choose the format by it.
    """
    path = Path(path)
    with writing_beside(path) as place:
        yield place / path.name
        (place / path.name).replace(path)


@contextmanager
def write_whole_folder(path: str | Path) -> Iterator[Path]:
    """As :func:`write_whole`, for a folder: an older folder of that name is replaced."""
    path = Path(path)
    with writing_beside(path) as place:
        new = place / "new" / path.name
        new.mkdir(parents=True)
        yield new
        exchange([path.name], (), path.parent, place)


@contextmanager
def write_together(folder: str | Path, gone: Collection[str] = ()) -> Iterator[Path]:
    """Give a temporary folder; move what it holds into ``folder`` when the block ends well.

    What ``folder`` holds under the same names is replaced, all else in it stays. If the block
    raises, ``folder`` is as it was; if the program is killed, the next write makes it so.

    Args:
        folder: where the files are to be.
        gone: names in ``folder`` that are not to be found there afterwards, unless they are new.

    Raises:
        FileExistsError: if ``folder`` is a file.
    """
    folder = Path(folder)
    with writing_beside(folder) as place:
        new = place / "new"
        new.mkdir()
        yield new
        folder.mkdir(exist_ok=True)
        names = sorted(item.name for item in new.iterdir())
        exchange(names, [name for name in gone if name not in names], folder, place)


@contextmanager
def write_errors_of(path: str | Path, *kinds: type[Exception]) -> Iterator[None]:
    """Say in Python's way that a file cannot be written; errors of libraries are no ``OSError``.

    Args:
        path: the file.
        kinds: what the library raises, for lack of space for example.

    Raises:
        OSError: in place of one of ``kinds``, with the file and the reason.
    """
    try:
        yield
    except kinds as error:
        message = f"cannot be written; is there space left? ({reason_of(error)})"
        raise OSError(errno.EIO, message, str(path)) from error


def is_special(path: Path) -> bool:
    """Whether a path is neither a file nor a folder: a pipe or a device, which may never end."""
    return path.exists() and not path.is_file() and not path.is_dir()


def special_among(path: Path) -> Path | None:
    """A pipe or a device under a file's name, or beside it with a name that begins like it.

    A library that looks for sidecars would open it and wait.
    """
    stem = path.name.partition(".")[0]
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return next((item for item in beside if item.name.startswith(stem) and is_special(item)), None)


def nearest_that_exists(path: Path) -> Path:
    """A path itself, or the first folder above it that there is."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def write_json(path: str | Path, content: Any) -> None:
    """Write ``content`` as :func:`json_text`, whole or not at all."""
    text = json_text(content)
    with write_whole(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def json_text(content: Any) -> str:
    """Write ``content`` as indented JSON; NumPy's numbers and arrays become Python's."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)


_LARGEST_JSON_BYTES = 2**28


def read_json(path: Path) -> Any:
    """The content of a JSON file that hsidiff wrote.

    Raises:
        ValueError: if it is no JSON, nested without end, enormous, a pipe, or holds NaN.
        OSError: if it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no file")
    if path.stat().st_size > _LARGEST_JSON_BYTES:
        raise ValueError(f"it is larger than {_LARGEST_JSON_BYTES} bytes")
    return json_of(path.read_text(encoding="utf-8"))


def readable_json(path: Path, advice: str) -> Any:
    """As :func:`read_json`, of a file that somebody may have changed.

    Args:
        path: the file.
        advice: what to do if it is broken.

    Raises:
        SettingError: if it is, or cannot be read.
    """
    try:
        return read_json(path)
    except (ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingError(f"{path} is not readable JSON: {reason}: {advice}") from error


def json_of(text: str) -> Any:
    """The content of a JSON text, in which NaN and infinity are no numbers; see :func:`read_json`.

    Raises:
        ValueError: if it is none.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def is_bomb(packed_bytes: int, unpacked_bytes: int) -> bool:
    """Whether something packed unpacks to so much that it was made to fill memory or disk.

    No scene and no labels are so large and so empty at once; deflate itself cannot pack to less
    than about a thousandth.
    """
    is_large = unpacked_bytes > _LARGE_UNPACKED_BYTES
    return is_large and unpacked_bytes > _MOST_PACKED * max(packed_bytes, 1)


def _plain(value: Any) -> Any:
    """What JSON can hold of a NumPy number or array."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be written as JSON")


def sha256_of_files(paths: Iterable[Path]) -> str:
    """Hash the bytes of several files, in the order given, as one hexadecimal SHA-256."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
