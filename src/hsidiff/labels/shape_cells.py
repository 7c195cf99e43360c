"""Shapes in the cells of a table: WKT, what PostGIS writes, and GeoJSON of Earth Engine."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyproj
import shapely

from hsidiff.errors import LabelError

_DEEPEST = 32
_SRID = re.compile(r"\s*SRID\s*=\s*(\d{1,6})\s*;", re.IGNORECASE)
_WKB = re.compile(r"(?:[0-9A-Fa-f]{2}){5,}")
_WKB_COLLECTION = re.compile("0107000000|0000000007")


def shapes_of(cells: pd.Series, name: str) -> tuple[np.ndarray, str | None]:
    """The shapes of a column of text, and the CRS that they state.

    Args:
        cells: WKT, also after ``SRID=32633;``, or WKB in hexadecimal digits (both PostGIS), or
            GeoJSON, which is in degrees.
        name: what to call the table in messages.

    Returns:
        (rows,) shapes, None where a cell holds none; the CRS, or None if they state none.

    Raises:
        LabelError: if no cell is a shape, they are curves, or are in several systems, or in one
            that does not exist.
    """
    texts = [_without_depth(cell) for cell in cells]
    stated = [None if text is None else _SRID.match(text) for text in texts]
    bare = [
        text[match.end() :] if text and match else text
        for text, match in zip(texts, stated, strict=True)
    ]
    try:
        shapes, srids = _parsed(bare)
    except NotImplementedError as error:  # curves
        raise LabelError(
            f"{name}: a shape of the column WKT is no point and no polygon ({error}): save it "
            "as polygons"
        ) from error
    if len(cells) and shapely.is_missing(shapes).all():
        shown = repr(str(next((cell for cell in cells if not pd.isna(cell)), ""))[:40])
        raise LabelError(
            f"{name}: column {cells.name!r} holds no shapes, the first is {shown}: expected WKT, "
            "such as POINT (500005 5799995)"
        )
    return shapes, _only_system({*srids, *(int(match[1]) for match in stated if match)}, name)


def _parsed(texts: list[str | None]) -> tuple[np.ndarray, set[int]]:
    """(rows,) shapes, and the numbers of EPSG that they themselves state."""
    held = [text for text in texts if text]
    if held and all(text.startswith("{") for text in held):
        return shapely.from_geojson(texts, on_invalid="ignore"), {4326}
    if held and all(_WKB.fullmatch(text) for text in held):
        shapes = shapely.from_wkb(texts, on_invalid="ignore")
        return shapes, set(shapely.get_srid(shapes[~shapely.is_missing(shapes)]).tolist()) - {0}
    return shapely.from_wkt(texts, on_invalid="ignore"), set()


def _only_system(srids: Iterable[int], name: str) -> str | None:
    """The CRS of some numbers of EPSG, all the same one; None without a number.

    Raises:
        LabelError: if they differ, or there is no such system.
    """
    systems = [f"EPSG:{srid}" for srid in sorted(srids)]
    if len(systems) > 1:
        raise LabelError(
            f"{name}: its shapes are in several systems ({', '.join(systems)}): bring them to one"
        )
    for system in systems:
        try:
            pyproj.CRS.from_user_input(system)
        except pyproj.exceptions.CRSError as error:
            raise LabelError(
                f"{name}: its shapes state {system}, which is no system: correct the SRID"
            ) from error
    return systems[0] if systems else None


def _without_depth(text: object) -> str | None:
    """Text that may be a shape: GEOS goes as deep as shapes are nested, and dies of very many."""
    if not isinstance(text, str):
        return None
    depth = deepest = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    is_deep = max(deepest, len(_WKB_COLLECTION.findall(text))) > _DEEPEST
    return None if is_deep else text.strip()
