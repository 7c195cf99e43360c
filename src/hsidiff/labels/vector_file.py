"""Open vector files of labels as tables, without writing beside them and without guessing.

GDAL is shown a copy where opening the file itself would write: SQLite merges the edits that QGIS
left in ``labels.gpkg-wal``, or takes back half-done ones of ``labels.gpkg-journal``. In a folder
that may not be written to it leaves them out instead. A copy also gives archives, and names that
libraries take for addresses, a name of our own.
"""

import shutil
import sqlite3
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import pyogrio

from hsidiff.errors import LabelError, one_line
from hsidiff.files import is_bomb
from hsidiff.labels.point_table import TABLE_SUFFIXES, read_point_table
from hsidiff.labels.shapefile_text import COUNTED_ANEW, check_shapefile, in_right_encoding
from hsidiff.scenes.formats.address import gdal_name, shown
from hsidiff.scenes.scene import Scene

_GDAL_SUFFIXES = (".gpkg", ".shp", ".geojson", ".json", ".fgb")
_ZIP_SUFFIXES = (".zip", ".shz")
ADDRESS_SUFFIXES = (".gpkg", ".geojson", ".json", ".fgb")
"""Those that are one file, and are read at an address."""
VECTOR_SUFFIXES = (*_GDAL_SUFFIXES, *_ZIP_SUFFIXES, *TABLE_SUFFIXES)

_CHOOSE_LAYER = "choose one with layer= (--layer), or save it as a file of its own"
"""Only labels have such a setting; areas are whole files."""

_SQLITE_EDITS = ("-wal", "-journal")
_SIZE_OF_A_JOURNAL = 512
_MODE_AT, _WAL_MODE = 18, 2
"""The byte of a SQLite file that says how it is written; see https://sqlite.org/fileformat.html."""


def read_features(path: Path, scene: Scene, layer: str | None) -> geopandas.GeoDataFrame:
    """Read the features of the only layer with geometries, or of the one that is named.

    Args:
        path: a file whose suffix is one of ``VECTOR_SUFFIXES``.
        scene: the scene they label; the points of a table are in its CRS.
        layer: name of the layer (of the file, in an archive of several), or None.

    Raises:
        LabelError: if the file cannot be read, or has no layer with geometries, or several.
    """
    if path.suffix.lower() in TABLE_SUFFIXES:
        if layer is not None:
            raise LabelError(f"layer={layer!r}: {path.name} has no layers: leave it out")
        return read_point_table(path, scene)
    with TemporaryDirectory(prefix="hsidiff-labels-") as folder:
        try:
            address = gdal_name(path)
            if address is not None:
                name = _chosen_layer(pyogrio.list_layers(address), layer, path.name)
                counted = COUNTED_ANEW if path.suffix.lower() == ".gpkg" else {}
                return pyogrio.read_dataframe(address, layer=name, **counted)
            staged = _stage(path, layer, Path(folder))
            check_shapefile(staged.path, path.name)
            return _read_layer(staged, path)
        except LabelError:
            raise
        except Exception as error:  # GDAL, SQLite, Arrow, zip and text decoding have their own
            message = one_line(str(error)).replace(folder, "")
            raise LabelError(
                f"{shown(path)}: not a vector file that can be read: {message}: save or copy it "
                "again"
            ) from error


@dataclass(frozen=True)
class _Staged:
    """A file that GDAL may open.

    Attributes:
        path: the file.
        layer: the layer that the user named, or None.
    """

    path: Path
    layer: str | None


def _read_layer(staged: _Staged, given: Path) -> geopandas.GeoDataFrame:
    layer = _chosen_layer(pyogrio.list_layers(staged.path), staged.layer, given.name)
    return in_right_encoding(staged.path, layer, given.name)


def _chosen_layer(listed: np.ndarray, layer: str | None, file_name: str) -> str:
    """The only layer with geometries, or the one that is named."""
    names = [str(name) for name, geometry_type in listed if geometry_type is not None]
    if layer is not None and layer not in names:
        raise LabelError(
            f"{file_name}: no layer {layer!r} with geometries: it has "
            f"{', '.join(map(repr, names)) or 'none'}"
        )
    if layer is None and len(names) != 1:
        listed_names = ", ".join(names) or "none"
        advice = _CHOOSE_LAYER if names else "draw points or polygons"
        raise LabelError(f"{file_name}: layers with geometries: {listed_names}: {advice}")
    return layer or names[0]


def _stage(path: Path, layer: str | None, folder: Path) -> _Staged:
    """The file itself or, where opening it would write or misread its name, a copy in a folder."""
    if path.suffix.lower() in _ZIP_SUFFIXES:
        staged = _unpacked(path, layer, folder)
    elif _would_be_written(path) or not _is_plain(path.absolute()) or _differ_in_case(path):
        staged = _Staged(_copied(path, folder), layer)
    else:
        return _Staged(path.absolute(), layer)
    if _would_be_written(staged.path):
        _settle(staged.path)
    return staged


