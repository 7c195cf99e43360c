"""How much ground a pixel covers.

A projected CRS gives it by its transform. In degrees a pixel shrinks towards the poles, and some
projections stretch areas (web maps at 52 degrees by 2.6): there it is measured on the ellipsoid,
row by row.
"""

import numpy as np
import pyproj
from affine import Affine
from rasterio.crs import CRS

from hsidiff.scenes.pixel_places import transformed

M2_PER_HECTARE = 10_000.0
LARGEST_STRETCH = 0.01
"""A projection that changes areas by less is taken at its word, as other programs do."""


def pixel_hectares(
    shape: tuple[int, int], crs: CRS | None, transform: Affine | None
) -> np.ndarray | None:
    """Hectares of the pixels of each row.

    Args:
        shape: rows and columns.
        crs: coordinate reference system, or None.
        transform: affine transform from (col, row) to map coordinates, or None.

    Returns:
        (rows,) float64, hectares of one pixel of the row; the pixels of a row count as equal. None
        where the place on the earth is not known.
    """
    if not crs or transform is None or not (crs.is_geographic or crs.is_projected):
        return None
    n_rows, n_cols = shape
    if crs.is_projected:
        planar_m2 = abs(transform.determinant) * crs.linear_units_factor[1] ** 2
        middle_m2 = _on_the_ellipsoid(np.array([n_rows / 2]), n_cols / 2, crs, transform)[0]
        is_faithful = abs(planar_m2 / middle_m2 - 1) < LARGEST_STRETCH
        if is_faithful or not np.isfinite(middle_m2):
            return np.full(n_rows, planar_m2 / M2_PER_HECTARE)
    centres = np.arange(n_rows) + 0.5
    return _on_the_ellipsoid(centres, n_cols / 2, crs, transform) / M2_PER_HECTARE


def _on_the_ellipsoid(rows: np.ndarray, col: float, crs: CRS, transform: Affine) -> np.ndarray:
    """Square metres of a pixel around each place: two steps of a pixel and the angle between them.

    Exact to the square of (pixel / radius of the earth). The area of a geodesic polygon would be
    rounded to about 0.1 m2, which is much of a pixel from an aeroplane.
    """
    planar = pyproj.CRS.from_wkt(crs.to_wkt())
    to_degrees = pyproj.Transformer.from_crs(planar, pyproj.CRS.from_epsg(4326), always_xy=True)
    geod = planar.get_geod() or pyproj.Geod(ellps="WGS84")
    along, across = np.array([transform.a, transform.d]), np.array([transform.b, transform.e])
    x, y = transformed(transform, np.full(rows.shape, col), rows)

    def step(move: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Azimuth (radians) and length (m) of a step whose middle is the place."""
        ends = [to_degrees.transform(x + s * move[0], y + s * move[1]) for s in (-0.5, 0.5)]
        azimuth, _, length = geod.inv(*ends[0], *ends[1])
        return np.radians(azimuth), np.asarray(length)

    (azimuth, length), (other_azimuth, other_length) = step(along), step(across)
    area: np.ndarray = length * other_length * np.abs(np.sin(azimuth - other_azimuth))
    return area
