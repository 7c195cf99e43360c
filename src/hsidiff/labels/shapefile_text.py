"""Shapefiles: all of the files that one is made of, and its text."""

import struct
from pathlib import Path

import geopandas
import pyogrio
import shapely

from hsidiff.errors import LabelError
from hsidiff.labels.dbf_text import BYTES, with_right_text

_TOLERATED_BYTES = 2**20
_PARTS = (".shx", ".dbf")
COUNTED_ANEW = {"where": "1 = 1"}
"""Of a GeoPackage: pyogrio reads as many features as a table of GDAL says that there are, which
programs that write by SQL do not keep; under a condition they are counted."""


def check_shapefile(path: Path, name: str) -> None:
    """Refuse a shapefile that lacks one of the files that it is made of.

    Args:
        path: any vector file.
        name: what to call it in messages.

    Raises:
        LabelError: naming the missing file, or one that is cut short.
    """
    if path.suffix.lower() != ".shp":
        return
    beside = {item.name.casefold() for item in path.parent.iterdir()}
    for suffix in _PARTS:
        if (path.stem + suffix).casefold() not in beside:
            raise LabelError(
                f"{name}: its {suffix} file is missing: copy all files of the shapefile together"
            )
    for item in path.parent.iterdir():
        if item.stem.casefold() == path.stem.casefold() and item.is_file():
            check_length(item, name)


def check_length(path: Path, name: str) -> None:
    """Refuse a part of a shapefile whose head promises much more than it holds.

    GDAL would ask for memory for all of it, or count through all of it.
    Source: ESRI Shapefile Technical Description (1998), page 4; dBASE, level 5.

    Args:
        path: a ``.shx``, a ``.dbf``; others are not looked at.
        name: what to call the shapefile in messages.

    Raises:
        LabelError: if it does.
    """
    with path.open("rb") as stream:
        head = stream.read(28)
    promised = 0
    if path.suffix.lower() == ".shx" and len(head) == 28:
        promised = 2 * struct.unpack_from(">i", head, 24)[0]
    elif path.suffix.lower() == ".dbf" and len(head) == 28:
        n_rows, before, row_bytes = struct.unpack_from("<IHH", head, 4)
        promised = before + n_rows * row_bytes
    held = path.stat().st_size
    if not 0 <= promised <= held + _TOLERATED_BYTES:
        raise LabelError(
            f"{name}: its {path.suffix} file holds {held} bytes, its head promises {promised}: "
            "copy all files of the shapefile again"
        )


def in_right_encoding(path: Path, layer: str, name: str) -> geopandas.GeoDataFrame:
    """Read a layer; the text of a shapefile in the encoding that it is in.

    Raises:
        LabelError: if the text of a shapefile cannot be read, see
            :func:`~hsidiff.labels.dbf_text.with_right_text`, or that of another file is not UTF-8.

    Warns:
        HsidiffWarning: if the encoding of a shapefile is another than stated, or not stated.
    """
    if path.suffix.lower() == ".shp":
        return with_right_text(_read(path, layer, encoding=BYTES), path, name)
    try:
        return _read(path, layer)
    except UnicodeDecodeError as error:
        raise LabelError(f"{name}: its text is not UTF-8: save it as UTF-8") from error


def _read(path: Path, layer: str, **options: str) -> geopandas.GeoDataFrame:
    """The features; a geometry that cannot be one, such as a ring that is open, is absent."""
    if path.suffix.lower() == ".gpkg":
        options |= COUNTED_ANEW
    try:
        return pyogrio.read_dataframe(path, layer=layer, **options)
    except shapely.errors.GEOSException:
        return pyogrio.read_dataframe(path, layer=layer, on_invalid="ignore", **options)