def _settle(path: Path) -> None:
    """Let SQLite merge the edits beside a copy, or take back those that are half done."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("pragma journal_mode = delete").fetchall()
    finally:
        connection.close()


def _would_be_written(path: Path) -> bool:
    """Whether opening a file, as SQLite does, changes it or lays files beside it."""
    with path.open("rb") as stream:
        begin = stream.read(_SIZE_OF_A_JOURNAL)
    if not begin.startswith(b"SQLite format 3\0"):
        return False
    return bool(edits_of(path)) or begin[_MODE_AT] == _WAL_MODE


def edits_of(path: Path) -> list[Path]:
    """The files that hold the latest edits of a GeoPackage; of a link, beside its target."""
    target = path.resolve()
    beside = [target.with_name(target.name + suffix) for suffix in _SQLITE_EDITS]
    return [item for item in beside if item.is_file()]


def _is_plain(path: Path) -> bool:
    """Whether pyogrio and GDAL take a path for a path; not ``?``, ``!``, ``.zip/`` and the like."""
    text = str(path)
    return not any(mark in text for mark in "!?;|#%") and ".zip" not in text and "//" not in text


def _differ_in_case(path: Path) -> bool:
    """Whether parts of a shapefile have names that GDAL does not find, such as ``a.Dbf``."""
    parts = _parts_of(path)
    usual = {path.stem + suffix for part in parts for suffix in _usual_cases(part.suffix)}
    return path.suffix.lower() == ".shp" and any(part.name not in usual for part in parts)


def _usual_cases(suffix: str) -> tuple[str, str]:
    return suffix.lower(), suffix.upper()


def _parts_of(path: Path) -> list[Path]:
    """A file and those beside it that belong to it."""
    return [item for item in path.parent.iterdir() if _belongs(item.name, path.name)]


def _belongs(name: str, main: str) -> bool:
    """Whether a file is a part of the one that the user named, or holds edits of it."""
    if PurePosixPath(main).suffix.lower() == ".shp":
        return PurePosixPath(name).stem.casefold() == PurePosixPath(main).stem.casefold()
    return name in {main, *(main + suffix for suffix in _SQLITE_EDITS)}


def _plain_name(name: str, main: str) -> str:
    """A name for a copy that no library takes for an address, with the ending of the file."""
    return "labels" + name[len(PurePosixPath(main).stem) :].lower()


def _copied(path: Path, folder: Path) -> Path:
    """A copy, under a plain name, of a file and of those that belong to it."""
    parts = sorted(_parts_of(path), key=lambda item: item.stem == path.stem)  # its own come last
    for item in parts:
        if item.is_file():
            shutil.copyfile(item, folder / _plain_name(item.name, path.name))
    copy = folder / _plain_name(path.name, path.name)
    for edits in edits_of(path):
        suffix = edits.name.removeprefix(path.resolve().name)
        shutil.copyfile(edits, copy.with_name(copy.name + suffix))
    return copy


def _unpacked(path: Path, layer: str | None, folder: Path) -> _Staged:
    """The vector file of an archive, unpacked together with those that belong to it."""
    with zipfile.ZipFile(path) as archive:
        member, layer = _chosen_member(archive, path, layer)
        _unpack(archive, member, folder)
    return _Staged(folder / _plain_name(member.name, member.name), layer)


def _chosen_member(
    archive: zipfile.ZipFile, path: Path, layer: str | None
) -> tuple[PurePosixPath, str | None]:
    """The only vector file of an archive, or the one that ``layer`` names; and its layer."""
    members = [PurePosixPath(name) for name in archive.namelist() if not name.endswith("/")]
    visible = [m for m in members if not any(_is_hidden(part) for part in m.parts)]
    vectors = [member for member in visible if member.suffix.lower() in _GDAL_SUFFIXES]
    named = [m for m in vectors if layer in {str(m), m.name, m.stem}]
    if len(vectors) == 1:
        return vectors[0], None if named else layer
    if len(named) == 1:
        return named[0], None
    held = ", ".join(map(str, vectors or visible)) or "nothing"
    advice = _CHOOSE_LAYER if vectors else "expected a " + ", ".join(_GDAL_SUFFIXES)
    raise LabelError(f"{path.name} holds {held}: {advice}")


def _is_hidden(part: str) -> bool:
    """Whether a folder or file is of the system; ``..`` leads nowhere, as copies are renamed."""
    return part != ".." and part.startswith((".", "__MACOSX"))


def _unpack(archive: zipfile.ZipFile, member: PurePosixPath, folder: Path) -> None:
    """Write a member, and those that belong to it, into a folder under a plain name.

    Raises:
        LabelError: if one of them would fill the disk.
    """
    for name in archive.namelist():
        item = PurePosixPath(name)
        if item.parent == member.parent and _belongs(item.name, member.name):
            target = folder / _plain_name(item.name, member.name)
            about = archive.getinfo(name)
            if is_bomb(about.compress_size, about.file_size):
                raise LabelError(
                    f"{name} would unpack to {about.file_size} bytes from {about.compress_size}, "
                    "as no labels do: make the archive again"
                )
            with archive.open(name) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
