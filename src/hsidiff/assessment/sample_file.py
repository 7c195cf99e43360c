"""A sample as a file that people fill in: points of a GeoPackage, or a table of text.

Each point carries the sample's design (its stratum, the stratum's pixels and hectares, the pixels
of all strata), so the file can be used again, with other maps of the place.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
from affine import Affine
from rasterio.crs import CRS

from hsidiff.assessment.draw import Drawn
from hsidiff.assessment.sample_style import sample_style
from hsidiff.errors import SettingError
from hsidiff.files import write_errors_of, write_whole
from hsidiff.labels.columns import MAP_CLASS, REFERENCE
from hsidiff.labels.geopackage import check_written
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.spreadsheet import without_formulas
from hsidiff.scenes.pixel_places import pixel_centres

SAMPLE_SUFFIXES = (".gpkg", ".csv")
STRATUM, STRATUM_PIXELS = "stratum", "stratum_pixels"
STRATUM_HECTARES, ALL_PIXELS = "stratum_hectares", "population_pixels"

# As QGIS makes it when it saves a style in a GeoPackage.
_STYLES_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""


def sample_table(
    drawn: Drawn,
    strata: pd.DataFrame,
    transform: Affine | None,
    map_classes: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The table of a sample, to be filled in.

    Args:
        drawn: the pixels.
        strata: one row per stratum: ``stratum`` (its number), ``pixels``, ``hectares`` (NaN where
            not known).
        transform: of the map, from (col, row) to map coordinates; None: x counts columns and y
            rows, from the upper left corner.
        map_classes: (samples,) class names of the map, if the one who labels is to see them.

    Returns:
        One row per pixel: ``id`` from 1, ``x`` and ``y`` of its centre, ``stratum``,
        ``stratum_pixels``, ``stratum_hectares``, ``population_pixels``, an empty ``reference``,
        and perhaps ``map_class``.
    """
    x, y = pixel_centres(transform, drawn.rows, drawn.cols)
    of_points = strata.iloc[drawn.strata].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "id": np.arange(1, len(x) + 1),
            "x": x,
            "y": y,
            STRATUM: of_points["stratum"],
            STRATUM_PIXELS: of_points["pixels"],
            STRATUM_HECTARES: of_points["hectares"],
            ALL_PIXELS: int(strata["pixels"].sum()),
            REFERENCE: pd.Series([None] * len(x), dtype="string"),
        }
    )
    if map_classes is not None:
        table[MAP_CLASS] = list(map_classes)
    return table


def write_sample(
    table: pd.DataFrame,
    path: Path,
    crs: CRS | None,
    transform: Affine | None,
    classes: Sequence[LandClass],
) -> None:
    """Write a sample, whole or not at all; an older file of the name is not touched.

    A GeoPackage holds a style that QGIS takes by itself: a square of the size of a pixel that
    changes its colour once it is labelled, and a form in which ``reference`` is chosen from a list.

    Args:
        table: as :func:`sample_table` gives it.
        path: ``.gpkg``, or ``.csv`` with coordinates in the CRS of the map.
        crs: CRS of the map, or None.
        transform: transform of the map, or None.
        classes: the classes to choose from.

    Raises:
        SettingError: if the file exists, or its name ends otherwise.
    """
    check_sample_path(path)
    with write_whole(path) as temporary, write_errors_of(path, RuntimeError, sqlite3.Error):
        if path.suffix.lower() == ".csv":
            without_formulas(table).to_csv(temporary, index=False, float_format="%.12g")
            return
        points = geopandas.GeoDataFrame(
            table, geometry=geopandas.points_from_xy(table["x"], table["y"]), crs=crs
        )
        points.to_file(temporary, layer=path.stem, driver="GPKG")
        check_written(temporary, path.stem, len(points))
        side = 1.0 if transform is None else abs(transform.determinant) ** 0.5
        _add_style(temporary, path.stem, sample_style([c.name for c in classes], side))


def check_sample_path(path: Path) -> None:
    """Refuse a file that exists, or that is neither a GeoPackage nor a table.

    Raises:
        SettingError: if it is so.
    """
    if path.suffix.lower() not in SAMPLE_SUFFIXES:
        raise SettingError(f"{path}: choose a name that ends in {' or '.join(SAMPLE_SUFFIXES)}")
    if path.exists():
        raise SettingError(
            f"{path} exists, and may hold labels: give another name, or move it away"
        )


def _add_style(path: Path, layer: str, style: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_STYLES_TABLE)
        connection.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
            "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner) "
            "VALUES ('', '', ?, 'geom', ?, ?, '', 1, 'labelled or not', '')",
            (layer, layer, style),
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', 0)"
        )
