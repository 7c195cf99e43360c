"""Points in tables of text: ``.csv`` with columns of coordinates and classes."""

import codecs
import csv
import io
import re
import warnings
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.columns import plain_title
from hsidiff.labels.dbf_text import LATIN_1
from hsidiff.labels.shape_cells import shapes_of
from hsidiff.labels.spreadsheet import unmarked
from hsidiff.scenes.scene import Scene

TABLE_SUFFIXES = (".csv", ".tsv")

_DEGREES = (
    ("lon", "lat"), ("long", "lat"), ("longitude", "latitude"), ("lng", "lat"),
    ("decimallongitude", "decimallatitude"), ("longitudedeg", "latitudedeg"),
    ("londeg", "latdeg"), ("londd", "latdd"), ("lonwgs84", "latwgs84"), ("gpslon", "gpslat"),
    ("gpslongitude", "gpslatitude"),
)  # fmt: skip
_MAP = (
    ("x", "y"), ("easting", "northing"), ("e", "n"), ("east", "north"), ("pointx", "pointy"),
    ("xcoord", "ycoord"), ("coordx", "coordy"), ("coordsx1", "coordsx2"), ("mapx", "mapy"),
    ("utmx", "utmy"), ("utme", "utmn"), ("rechtswert", "hochwert"), ("xutm", "yutm"),
    ("utmeasting", "utmnorthing"), ("eastingm", "northingm"), ("xm", "ym"), ("eastm", "northm"),
    ("xcoordinate", "ycoordinate"), ("xmap", "ymap"), ("ost", "nord"),
)  # fmt: skip
_SHAPES = ("wkt", "geometry", "geom", "wktgeom", "thegeom", "geo")
"""Columns of shapes; ``wkt_geom`` is what QGIS copies, ``.geo`` what Earth Engine exports."""
_THOUSANDS = re.compile(r"(?<=\d)[\s'\u2019](?=\d{3}(?!\d))")
"""Blanks and apostrophes between digits, as in ``5 799 995`` and ``5'799'995``."""
_FOREIGN_WORD = re.compile(rb'[^\s,;|"]*[\x80-\xff][^\s,;|"]*')
_SEPARATORS = ";\t,|"
_STATED_SEPARATOR = re.compile(r"sep=[;\t,|][ \t]*\r?\n", re.IGNORECASE)


def read_point_table(path: Path, scene: Scene) -> geopandas.GeoDataFrame:
    """Read points from a table with a row of names, a point per row.

    Columns ``lon`` and ``lat`` (or ``longitude``, ``latitude``) are degrees of WGS 84. Columns
    ``x`` and ``y`` (or ``easting``, ``northing`` and the like) are in the CRS of the scene, and so
    are the points and polygons of a column ``WKT`` or ``geometry`` that state no other. The
    separator is the one that the first row shows. A comma may be the decimal mark, and thousands
    may be parted.

    Raises:
        LabelError: if there are no such columns, or a coordinate is no number, or may be two.
    """
    table = read_table(path, "point")
    plain = {plain_title(str(key)): str(key) for key in table.columns}
    crs = None if scene.crs is None else scene.crs.to_wkt()
    for pairs, crs_of_pairs in ((_DEGREES, "EPSG:4326"), (_MAP, crs)):
        for names in pairs:
            if all(name in plain for name in names):
                columns = [plain[name] for name in names]
                x, y = _coordinates(table, columns, path, are_degrees=pairs is _DEGREES)
                points = geopandas.points_from_xy(x, y)
                points[np.isnan(x) | np.isnan(y)] = None
                attributes = table.drop(columns=[plain[name] for name in names])
                return geopandas.GeoDataFrame(attributes, geometry=points, crs=crs_of_pairs)
    for column in (plain[name] for name in _SHAPES if name in plain):
        shapes, own = shapes_of(table[column], path.name)
        attributes = table.drop(columns=column)
        return geopandas.GeoDataFrame(attributes, geometry=shapes, crs=own or crs)
    raise LabelError(
        f"{path.name}: no columns of coordinates among {', '.join(map(str, table.columns))}: call "
        "them x and y (in the CRS of the scene), or lon and lat (degrees)"
    )


