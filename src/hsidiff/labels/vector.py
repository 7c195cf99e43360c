"""Vector labels: points and polygons become labelled pixels of a scene.

A polygon labels the pixels whose centre it covers, a point the pixel that holds it. A pixel that
several classes claim is left unlabelled. Where neither scene nor labels have a CRS or transform, x
counts columns and y rows, from the upper left corner.
"""

import logging
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import shapely
from affine import Affine
from shapely import GeometryType

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.attribute_fields import read_classes
from hsidiff.labels.burn import Parts, burn, n_too_small
from hsidiff.labels.grid import known_crs, to_pixels
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.legend import ZERO_MEANS
from hsidiff.labels.projection import project, why_all_outside
from hsidiff.labels.vector_file import VECTOR_SUFFIXES, read_features
from hsidiff.scenes.scene import Scene

__all__ = ["VECTOR_SUFFIXES", "from_features", "read_vector_file"]

logger = logging.getLogger(__name__)


_FARTHEST_PX, _FRAME_PX = 1e6, 1000.0
"""Shapes that reach farther than the first are cut to the second around the scene."""


def read_vector_file(
    path: Path,
    scene: Scene,
    field: str | None,
    layer: str | None = None,
    zero: str = ZERO_MEANS[0],
) -> LabelMap:
    """Read labels from a layer with geometries of a vector file.

    Args:
        path: ``.gpkg``, ``.shp``, ``.geojson``, ``.json``, a ``.zip`` that holds one of them, or a
            ``.csv`` of points.
        scene: the scene they label.
        field: name of the field that holds the classes; None finds it.
        layer: name of the layer, where there are several.
        zero: what the class id 0 means, one of ``ZERO_MEANS``.

    Raises:
        LabelError: if the file cannot be read, has no layer with geometries or several, or as
            :func:`from_features`.
    """
    return from_features(read_features(path, scene, layer), scene, field, path.name, zero)


def from_features(
    features: geopandas.GeoDataFrame,
    scene: Scene,
    field: str | None,
    name: str,
    zero: str = ZERO_MEANS[0],
) -> LabelMap:
    """Make a label map from points and polygons.

    Multi-parts and collections are taken part by part; each part has its own sample id, counted
    from 1 in the order of the features that have a class.

    Args:
        features: geometries with attributes, in any CRS; reprojected vertex by vertex.
        scene: the scene they label.
        field: name of the field that holds the classes, see :func:`fields.read_classes`.
        name: what to call the labels in messages.
        zero: what the class id 0 means, one of ``ZERO_MEANS``.

    Raises:
        LabelError: if there is no feature, a CRS is missing on one side, there are lines, no field
            fits, or no label lies inside the scene.

    Warns:
        HsidiffWarning: once, with counts, if labels were dropped or geometries repaired.
    """
    # 1. The class of each feature, from its attributes.
    geometry = checked_geometry(features, name)
    table = features.drop(columns=features.active_geometry_name)
    multi_part = bool((shapely.get_num_geometries(geometry.to_numpy()) > 1).any())
    classes = read_classes(table, field, name, multi_part=multi_part, zero=zero)
    # 2. Its geometry, in single parts on the grid of the scene.
    projected = project(geometry, scene, name)
    transform = _transform_of(scene, name)
    parts = single_parts(projected, classes.ids, transform, scene.shape, name)
    if len(parts.shapes) == 0:
        raise LabelError(
            f"{name}: no feature has both a geometry and a class: {_told(parts.dropped)}; a ring "
            "that is open is no geometry: repair it (QGIS: Fix geometries)"
        )
    if not parts.inside.any():
        placed = replace(scene, transform=transform)
        raise LabelError(why_all_outside(geometry, projected, placed, name))
    # 3. Pixels.
    sample_ids, n_contested = burn(parts, scene.shape)
    values = np.concatenate([[0], parts.class_ids])[sample_ids].astype(np.int32)
    labels = LabelMap.from_array(
        values,
        classes.names,
        classes.colors,
        sample_ids=sample_ids,
        unit="fields",
        crs=scene.crs,
        transform=scene.transform,
    )
    # 4. What was left out.
    counts = {
        **parts.dropped,
        "polygons cover no pixel centre": n_too_small(parts, sample_ids, scene.shape),
        "pixels are claimed by several classes and left unlabelled": n_contested,
    }
    reported = _told(counts)
    if labels.n_labelled == 0:
        raise LabelError(f"{name}: no pixel is labelled: {reported}")
    if reported:
        warnings.warn(f"{name}: {reported}", HsidiffWarning, stacklevel=2)
    logger.info("%s: %d labels, %d labelled pixels", name, parts.inside.sum(), labels.n_labelled)
    return labels


