"""Geometry of labels in pixel coordinates (col, row); (0, 0) is the corner of the first pixel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Any

import numpy as np
import rasterio.features
import shapely
from affine import Affine
from shapely.geometry.base import BaseGeometry

from hsidiff.errors import LabelError

MAX_VERTICES, MAX_RADIUS_PX, MAX_STROKE_PIXELS = 5_000, 200.0, 4_000_000


@dataclass(frozen=True)
class Feature:
    """A labelled point or area.

    Attributes:
        id: unique while the labels are open.
        class_id: its class.
        shape: a point in the middle of a pixel, or a polygon, perhaps of several parts.
    """

    id: int
    class_id: int
    shape: BaseGeometry


def point(coordinates: Any, shape: tuple[int, int]) -> BaseGeometry:
    """The middle of the pixel that holds a position.

    Raises:
        LabelError: if it lies outside of a scene of ``shape`` (rows, cols).
    """
    ((col, row),) = _positions([coordinates])
    if not (0 <= col < shape[1] and 0 <= row < shape[0]):
        raise LabelError(f"point ({col:.1f}, {row:.1f}) lies outside the scene: click inside it")
    return shapely.Point(floor(col) + 0.5, floor(row) + 0.5)


def polygon(ring: Any, shape: tuple[int, int]) -> BaseGeometry:
    """The part of a polygon, given by its corners, that lies in the scene.

    Raises:
        LabelError: if it has no area there, or covers no middle of a pixel.
    """
    corners = _positions(ring)
    if len(corners) < 3:
        raise LabelError(f"a polygon of {len(corners)} corners: draw three or more")
    area = shapely.make_valid(shapely.Polygon(corners))
    area = _areas_of(shapely.intersection(area, shapely.box(0, 0, shape[1], shape[0])))
    if area.is_empty:
        raise LabelError("the polygon covers the middle of no pixel: draw a larger one")
    return area


def stroke(path: Any, radius_px: float, shape: tuple[int, int]) -> BaseGeometry:
    """The pixels that a round brush covers on its way, whole pixels as an area.

    Args:
        path: positions (col, row) of its middle.
        radius_px: its radius; the pixels under the middle are always covered.
        shape: rows and columns of the scene.

    Raises:
        LabelError: if it is larger than allowed, or lies outside the scene.
    """
    positions = _positions(path)
    if not 0 <= radius_px <= MAX_RADIUS_PX:
        raise LabelError(f"radius={radius_px}: must be from 0 to {MAX_RADIUS_PX:.0f} pixels")
    line = shapely.LineString(positions if len(positions) > 1 else positions * 2)
    # A brush narrower than a pixel takes the pixels that its middle crosses.
    is_narrow = radius_px < 1
    under = line.buffer(0.02 if is_narrow else radius_px)
    left, top = (floor(bound) for bound in under.bounds[:2])
    right, bottom = (floor(bound) + 1 for bound in under.bounds[2:])
    left, top = max(left, 0), max(top, 0)
    size = (min(bottom, shape[0]) - top, min(right, shape[1]) - left)
    if min(size) <= 0:
        raise LabelError("the brush was outside the scene: paint inside it")
    if size[0] * size[1] > MAX_STROKE_PIXELS:
        raise LabelError("the stroke is too long: paint shorter ones")
    corner = Affine.translation(left, top)
    covered = rasterio.features.rasterize(
        [under], out_shape=size, transform=corner, all_touched=is_narrow
    )
    return area_of(covered > 0, corner)


def area_of(mask: np.ndarray, transform: Affine | None = None) -> BaseGeometry:
    """The area of the pixels of a mask (rows, cols) bool; ``transform`` moves its corner."""
    found = rasterio.features.shapes(
        mask.astype(np.uint8), mask, transform=transform or Affine.identity()
    )
    # They share no side, so there is nothing to dissolve.
    parts = shapely.MultiPolygon([shapely.geometry.shape(part) for part, _ in found])
    return parts if parts.is_valid else shapely.make_valid(parts)


def covered_pixels(area: BaseGeometry) -> np.ndarray:
    """Which pixels around an area, (rows, cols) bool, have their middle in it."""
    left, top, right, bottom = area.bounds
    corner = Affine.translation(floor(left), floor(top))
    size = (floor(bottom) - floor(top) + 1, floor(right) - floor(left) + 1)
    return rasterio.features.rasterize([area], out_shape=size, transform=corner) > 0


def without_area(features: Iterable[Feature], area: BaseGeometry) -> list[Feature]:
    """Features less what lies in an area; those of which nothing is left go."""
    kept = []
    for feature in features:
        if not feature.shape.intersects(area):
            kept.append(feature)
        elif feature.shape.geom_type != "Point":
            left = _areas_of(feature.shape.difference(area))
            if not left.is_empty:
                kept.append(replace(feature, shape=left))
    return kept


def pixel_of(spot: BaseGeometry) -> BaseGeometry:
    """The square of the pixel that a point lies in."""
    col, row = floor(spot.x), floor(spot.y)
    return shapely.box(col, row, col + 1, row + 1)


def burned(features: Sequence[Feature], shape: tuple[int, int]) -> np.ndarray:
    """The position, from 1, of the feature of each pixel, (rows, cols) int32; 0 = none.

    An area takes the pixels whose middle it covers, a point its own; later features come on top.
    """
    if not features:
        return np.zeros(shape, dtype=np.int32)
    numbered = [(feature.shape, number) for number, feature in enumerate(features, start=1)]
    return rasterio.features.rasterize(numbered, out_shape=shape, dtype=np.int32)


def _areas_of(geometry: BaseGeometry) -> BaseGeometry:
    """The polygons of a geometry that label a pixel; slivers, lines and points of a cut go."""
    parts = shapely.get_parts(geometry)
    parts = np.concatenate([shapely.get_parts(part) for part in parts]) if len(parts) else parts
    areas = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.union_all([area for area in areas if covered_pixels(area).any()])


def _positions(given: Any) -> list[tuple[float, float]]:
    """Checked positions (col, row).

    Raises:
        LabelError: if they are no pairs of finite numbers, or too many.
    """
    try:
        positions = [(float(col), float(row)) for col, row in given]
    except (TypeError, ValueError) as error:
        raise LabelError("positions: expected pairs of numbers, column and row") from error
    if not 0 < len(positions) <= MAX_VERTICES:
        raise LabelError(f"{len(positions)} positions: expected 1 to {MAX_VERTICES}")
    if not np.isfinite(positions).all() or np.abs(positions).max() > 1e7:
        raise LabelError("positions: expected columns and rows of the scene")
    return positions
