"""Whether labels lie on the grid of a scene: shape, coordinate reference system, transform."""

import math
import re
import shlex
import warnings
from pathlib import Path

import numpy as np
import pyproj
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from hsidiff.errors import LabelError
from hsidiff.scenes.formats.gdal import parsed_crs
from hsidiff.scenes.pixel_places import transformed
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
        resampled = None if transform is None else _command_to_warp(name, scene, crs)
        raise LabelError(
            f"{name}: labels are {tuple(shape)} (rows, cols), {scene.name} is {scene.shape}: "
            f"{resampled or _advice_on_shape(tuple(shape), scene)}"
        )
    crs, crs_of_scene = known_crs(crs), known_crs(scene.crs)
    if crs and crs_of_scene and not same_crs(crs, crs_of_scene):
        raise LabelError(
            f"{name}: labels are in {crs_name(crs)}, {scene.name} is in {crs_name(crs_of_scene)}: "
            f"{_advice_to_warp(name, scene, crs)}"
        )
    if transform is None or scene.transform is None:
        return
    if _shift_px(transform, scene.transform, scene.shape) > TOLERANCE_PX:
        raise LabelError(
            f"{name}: labels have the transform {tuple(transform)[:6]}, {scene.name} has "
            f"{tuple(scene.transform)[:6]}: {_advice_to_warp(name, scene, crs)}"
        )


def same_place(
    shape: tuple[int, int],
    one: tuple[CRS | None, Affine | None],
    other: tuple[CRS | None, Affine | None],
) -> bool:
    """Whether two grids of one shape lie on each other: CRS and transform, where both have them."""
    crs, other_crs = known_crs(one[0]), known_crs(other[0])
    if crs and other_crs and not same_crs(crs, other_crs):
        return False
    if one[1] is None or other[1] is None:
        return True
    return _shift_px(one[1], other[1], shape) <= TOLERANCE_PX


def describe_grid(shape: tuple[int, int], crs: CRS | None, transform: Affine | None) -> str:
    """Size, CRS and corner of a grid in words."""
    words = f"{shape[0]} x {shape[1]} pixels"
    if crs:
        words += f" in {crs_name(crs)}"
    if transform is not None:
        words += f", from {transform.c:.10g}, {transform.f:.10g} in steps of {transform.a:.6g}"
    return words


def _advice_to_warp(name: str, scene: Scene, crs: CRS | None) -> str:
    return _command_to_warp(name, scene, crs) or "warp the labels to the grid of the scene"


def _command_to_warp(name: str, scene: Scene, crs: CRS | None) -> str | None:
    """The command that brings labels to the grid of a scene; None if none does.

    By the corners of the scene, since GDAL reads not every scene; ``near`` mixes no class ids.
    """
    transform, crs_of_scene = scene.transform, known_crs(scene.crs)
    if transform is None or (crs_of_scene and not known_crs(crs)):
        return None
    if Path(name).suffix.lower() in ("", ".hdr"):  # it names no raster for GDAL
        return None
    if transform.b or transform.d or transform.a < 0 or transform.e > 0:
        return None
    rows, cols = scene.shape
    ends = transform @ (0, rows), transform @ (cols, 0)
    place = " ".join(f"{number:.10g}" for end in ends for number in end)
    target = ""
    if crs and crs_of_scene and not same_crs(crs, crs_of_scene):
        code = crs_of_scene.to_epsg()
        if code is None:
            return None
        target = f"-t_srs EPSG:{code} "
    return (
        f"warp the labels to its grid: gdalwarp -r near {target}-te {place} -ts {cols} {rows} "
        f"{shlex.quote(name)} on_grid.tif"
    )


