"""Odd objects in memory, and label files of every kind of geometry."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import shapely
import xarray

from fuzzing.chance import TEXTS, WHOLE_NUMBERS, any_value
from fuzzing.seeds_of_scenes import CRS, N_BANDS, SHAPE, TRANSFORM, WAVELENGTHS_NM, cube

_DIMENSIONS = (
    "band",
    "y",
    "x",
    "row",
    "col",
    "lat",
    "lon",
    "time",
    "wavelength",
    "line",
    "sample",
    "",
)
_KINDS = ("f4", "f8", "i2", "u1", "?", "c8", "O", "U5", "M8[s]", "f2", "i8", "V4")


def odd_array(seed: str) -> xarray.DataArray:
    """A DataArray of a scene, with something about it that is odd."""
    rng = random.Random(seed)
    values: Any = np.moveaxis(cube(), -1, 0)
    if rng.random() < 0.2:
        values = values[tuple(slice(rng.choice((0, 1, 2, None))) for _ in range(3))]
    dims = ["band", "y", "x"]
    if rng.random() < 0.3:
        dims = rng.choices(_DIMENSIONS, k=3)
    coordinates: dict[str, Any] = {}
    names = ("wavelength", "good", "band", "y", "x", "spatial_ref", "bbl", *dims)
    for name in rng.sample(names, rng.randrange(len(names))):
        dim = rng.choice((*dims, None))
        n = values.shape[dims.index(dim)] if dim in dims else 1
        numbers = rng.choice((np.arange(n), np.linspace(400, 2500, n), np.full(n, np.nan),
                              np.full(n, "a"), np.full(n, None), np.arange(n) * 1e300))  # fmt: skip
        coordinates[name] = numbers[0] if dim is None else (dim, numbers)
    try:
        array = xarray.DataArray(values, coordinates, dims, name=rng.choice((None, *TEXTS[:5])))
        if rng.random() < 0.3:
            array = array.astype(rng.choice(_KINDS))
        if rng.random() < 0.5:
            array = array.rio.write_crs(rng.choice((CRS, "EPSG:4326")))
            array = array.rio.write_transform(TRANSFORM)
    except Exception:  # xarray itself refuses it
        array = xarray.DataArray(values, {"wavelength": ("band", WAVELENGTHS_NM[: len(values)])},
                                 ("band", "y", "x"))  # fmt: skip
    for name in (
        "_FillValue",
        "scale_factor",
        "add_offset",
        "long_name",
        "nodata",
        "scales",
        "units",
    ):
        if rng.random() < 0.25:
            array.attrs[name] = rng.choice((any_value(rng), (1.0,) * N_BANDS, np.array([1, 2])))
    return array


def _place(rng: random.Random) -> tuple[float, ...]:
    odd = (np.nan, np.inf, 1e300, 0.0, -1e9)
    col, row = rng.uniform(-5, SHAPE[1] + 5), rng.uniform(-5, SHAPE[0] + 5)
    x, y = TRANSFORM @ (col, row)
    if rng.random() < 0.05:
        x = rng.choice(odd)
    return (x, y, rng.uniform(0, 9)) if rng.random() < 0.2 else (x, y)


def _places(rng: random.Random, least: int, dimensions: int = 2) -> list[tuple[float, ...]]:
    return [_place(rng)[:dimensions] for _ in range(rng.randrange(least, least + 6))]


def any_shape(rng: random.Random, depth: int = 0) -> Any:
    """A geometry of any kind, or none, empty, invalid or without a place."""
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: shapely.from_wkt(rng.choice(("POINT EMPTY", "POLYGON EMPTY", "MULTIPOLYGON EMPTY",
                                             "GEOMETRYCOLLECTION EMPTY", "LINESTRING EMPTY"))),
        lambda: shapely.Point(_place(rng)),
        lambda: shapely.MultiPoint(_places(rng, 1)),
        lambda: shapely.LineString(_places(rng, 2)),
        lambda: shapely.MultiLineString([_places(rng, 2), _places(rng, 2)]),
        lambda: shapely.LinearRing(_places(rng, 3)),
        lambda: shapely.Polygon(_places(rng, 3)),
        lambda: shapely.Polygon(_places(rng, 3), [_places(rng, 3)]),
        lambda: shapely.Point(_place(rng)[:2]).buffer(rng.choice((0, 1, 50, 1e6))),
        lambda: shapely.MultiPolygon([shapely.Polygon(_places(rng, 3)) for _ in range(2)]),
        lambda: shapely.GeometryCollection(
            [any_shape(rng, depth + 1) or shapely.Point(0, 0) for _ in range(rng.randrange(3))]
        ) if depth < 4 else None,
    )  # fmt: skip
    try:
        return rng.choice(kinds)()
    except Exception:  # shapely itself refuses it
        return shapely.Point(_place(rng)[:2])


def _good_shape(rng: random.Random) -> Any:
    x, y = TRANSFORM @ (rng.uniform(0, SHAPE[1]), rng.uniform(0, SHAPE[0]))
    point = shapely.Point(x, y)
    return rng.choice((point, point.buffer(60), shapely.box(x, y, x + 90, y + 60)))


_ODD_KINDS = (
    "CIRCULARSTRING (0 0, 1 1, 2 0)", "CURVEPOLYGON (CIRCULARSTRING (0 0, 9 9, 9 0, 9 -9, 0 0))",
    "COMPOUNDCURVE ((0 0, 1 1))", "MULTISURFACE (((0 0, 9 0, 9 9, 0 0)))",
    "TIN (((0 0 0, 0 9 0, 9 9 0, 0 0 0)))", "POLYHEDRALSURFACE (((0 0 0, 0 9 0, 9 9 0, 0 0 0)))",
    "TRIANGLE ((0 0, 9 0, 9 9, 0 0))", "POINT M (1 2 3)", "POINT ZM (1 2 3 4)",
    "POLYGON ((0 0, 1 1))",
    "POLYGON ((0 0, 1 0, 1 1, 0 1))", "POINT (nan nan)", "POINT (1e999 0)", "POINT", "POINT (1",
    "GEOMETRYCOLLECTION (" * 3000, "MULTICURVE ((0 0, 1 1))",
)  # fmt: skip


def odd_table(rng: random.Random) -> geopandas.GeoDataFrame:
    """A table of any shapes and any columns."""
    n = rng.choice((0, 1, 2, 8, 20, 20))
    oddness = rng.choice((0.0, 0.1, 0.5, 1.0))
    shapes = [any_shape(rng) if rng.random() < oddness else _good_shape(rng) for _ in range(n)]
    columns: dict[str, list[Any]] = {}
    if rng.random() < 0.7:
        columns["class"] = [rng.choice(("tree", "wäter", "soil")) for _ in range(n)]
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: rng.choice(("tree", "Tree", " tree ", "wäter", "soil", None)),
        lambda: rng.randrange(1, 4),
        lambda: rng.choice((1, 2, None, 0)),
        lambda: rng.choice((1.0, 2.0, np.nan, 2.5, np.inf)),
        lambda: rng.choice(WHOLE_NUMBERS[:20]),
        lambda: rng.choice((True, False)),
        lambda: np.datetime64("2020-01-01") + rng.randrange(9),
        lambda: rng.choice(TEXTS),
        lambda: rng.choice(("1", "2", "3.0", "٣", "²")),
        lambda: rng.choice((b"a", b"\xff")),
        lambda: rng.choice(([1], [2, 3])),
    )
    names = ("label", "class", "id", "name", "RED", "GREEN", "BLUE", "value", "fid", "", "class_id")
    for name in rng.sample(names, rng.choice((0, 0, 1, 1, 2, 4))):
        kind = rng.choice(kinds)
        columns[name] = [kind() for _ in range(n)]
    table = geopandas.GeoDataFrame(columns, geometry=shapes)
    crs = rng.choice((CRS, CRS, CRS, CRS, "EPSG:4326", None, "EPSG:5773", "EPSG:4978", "EPSG:3035"))
    return table if crs is None else table.set_crs(crs, allow_override=True)


def write_shapes(folder: Path, seed: str) -> str:
    """A file of labels with any kinds of geometry, in a format that can hold them."""
    rng = random.Random(seed)
    table = odd_table(rng)
    if rng.random() < 0.25:
        kinds = [rng.choice(_ODD_KINDS) for _ in range(5)]
        lines = ["WKT;class", *(f'"{wkt}";{place % 2}' for place, wkt in enumerate(kinds))]
        (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
        return "labels.csv"
    suffix, driver = rng.choice(
        (
            (".gpkg", "GPKG"),
            (".geojson", "GeoJSON"),
            (".shp", "ESRI Shapefile"),
            (".fgb", "FlatGeobuf"),
        )
    )
    try:
        pyogrio.write_dataframe(table, folder / f"labels{suffix}", driver=driver)
    except Exception:  # the format does not hold them: as text, then
        for path in folder.iterdir():
            path.unlink()
        words = table[table.columns[0]] if len(table.columns) > 1 else [1] * len(table)
        rows = [f'"{shape}";{place % 3}' for place, shape in enumerate(table.geometry)]
        text = "\n".join(["WKT;class", *rows, f'"POINT (380015 5809985)";{list(words)[:1]}'])
        (folder / "labels.csv").write_text(text, encoding="utf-8", errors="replace")
        return "labels.csv"
    return f"labels{suffix}"


def table_of(seed: str) -> geopandas.GeoDataFrame:
    """A table in memory."""
    return odd_table(random.Random(seed))
