"""The files of an experiment's report: they appear together, and replace an older report alone."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hsidiff.errors import SettingError
from hsidiff.files import write_json
from hsidiff.half_written import clear_up, exchange, writing_beside

LIST_NAME = "report-files.json"
_ABOUT = "What hsidiff report wrote into this folder: the next report replaces these files alone."
# What every report has: whoever keeps files of these names need not wait for the pictures to learn.
_ALWAYS_WRITTEN = ("report.html", "tables.md", "cells.csv", LIST_NAME)


@contextmanager
def write_report_files(out: Path) -> Iterator[Path]:
    """Give a temporary folder; move its files into ``out``, one by one, when the block ends well.

    What an earlier report wrote there is replaced, or goes if this one has no such file: each
    report leaves a list of its files, :data:`LIST_NAME`. All other files stay where they are. If
    the block raises, ``out`` is as it was.

    Raises:
        SettingError: if ``out`` is the folder of a map or a file, or if a file is in the way that
            no earlier report wrote.
    """
    check_report_folder(out)
    with writing_beside(out) as place:
        new = place / "new"
        new.mkdir()
        yield new
        written = [*files_in(new), LIST_NAME]
        _check_nothing_in_the_way(out, written)
        gone = _earlier_files(out).difference(written)
        write_json(new / LIST_NAME, {"about": _ABOUT, "files": written})
        exchange(written, gone, out, place)


def files_in(folder: Path) -> list[str]:
    """The files in a folder and below, by their paths from there, with ``/`` on every system."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files)


def check_report_folder(out: Path) -> None:
    """Refuse, before the work, a folder in which a report would replace what is not its own.

    Raises:
        SettingError: if it is a file or the output folder of ``hsidiff map``, or holds a file of a
            name that every report has and that no earlier report wrote.
    """
    clear_up(out)
    if (out / "run.json").is_file() and (out / "model").is_dir():
        raise SettingError(
            f"{out}: holds a map with its model (run.json, model/), whose report.html the report "
            "of an experiment would replace: give another folder"
        )
    _check_nothing_in_the_way(out, _ALWAYS_WRITTEN)


def _check_nothing_in_the_way(out: Path, written: Iterable[str]) -> None:
    """Refuse to replace what no earlier report wrote."""
    earlier = _earlier_files(out)
    for name in written:
        folder = (out / name).parent
        path = folder if folder.exists() and not folder.is_dir() else out / name
        if os.path.lexists(path) and name not in earlier:
            raise SettingError(
                f"{path}: would be replaced and is not on the list of an earlier report "
                f"({LIST_NAME}): move it away, or give another folder"
            )


def _earlier_files(out: Path) -> set[str]:
    """Those files of the last report into this folder that are still there, its list included."""
    path = out / LIST_NAME
    if not path.is_file():
        return set()
    try:
        names = [Path(name) for name in json.loads(path.read_text(encoding="utf-8"))["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise SettingError(
            f"{path} is not the list of a report's files: move it away, or give another folder"
        ) from error
    # A list that somebody changed must not reach beyond the folder.
    inside = [name for name in names if not name.anchor and ".." not in name.parts]
    return {name.as_posix() for name in inside if (out / name).is_file()}
