"""Whether labels lie on the grid of a scene: shape, coordinate reference system, transform."""

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from hsidiff.errors import LabelError
from hsidiff.scenes.scene import Scene

TOLERANCE_PX = 0.01
"""Headers round coordinates; a hundredth of a pixel moves no label to another pixel."""


def check_grid(
    name: str,
    scene: Scene,
    shape: tuple[int, ...],
    crs: CRS | None = None,
    transform: Affine | None = None,
) -> None:
    """Refuse labels of another grid than the scene's.

    Args:
        name: what to call the labels in messages.
        scene: the scene.
        shape: rows and columns of the labels.
        crs: their coordinate reference system; compared where the scene has one, too.
        transform: their affine transform, from (col, row); compared where the scene has one, too.

    Raises:
        LabelError: if shape, CRS or transform differ; the message states both.
    """
    if tuple(shape) != scene.shape:
        raise LabelError(
            f"{name}: labels are {tuple(shape)} (rows, cols), {scene.name} is {scene.shape}: "
            "give labels of the same grid"
        )
    if crs and scene.crs and crs != scene.crs:
        raise LabelError(
            f"{name}: labels are in {crs_name(crs)}, {scene.name} is in {crs_name(scene.crs)}: "
            "warp the labels to the grid of the scene"
        )
    if transform is None or scene.transform is None:
        return
    if _shift_px(transform, scene.transform, scene.shape) > TOLERANCE_PX:
        raise LabelError(
            f"{name}: labels have the transform {tuple(transform)[:6]}, {scene.name} has "
            f"{tuple(scene.transform)[:6]}: warp the labels to the grid of the scene"
        )


def crs_name(crs: CRS) -> str:
    """A short name: ``EPSG:32633`` or, without a code, the name inside the WKT."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else crs.to_wkt().split('"')[1]


def to_pixels(transform: Affine, xy: np.ndarray) -> np.ndarray:
    """Map coordinates (n, 2) x, y as (n, 2) col, row; whole numbers are upper left corners.

    A point that a projection moved to infinity gives numbers that are not finite.
    """
    return _apply(~transform, xy)


def _apply(transform: Affine, points: np.ndarray) -> np.ndarray:
    x, y = points[:, 0], points[:, 1]
    t = transform
    with np.errstate(invalid="ignore"):
        return np.column_stack([t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f])


def _shift_px(transform: Affine, reference: Affine, shape: tuple[int, int]) -> float:
    """How far, in pixels of ``reference``, the corners of a grid lie apart under two transforms."""
    n_rows, n_cols = shape
    corners = np.array([(0, 0), (n_cols, 0), (0, n_rows), (n_cols, n_rows)])
    return float(np.abs(to_pixels(reference, _apply(transform, corners)) - corners).max())
