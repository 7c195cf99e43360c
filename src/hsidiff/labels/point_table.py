"""Points in tables of text: ``.csv`` with columns of coordinates and classes."""

import codecs
import csv
import io
import re
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely

from hsidiff.errors import LabelError
from hsidiff.labels.spreadsheet import unmarked
from hsidiff.scenes.scene import Scene

TABLE_SUFFIXES = (".csv", ".tsv")

_DEGREES = (("lon", "lat"), ("long", "lat"), ("longitude", "latitude"), ("lng", "lat"))
_MAP = (
    ("x", "y"), ("easting", "northing"), ("e", "n"), ("east", "north"), ("pointx", "pointy"),
    ("xcoord", "ycoord"), ("coordx", "coordy"), ("coordsx1", "coordsx2"), ("mapx", "mapy"),
    ("utmx", "utmy"), ("utme", "utmn"), ("rechtswert", "hochwert"),
)  # fmt: skip
_DEEPEST_WKT = 32
_SEPARATORS = ";\t,|"
_STATED_SEPARATOR = re.compile(r"sep=[;\t,|][ \t]*\r?\n", re.IGNORECASE)


def read_point_table(path: Path, scene: Scene) -> geopandas.GeoDataFrame:
    """Read points from a table with a row of names, a point per row.

    Columns ``lon`` and ``lat`` (or ``longitude``, ``latitude``) are degrees of WGS 84. Columns
    ``x`` and ``y`` (or ``easting``, ``northing`` and the like) are in the CRS of the scene, and so
    are the points and polygons of a column ``WKT``. The separator is the one that the first row
    shows; beside semicolons and tabs, a comma may be the decimal mark.

    Raises:
        LabelError: if there are no such columns, or a coordinate is no number.
    """
    table = read_table(path, "point")
    plain = {re.sub(r"[\W_]", "", str(key)).lower(): str(key) for key in table.columns}
    crs = None if scene.crs is None else scene.crs.to_wkt()
    for pairs, crs_of_pairs in ((_DEGREES, "EPSG:4326"), (_MAP, crs)):
        for names in pairs:
            if all(name in plain for name in names):
                x, y = (_coordinates(table, plain[name], path) for name in names)
                points = geopandas.points_from_xy(x, y)
                points[np.isnan(x) | np.isnan(y)] = None
                attributes = table.drop(columns=[plain[name] for name in names])
                return geopandas.GeoDataFrame(attributes, geometry=points, crs=crs_of_pairs)
    if "wkt" in plain:
        texts = [_plain_wkt(text) for text in table[plain["wkt"]]]
        shapes = _shapes(texts, path)
        attributes = table.drop(columns=plain["wkt"])
        return geopandas.GeoDataFrame(attributes, geometry=shapes, crs=crs)
    raise LabelError(
        f"{path.name}: no columns of coordinates among {', '.join(map(str, table.columns))}: call "
        "them x and y (in the CRS of the scene), or lon and lat (degrees)"
    )


def _shapes(texts: list[str | None], path: Path) -> np.ndarray:
    try:
        shapes: np.ndarray = shapely.from_wkt(texts, on_invalid="ignore")
    except NotImplementedError as error:  # curves
        raise LabelError(
            f"{path.name}: a shape of the column WKT is no point and no polygon ({error}): save it "
            "as polygons"
        ) from error
    return shapes


def _plain_wkt(text: object) -> str | None:
    """Text that may be a shape: GEOS goes as deep as its brackets do, and dies of very many."""
    if not isinstance(text, str):
        return None
    depth = deepest = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        deepest = max(deepest, depth)
    return text if deepest <= _DEEPEST_WKT else None


def read_table(path: Path, row_name: str) -> pd.DataFrame:
    """The cells: numbers in columns that hold numbers only, text elsewhere, None if empty.

    The separator is the one that the first row shows most often.

    Args:
        path: the file, in UTF-8, in UTF-16 with its mark, or else in Windows-1252.
        row_name: what a row stands for, in messages.

    Raises:
        LabelError: if it is no table, there is no row of names, or a row has more cells than
            there are names.
    """
    text = _text(path.read_bytes())
    stated = _STATED_SEPARATOR.match(text)
    if stated is not None:  # a line for Excel alone
        text = text[stated.end() :]
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
    columns = {name: pd.Series([row[i] for row in cells]) for i, name in enumerate(names)}
    return pd.DataFrame({name: _as_numbers(column) for name, column in columns.items()})


def _text(content: bytes) -> str:
    try:
        is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


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


def _coordinates(table: pd.DataFrame, key: str, path: Path) -> np.ndarray:
    """(rows,) float64, NaN for an empty cell."""
    texts = [str(cell).replace(",", ".") if pd.notna(cell) else "nan" for cell in table[key]]
    try:
        return np.array([float(text) for text in texts])
    except ValueError as error:
        raise LabelError(f"{path.name}: column {key!r} must hold numbers ({error})") from error
