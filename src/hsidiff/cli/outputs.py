"""Where a command writes: names that cannot be are refused before the work."""

import os
from collections.abc import Iterable
from pathlib import Path

from hsidiff.errors import SettingError
from hsidiff.files import nearest_that_exists
from hsidiff.scenes.formats.address import is_address, shown


def check_output_folder(folder: Path) -> None:
    """Refuse, before hours of work, a folder that cannot be written to.

    Raises:
        SettingError: if it is a file, or writing is not allowed.
    """
    if is_address(folder):
        raise SettingError(
            f"--out {shown(folder)}: results are written to disks of this machine, or to a network "
            "drive that is mounted: give a path, and copy them afterwards"
        )
    nearest = nearest_that_exists(folder)
    if not nearest.is_dir():
        raise SettingError(f"--out {folder}: {nearest} is a file: give the name of a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise SettingError(f"--out {folder}: {nearest} is not yours to write to: give another name")


def check_output_file(
    path: Path, suffixes: tuple[str, ...], read_files: Iterable[Path | None]
) -> None:
    """Refuse, before the work, a file that cannot be written, or that would replace an input.

    Args:
        path: the file.
        suffixes: one of them must end its name.
        read_files: the files that this run reads; None for one that was not given.

    Raises:
        SettingError: if it is a folder, is among them, ends otherwise, or writing is not allowed.
    """
    if path.is_dir():
        raise SettingError(f"{path} is a folder: give the name of a {suffixes[0]} file")
    if path.suffix.lower() not in suffixes:
        raise SettingError(f"{path}: choose a name that ends in {suffixes[0]}")
    if path.resolve() in {file.resolve() for file in read_files if file is not None}:
        raise SettingError(f"{path} is read by this command: give another name to write to")
    check_output_folder(path.parent if is_address(path) else path.absolute().parent)