def read_table(path: Path, row_name: str) -> pd.DataFrame:
    """The cells: numbers in columns that hold numbers only, text elsewhere, None if empty.

    The separator is the one that the first row shows most often.

    Args:
        path: the file, in UTF-8, in UTF-16 with its mark, or else in Windows-1252. Lines before
            the row of names that begin with ``#`` are passed over.
        row_name: what a row stands for, in messages.

    Raises:
        LabelError: if it is no table, cannot be read, there is no row of names, two columns of one
            name differ, or a row has more cells than there are names.

    Warns:
        HsidiffWarning: if it is read as Windows-1252.
    """
    text = _text(path)
    stated = _STATED_SEPARATOR.match(text)
    if stated is not None:  # a line for Excel alone
        text = text[stated.end() :]
    text = _without_comments(text)
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [row for row in lines if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise LabelError(f"{path.name} is no table ({error}): save it again") from error
    if not rows:
        raise LabelError(
            f"{path.name}: there is no row: expected a row of names, then a row per {row_name}"
        )
    names = [name.strip() for name in rows[0]]
    cells = _cells(rows[1:], len(names), path, row_name)
    columns: dict[str, pd.Series] = {}
    for i, name in enumerate(names):
        column = pd.Series([row[i] for row in cells])
        if name and not columns.get(name, column).equals(column):
            raise LabelError(f"{path.name}: two columns are called {name!r}: rename one of them")
        columns[name] = column
    return pd.DataFrame({name: _as_numbers(column) for name, column in columns.items()})


def _text(path: Path) -> str:
    """What a table holds, as text.

    Raises:
        LabelError: if it cannot be read, or is in no encoding that is known.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LabelError(f"{path.name} cannot be read: {error.strerror or error}") from error
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        text = _of_windows(content, path)
    if "\0" in text:
        raise LabelError(
            f"{path.name} is no text, or UTF-16 or UTF-32 without its mark: save it as UTF-8"
        )
    return text


def _of_windows(content: bytes, path: Path) -> str:
    """Text that is not UTF-8, in the page of most Windows computers, with a note."""
    found = _FOREIGN_WORD.search(content)
    try:
        text = content.decode(LATIN_1)
    except UnicodeDecodeError as error:
        raise LabelError(
            f"{path.name}: its text is neither UTF-8 nor Windows-1252: save it as UTF-8"
        ) from error
    shown = found[0].decode(LATIN_1)[:30] if found else ""
    warnings.warn(
        f"{path.name}: its text is read as Windows-1252 ({shown!r}), as it is not UTF-8: if that "
        "looks wrong, save the table as UTF-8",
        HsidiffWarning,
        stacklevel=4,
    )
    return text


def _without_comments(text: str) -> str:
    """Text without the lines that begin with ``#`` before the row of names.

    ``#x,y,class`` may be that row: where numbers follow, the last of them is.
    """
    lines = text.split("\n")
    n = 0
    while n < len(lines) and (lines[n].lstrip(' \t"').startswith("#") or not lines[n].strip()):
        n += 1
    if n == len(lines):
        return text
    cells = re.split(f"[{_SEPARATORS}]", lines[n])
    if any(re.fullmatch(r'[\s"]*[+-]?\d[\d.\' ]*[\s"]*', cell) for cell in cells):
        n = max((i + 1 for i in range(n) if lines[i].strip()), default=n + 1) - 1
    return "\n".join(lines[n:])


def _as_numbers(column: pd.Series) -> pd.Series:
    """A column of numbers as numbers, another as it is."""
    try:
        return pd.to_numeric(column)
    except (ValueError, TypeError):
        return column


def _cells(
    rows: list[list[str]], n_names: int, path: Path, row_name: str
) -> list[list[str | None]]:
    """Rows of as many cells as there are names.

    Raises:
        LabelError: if a row has more: a decimal comma between commas, most often.
    """
    for number, row in enumerate(rows, start=1):
        if any(cell.strip() for cell in row[n_names:]):
            raise LabelError(
                f"{path.name}: {row_name} {number} has {len(row)} cells, the first row names "
                f"{n_names}: put quotes around text with commas, or semicolons between columns"
            )
    padded = [row + [""] * (n_names - len(row)) for row in rows]
    return [[unmarked(cell.strip()) or None for cell in row] for row in padded]


def _coordinates(
    table: pd.DataFrame, keys: list[str], path: Path, *, are_degrees: bool
) -> list[np.ndarray]:
    """(rows,) float64 of each of two columns, NaN for an empty cell.

    Raises:
        LabelError: if a cell is no number, or may be two.
    """
    given = [["" if pd.isna(cell) else str(cell).strip() for cell in table[key]] for key in keys]
    texts = [[_THOUSANDS.sub("", text) for text in column] for column in given]
    thousands = "" if are_degrees else _thousands_mark(texts, keys, path)
    found = []
    for key, column, shown in zip(keys, texts, given, strict=True):
        numbers = np.full(len(column), np.nan)
        for row, text in enumerate(column):
            plain = (text.replace(thousands, "") if thousands else text).replace(",", ".")
            try:
                numbers[row] = float(plain) if plain else np.nan
            except ValueError as error:
                raise LabelError(
                    f"{path.name}: column {key!r} must hold numbers, not {shown[row][:40]!r}: "
                    "write them plain, such as 500005.5, degrees with decimals"
                ) from error
        found.append(numbers)
    return found


def _thousands_mark(texts: list[list[str]], keys: list[str], path: Path) -> str:
    """What parts thousands, a comma or a point; empty if neither, and both part decimals.

    Raises:
        LabelError: if a comma may be both in every cell of a column.
    """
    cells = [text for column in texts for text in column if text]
    for thousands, decimal in ((",", "."), (".", ",")):
        parted = re.compile(
            rf"[+-]?\d{{1,3}}(?:\{thousands}\d{{3}})+(?:\{decimal}\d*)?|[+-]?\d+(?:\{decimal}\d*)?"
        )
        is_sure = any(
            text.count(thousands) > 1 or (thousands in text and decimal in text) for text in cells
        )
        if is_sure and all(parted.fullmatch(text) for text in cells):
            return thousands
    for key, column in zip(keys, texts, strict=True):
        held = [text for text in column if text]
        if held and all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text) for text in held):
            raise LabelError(
                f"{path.name}: column {key!r}: {held[0]} may be {held[0].replace(',', '')} or "
                f"{held[0].replace(',', '.')}: write numbers with a point, without marks between "
                "thousands"
            )
    return ""
