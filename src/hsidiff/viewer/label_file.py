"""Labels as a GeoPackage that GIS programs open: a layer of features and a table of classes."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import shapely
from affine import Affine
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from hsidiff.errors import LabelError, one_line
from hsidiff.files import write_errors_of, write_whole
from hsidiff.labels.geopackage import check_written
from hsidiff.labels.hex_colors import rgb
from hsidiff.labels.label_map import LandClass
from hsidiff.scenes.scene import Scene
from hsidiff.viewer.shapes import Feature

FEATURES, CLASSES = "labels", "classes"


def write_label_file(
    path: Path, scene: Scene, features: Sequence[Feature], classes: Sequence[LandClass]
) -> None:
    """Write labels, whole or not at all.

    Features are in map coordinates, with the scene's CRS; in pixel coordinates (col, row) where
    the scene has no transform.
    """
    legend = {land_class.id: land_class for land_class in classes}
    of_features = [legend[feature.class_id] for feature in features]
    colors = np.array([rgb(c.color) for c in of_features], dtype=int).reshape(-1, 3)
    table = geopandas.GeoDataFrame(
        {
            "class_id": np.array([c.id for c in of_features], dtype=int),
            "class": np.array([c.name for c in of_features], dtype=object),
            **dict(zip(("red", "green", "blue"), colors.T, strict=True)),
        },
        geometry=[_moved(feature.shape, scene.transform) for feature in features],
        crs=None if scene.crs is None else scene.crs.to_wkt(),
    )
    names = pd.DataFrame([vars(c) for c in classes], columns=["id", "name", "color"])
    failures = write_errors_of(path, RuntimeError)  # of pyogrio
    with write_whole(path) as temporary, failures, warnings.catch_warnings():
        # A scene without map coordinates has labels without, and that is nothing to warn of.
        warnings.simplefilter("ignore", UserWarning)
        pyogrio.write_dataframe(table, temporary, layer=FEATURES, geometry_type="Unknown")
        pyogrio.write_dataframe(names, temporary, layer=CLASSES, append=True)
        check_written(temporary, FEATURES, len(table))


def read_label_file(path: Path, scene: Scene) -> tuple[list[Feature], list[LandClass]]:
    """Read what :func:`write_label_file` wrote.

    Raises:
        LabelError: if it is another file, or a broken one.
    """
    back = None if scene.transform is None else ~scene.transform
    try:
        names = pyogrio.read_dataframe(path, layer=CLASSES, read_geometry=False)
        table = geopandas.read_file(path, layer=FEATURES)
        classes = [LandClass(int(row.id), str(row.name_), str(row.color)) for row in _rows(names)]
        features = [
            Feature(number, int(class_id), _settled(_moved(shape, back)))
            for number, (class_id, shape) in enumerate(
                zip(table["class_id"], table.geometry, strict=True), start=1
            )
        ]
    except Exception as error:  # GDAL, SQLite and pandas each have their own
        reason = one_line(str(error))
        raise LabelError(
            f"{path} holds no labels of hsidiff view, or was changed ({reason}): give another --out"
        ) from error
    unknown = {feature.class_id for feature in features} - {c.id for c in classes}
    if unknown:
        raise LabelError(f"{path}: class {min(unknown)} is not in its table of classes: add it")
    return features, classes


def _rows(names: pd.DataFrame) -> list:
    """The rows of the table of classes; a named tuple cannot hold a field ``name``."""
    return list(names.rename(columns={"name": "name_"}).itertuples(index=False))


def _moved(shape: BaseGeometry, transform: Affine | None) -> BaseGeometry:
    """A geometry in other coordinates."""
    if transform is None:
        return shape
    t = transform
    return affine_transform(shape, [t.a, t.b, t.d, t.e, t.c, t.f])


def _settled(shape: BaseGeometry) -> BaseGeometry:
    """Coordinates that came back from map coordinates, without what rounding added."""
    return shapely.transform(shape, lambda corners: np.round(corners, 6))