def _advice_on_shape(shape: tuple[int, ...], scene: Scene) -> str:
    if shape == scene.shape[::-1]:
        return "transpose the labels, if they are of this scene"
    if len(shape) == 3 and shape[:2] == scene.shape:
        return "of several layers, such as one per class, make one of class ids: argmax(2) + 1"
    if math.prod(shape) == math.prod(scene.shape) and sum(side > 1 for side in shape) == 1:
        return (
            f"a list of pixels has to be made a raster: reshape{scene.shape}, with order='F' if "
            "its pixels go down the columns, as those of MATLAB do"
        )
    rows, cols, bands = scene.source.shape
    for axis, sides in (("first", (cols, bands)), ("middle", (rows, bands))):
        if shape == sides:
            return (
                f"the scene seems to have its bands {axis}: give band_axis={axis!r} "
                f"(--band-axis {axis})"
            )
    return "give labels of the same grid"


def known_crs(crs: CRS | None) -> CRS | None:
    """A system that has a place on the earth; None for one of a drawing, which GDAL calls local."""
    if not crs:
        return None
    parsed = _parsed(crs)
    is_local = parsed is not None and parsed.type_name == "Engineering CRS"
    return None if is_local else crs


def same_crs(one: CRS, other: CRS) -> bool:
    """Whether two systems give a pixel the same place: heights and other names do not count."""
    if one == other:
        return True
    first, second = _without_heights(one), _without_heights(other)
    if first is None or second is None:
        return False
    if first.equals(second, ignore_axis_order=True):
        return True
    with warnings.catch_warnings():
        # What this form leaves out, such as names, is what should not count.
        warnings.simplefilter("ignore", UserWarning)
        try:
            terms, other_terms = first.to_dict(), second.to_dict()
        except pyproj.exceptions.CRSError:  # one of them has no such form
            return False
    return "proj" in terms and terms == other_terms and _datum(first) == _datum(second)


def horizontal(crs: CRS) -> CRS:
    """A system without its heights; itself, if it has none."""
    flat = _parsed(crs)
    if flat is None or not (flat.is_compound or len(flat.axis_info) > 2):
        return crs
    without = _without_heights(crs)
    return crs if without is None else parsed_crs(without.to_wkt())


def _without_heights(crs: CRS) -> pyproj.CRS | None:
    """The horizontal part, without a way to another datum; None if pyproj does not know it."""
    flat = _parsed(crs)
    while flat is not None and (flat.is_bound or flat.is_compound):
        flat = flat.source_crs if flat.is_bound else flat.sub_crs_list[0]
    return None if flat is None else flat.to_2d()


def _datum(crs: pyproj.CRS) -> str:
    """The name of the datum without what dialects of WKT add: ``D_WGS_1984`` is ``wgs1984``."""
    geodetic = crs.geodetic_crs
    name = "" if geodetic is None or geodetic.datum is None else geodetic.datum.name
    plain = re.sub(r"[\W_]|ensemble", "", name.lower().removeprefix("d_"))
    return plain.replace("worldgeodeticsystem", "wgs")


def _parsed(crs: CRS) -> pyproj.CRS | None:
    try:
        return pyproj.CRS.from_wkt(crs.to_wkt())
    except (pyproj.exceptions.CRSError, CRSError):
        return None


def crs_name(crs: CRS) -> str:
    """A short name: ``EPSG:32633``, ``EPSG:32633+5773`` or, without codes, the name in the WKT."""
    parsed = _parsed(crs)
    if parsed is not None and parsed.is_compound:
        codes = [part.to_epsg() for part in parsed.sub_crs_list]
        if all(codes):
            return "EPSG:" + "+".join(map(str, codes))
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else crs.to_wkt().split('"')[1]


def to_pixels(transform: Affine, xy: np.ndarray) -> np.ndarray:
    """Map coordinates (n, 2) x, y as (n, 2) col, row; whole numbers are upper left corners.

    A point that a projection moved to infinity gives numbers that are not finite.
    """
    return _apply(~transform, xy)


def _apply(transform: Affine, points: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.column_stack(transformed(transform, *points.T))


def _shift_px(transform: Affine, reference: Affine, shape: tuple[int, int]) -> float:
    """How far, in pixels of ``reference``, the corners of a grid lie apart under two transforms."""
    n_rows, n_cols = shape
    corners = np.array([(0, 0), (n_cols, 0), (0, n_rows), (n_cols, n_rows)])
    return float(np.abs(to_pixels(reference, _apply(transform, corners)) - corners).max())
