"""Geometries in the CRS of a scene, and why none of them lies inside."""

import geopandas
import numpy as np
import shapely
from affine import Affine
from rasterio.transform import array_bounds

from hsidiff.errors import LabelError, one_line
from hsidiff.labels.grid import crs_name, horizontal, known_crs, same_crs, to_pixels
from hsidiff.scenes.formats.gdal import parsed_crs
from hsidiff.scenes.scene import Scene

_POLE_DEG, _WHOLE_TURN_DEG = 90, 360
"""No latitude, and no longitude, lies beyond."""


def project(
    geometry: geopandas.GeoSeries, scene: Scene, name: str, what: str = "labels"
) -> geopandas.GeoSeries:
    """Geometries in the CRS of the scene; vertices that have no place in it become infinite.

    ``what`` they are is for messages.

    Raises:
        LabelError: if one side has a CRS and the other none, or they cannot be converted.
    """
    crs = None if geometry.crs is None else known_crs(parsed_crs(geometry.crs))
    crs_of_scene = known_crs(scene.crs)
    if crs_of_scene is None and crs is None:
        return geometry
    if crs_of_scene is None:
        raise LabelError(
            f"{name}: {what} are in {crs_name(crs)}, {scene.name} has no CRS: georeference the "
            "scene, or give a raster of its grid"
        )
    if crs is None:
        raise LabelError(
            f"{name}: {what} have no CRS (a missing .prj?), {scene.name} is in "
            f"{crs_name(crs_of_scene)}: define the CRS of the {what}"
        )
    if same_crs(crs, crs_of_scene):
        return geometry
    # Heights move no pixel, and a conversion of heights may need grids that are not at hand.
    flat = geopandas.GeoSeries(shapely.force_2d(geometry.to_numpy()), crs=horizontal(crs).to_wkt())
    try:
        return flat.to_crs(horizontal(crs_of_scene).to_wkt())
    except Exception as error:  # pyproj's errors have no common parent of their own
        message = one_line(str(error))
        raise LabelError(
            f"{name}: {what} cannot be reprojected from {crs_name(crs)} to "
            f"{crs_name(crs_of_scene)}: {message}"
        ) from error


def why_all_outside(
    geometry: geopandas.GeoSeries,
    projected: geopandas.GeoSeries,
    scene: Scene,
    name: str,
    what: str = "labels",
) -> str:
    """The message for labels of which none lies inside the scene, with all extents."""
    crs = "map coordinates" if scene.crs is None else crs_name(scene.crs)
    if scene.transform == Affine.identity():
        crs = "pixels (column, row)"
    read = ""
    if projected is not geometry:
        own = parsed_crs(geometry.crs)
        read = f"read in {crs_name(own)}, {what} lie {_place(geometry)}; "
    return (
        f"{name}: all {what} lie outside {scene.name}: {read}in {crs}, {what} lie "
        f"{_place(projected)}, the scene at "
        f"{_extent(*array_bounds(*scene.shape, scene.transform))}: "
        f"{_advice_on_place(geometry, scene, name)}"
    )


def _advice_on_place(geometry: geopandas.GeoSeries, scene: Scene, name: str) -> str:
    if _lie_inside_exchanged(geometry, scene, name):
        return "x and y are exchanged: exchange them"
    are_degrees = geometry.crs is not None and geometry.crs.is_geographic
    if are_degrees and not _could_be_degrees(geometry):
        return (
            "these are no degrees: save the labels with the CRS that they are in, as .gpkg "
            "(GeoJSON without a CRS is read as EPSG:4326)"
        )
    if scene.crs is not None and not are_degrees and _could_be_degrees(geometry):
        return (
            "these look like degrees: define their CRS as EPSG:4326 (in a table, call the columns "
            "lon and lat)"
        )
    return "check their CRS"


def _lie_inside_exchanged(geometry: geopandas.GeoSeries, scene: Scene, name: str) -> bool:
    """Whether labels would lie inside if the first coordinate were y and the second x."""
    placed = geometry[np.isfinite(geometry.bounds.to_numpy()).all(axis=1)]
    # Not centroids, which GEOS does not find where a vertex between the bounds has no place.
    left, bottom, right, top = shapely.bounds(placed.to_numpy()).T
    points = shapely.points((left + right) / 2, (bottom + top) / 2)
    exchanged = shapely.points(np.column_stack([shapely.get_y(points), shapely.get_x(points)]))
    projected = project(geopandas.GeoSeries(exchanged, crs=geometry.crs), scene, name)
    assert scene.transform is not None  # else labels have no place, and nobody asks
    pixels = to_pixels(scene.transform, shapely.get_coordinates(projected))
    n_rows, n_cols = scene.shape
    inside = (pixels >= 0).all(axis=1) & (pixels[:, 0] < n_cols) & (pixels[:, 1] < n_rows)
    return bool(inside.any())


def _could_be_degrees(geometry: geopandas.GeoSeries) -> bool:
    """Whether all coordinates are longitudes and latitudes, as far as their size says."""
    xy = np.abs(shapely.get_coordinates(geometry.to_numpy()))
    xy = xy[np.isfinite(xy).all(axis=1)]
    return bool(len(xy) and (xy[:, 0] <= _WHOLE_TURN_DEG).all() and (xy[:, 1] <= _POLE_DEG).all())


def _place(geometry: geopandas.GeoSeries) -> str:
    """Where the geometries lie that have a place: ``at x 1 to 2, y 3 to 4``, or ``nowhere``."""
    bounds = geometry.bounds.to_numpy()
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return "nowhere"
    return f"at {_extent(*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))}"


def _extent(left: float, bottom: float, right: float, top: float) -> str:
    return f"x {left:.10g} to {right:.10g}, y {bottom:.10g} to {top:.10g}"
