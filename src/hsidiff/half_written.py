"""Hidden folders in which outputs are written, and what a program that was killed leaves in them.

A folder is locked by the program that writes in it. The system lets go of a lock however a program
ends: a folder that nobody holds is of one that was killed, and who writes there next clears it up.
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from hsidiff.errors import SettingError

SUFFIX = ".half-written"
"""How the names of these folders end: ``.NAME-xxxxxxxx.half-written`` beside NAME."""
_NAME = re.compile(rf"\.(.+)-[a-z0-9_]{{8}}{re.escape(SUFFIX)}", re.DOTALL)
_MOVES = "moves.json"


@contextmanager
def writing_beside(target: Path) -> Iterator[Path]:
    """Give a hidden folder beside ``target``, which is gone afterwards; see :func:`clear_up`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_up(target)
    folder, lock = _new_folder(target)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _let_go(lock)


def clear_up(target: Path) -> None:
    """Remove what programs that were killed left beside ``target``; undo moves that they began."""
    if target.parent.is_dir():
        for name in os.listdir(target.parent):  # noqa: PTH208  (names alone)
            if _written_in(name) == target.name:
                _clear_up(target.parent / name, target)


def clear_up_below(folder: Path) -> None:
    """As :func:`clear_up`, for everything in a folder."""
    for left in list(folder.rglob(f".*{SUFFIX}")):
        name = _written_in(left.name)
        if name is not None:
            _clear_up(left, left.with_name(name))


def _written_in(name: str) -> str | None:
    """The name of what is written in a hidden folder of this name; None if it is no such folder."""
    found = _NAME.fullmatch(name)
    return found[1] if found else None


def _clear_up(folder: Path, target: Path) -> None:
    try:
        lock = _lock(folder)
    except OSError:  # another program writes in it, or has just removed it
        return
    if lock is not None:
        try:
            _undo_moves(folder, target)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            _let_go(lock)


def _new_folder(target: Path) -> tuple[Path, int | None]:
    """A new folder, held by this program; None for a lock if the file system has none."""
    while True:
        made = tempfile.mkdtemp(prefix=f".{target.name}-", suffix=SUFFIX, dir=target.parent)
        folder = Path(made)
        try:
            lock = _lock(folder)
        except (BlockingIOError, FileNotFoundError):
            continue  # another program took it for a leftover
        if folder.exists():
            return folder, lock
        _let_go(lock)


def _lock(path: Path, flags: int = os.O_RDONLY) -> int | None:
    """Hold a file or folder until :func:`_let_go`; None if the file system has no locks.

    Raises:
        BlockingIOError: if another program holds it.
        FileNotFoundError: if there is none.
    """
    descriptor = os.open(path, flags)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _let_go(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def exchange(names: Collection[str], gone: Collection[str], folder: Path, place: Path) -> None:
    """Move files (or folders) from ``place / "new"`` to ``folder``; those there before, to "old".

    All of them, or none: if a move fails, every file is put back; if the program is killed,
    :func:`clear_up` does so.

    Args:
        names: paths in "new", from there; what ``folder`` has of that name is replaced.
        gone: further paths in ``folder``, which leave it.
        folder: where the files are to be: the target of ``place``, or the folder that it is in.
        place: given by :func:`writing_beside`.
    """
    moves = {"names": list(names), "gone": list(gone), "beside": folder == place.parent}
    begun = place / "begun.json"
    begun.write_text(json.dumps(moves), encoding="utf-8")
    begun.replace(place / _MOVES)
    try:
        for name in (*gone, *names):
            _move(name, folder, place / "old")
        for name in names:
            _move(name, place / "new", folder)
    except BaseException:
        _put_back(names, gone, folder, place)
        raise
    (place / _MOVES).unlink()


def _put_back(names: Collection[str], gone: Collection[str], folder: Path, place: Path) -> None:
    for name in names:
        if not (place / "new" / name).exists():
            _move(name, folder, place / "new")
    for name in (*gone, *names):
        _move(name, place / "old", folder)
    (place / _MOVES).unlink()  # or else, killed while it removes "new", it would do so twice


def _undo_moves(place: Path, target: Path) -> None:
    """Put back what a program that was killed had begun to exchange."""
    if not (place / _MOVES).is_file():
        return
    moves: dict[str, Any] = json.loads((place / _MOVES).read_text(encoding="utf-8"))
    names, gone = (_inside(moves[key]) for key in ("names", "gone"))
    _put_back(names, gone, target.parent if moves["beside"] else target, place)


def _inside(names: Collection[str]) -> list[str]:
    """Those that do not lead out of a folder; a list that somebody changed must not reach far."""
    paths = [PurePosixPath(name) for name in names]
    return [str(path) for path in paths if not path.is_absolute() and ".." not in path.parts]


def _move(name: str, source: Path, target: Path) -> None:
    """Move a file, if there is one, to the same place below another folder."""
    if (source / name).exists():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).replace(target / name)


@contextmanager
def alone_in(
    folder: Path,
    name: str | None = None,
    told: str = "another run is writing to it: wait for it, or give another name",
) -> Iterator[None]:
    """Hold a folder, so that no other run writes to it; if nothing was written, it goes again.

    Args:
        folder: the folder.
        name: what the message calls it, if not by its path.
        told: what the message says of a folder that another run holds, and what to do.

    Raises:
        SettingError: if another run holds it.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    path.touch()
    try:
        lock = _lock(path, os.O_RDWR)  # NFS gives locks for files alone that are open for writing
    except BlockingIOError as error:
        raise SettingError(f"{name or folder}: {told}") from error
    try:
        yield
    finally:
        if is_new and folder.exists() and list(folder.iterdir()) == [path]:
            shutil.rmtree(folder)
        _let_go(lock)