def _told(counts: Mapping[str, int]) -> str:
    """Numbers that are not 0, each with what it counts."""
    return "; ".join(f"{count(n)} {what}" for what, n in counts.items() if n)


def checked_geometry(features: geopandas.GeoDataFrame, name: str) -> geopandas.GeoSeries:
    """The geometries of a table.

    Raises:
        LabelError: if it has no column of geometries, or no row.
    """
    if features.active_geometry_name is None:
        raise LabelError(f"{name}: the table has no geometry: set one with set_geometry")
    if len(features) == 0:
        raise LabelError(f"{name}: there is no feature: draw some points or polygons")
    return features.geometry


def checked_transform(scene: Scene, name: str) -> Affine:
    """The transform of a scene, from (col, row) to (x, y).

    Raises:
        LabelError: if it has none.
    """
    if scene.transform is None:
        raise LabelError(
            f"{name}: {scene.name} has no transform, so vector labels have no place in it: "
            "give labels as a raster of the scene's grid, or georeference the scene"
        )
    return scene.transform


def _transform_of(scene: Scene, name: str) -> Affine:
    """That of a scene; pixels (col, row) where neither it nor its labels have a place on earth."""
    if scene.transform is None and known_crs(scene.crs) is None:
        return Affine.identity()  # labels with a CRS were refused when they were projected
    return checked_transform(scene, name)


def single_parts(
    geometry: geopandas.GeoSeries,
    class_ids: np.ndarray,
    transform: Affine,
    shape: tuple[int, int],
    name: str,
) -> Parts:
    """Take geometries apart, onto a grid of ``shape``; repair invalid polygons.

    Args:
        geometry: points and polygons, in the CRS of the scene.
        class_ids: (n,) one per geometry, 0 = no label.
        transform: that of the scene.
        shape: (rows, cols) of the scene.
        name: what messages call the labels.

    Raises:
        LabelError: if some are lines.
    """
    geometries = shapely.force_2d(geometry.to_numpy())
    absent = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    kept = np.flatnonzero(~absent & (class_ids != 0))
    shapes, features = geometries[kept], kept
    while (shapely.get_type_id(shapes) >= GeometryType.MULTIPOINT).any():
        shapes, positions = shapely.get_parts(shapes, return_index=True)
        features = features[positions]
    areal = shapely.get_type_id(shapes) == GeometryType.POLYGON
    others = ~areal & (shapely.get_type_id(shapes) != GeometryType.POINT)
    if others.any():
        raise LabelError(
            f"{name}: {others.sum()} labels are lines: expected points or polygons: "
            "buffer the lines"
        )
    # A ring of which a vertex has no place does not close after a transform.
    placed = _have_a_place(shapes)
    shapes[placed] = shapely.transform(shapes[placed], lambda xy: to_pixels(transform, xy))
    inside = placed.copy()
    inside[placed] = _meets(shapes[placed], shape)
    broken = inside & areal
    broken[broken] = ~shapely.is_valid(shapes[broken])
    # "structure" keeps areas only; the default method may leave lines behind.
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    shapes = _cut_to_size(shapes, inside, shape)
    dropped = {
        "features have no class": int((class_ids == 0).sum()),
        "features have no geometry": int((absent & (class_ids != 0)).sum()),
        f"of {count(len(shapes))} labels lie outside the scene": int((~inside).sum()),
        "invalid polygons were repaired": int(broken.sum()),
    }
    return Parts(shapes, class_ids[features], inside, dropped)


def _have_a_place(shapes: np.ndarray) -> np.ndarray:
    """(parts,) bool, whether every vertex of a part has a place in the scene's CRS."""
    vertices, parts = shapely.get_coordinates(shapes, return_index=True)
    placed = ~shapely.is_empty(shapes)
    placed[parts[~np.isfinite(vertices).all(axis=1)]] = False
    return placed


def _cut_to_size(shapes: np.ndarray, inside: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Shapes that reach so far that GDAL would lose them, cut to a frame around the scene."""
    n_rows, n_cols = shape
    huge = inside & (np.abs(np.nan_to_num(shapely.bounds(shapes))).max(axis=1) > _FARTHEST_PX)
    frame = shapely.box(-_FRAME_PX, -_FRAME_PX, n_cols + _FRAME_PX, n_rows + _FRAME_PX)
    shapes[huge] = shapely.intersection(shapes[huge], frame)
    return shapes


def _meets(shapes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(parts,) bool, whether the bounding box of each part meets a grid of ``shape``."""
    n_rows, n_cols = shape
    left, top, right, bottom = shapely.bounds(shapes).T
    # The edges between pixels belong to the pixel on their right and below.
    return (right >= 0) & (left < n_cols) & (bottom >= 0) & (top < n_rows)
