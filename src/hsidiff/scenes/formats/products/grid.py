"""Where the pixels of an HDF5 or NetCDF cube lie: CRS, transform, or none (a swath)."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from affine import Affine
from rasterio.crs import CRS

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.products.crs import crs_of, grid_mapping
from hsidiff.scenes.formats.products.hdf5 import (
    COLS,
    ROWS,
    attribute,
    datasets,
    has_values,
    last_name,
    numbers,
    scale_of_axis,
    whole,
)

ROW_NAMES = frozenset({
    "y", "lat", "latitude", "northing", "northings", "ypos", "y_coordinate",
    "projection_y_coordinate", "row", "rows", "line", "lines", "downtrack", "number_of_lines",
    "nrow", "nrows", "ydim", "along_track", "height",
})  # fmt: skip
COL_NAMES = frozenset({
    "x", "lon", "longitude", "easting", "eastings", "xpos", "x_coordinate",
    "projection_x_coordinate", "col", "cols", "column", "columns", "sample", "samples",
    "crosstrack", "pixels_per_line", "ncol", "ncols", "xdim", "across_track", "width",
})  # fmt: skip
_SWATH_NAMES = frozenset(
    ["downtrack", "crosstrack", "number_of_lines", "pixels_per_line", "along_track", "across_track"]
)
_LATITUDES, _LONGITUDES = {"lat", "latitude"}, {"lon", "longitude"}
_SWATH_ADVICE = (
    "this is a swath, whose pixels lie on no grid: get the orthorectified product, or project it "
    "to a grid first (gdalwarp -geoloc, pyresample)"
)


def refuse_swath(path: Path | str, why: str) -> SceneError:
    """The error for pixels without a grid."""
    return SceneError(f"{path}: {why}: {_SWATH_ADVICE}")


def georeference(
    path: Path, file: h5py.File, cube: h5py.Dataset, axes: tuple[str, ...]
) -> tuple[CRS | None, Affine | None]:
    """CRS and transform of a cube, None for what the file does not say.

    Coordinates along the axes place the pixels. A ``GeoTransform`` is taken where it agrees with
    them, since it is more exact, or where there are none.

    Raises:
        SceneError: if the pixels are a swath, or are not evenly spaced.
    """
    mapping = grid_mapping(file, cube)
    crs = crs_of(path, mapping)
    ys, xs = (_coordinates(path, file, cube, axes.index(axis), axis) for axis in (ROWS, COLS))
    said = _geotransform(mapping, file)
    if ys is not None and xs is not None:
        transform = _transform_of(ys.values, xs.values)
        if said is not None and _agree(said, transform, (len(ys.values), len(xs.values))):
            transform = said
        if crs is None and ys.in_degrees and xs.in_degrees:
            crs = CRS.from_epsg(4326)
        return crs, transform
    if said is None:
        _check_no_swath(path, file, cube, axes)
    return crs, said


class _Coordinates:
    """Evenly spaced coordinates (n,) of pixel centres along an axis."""

    def __init__(self, values: np.ndarray, dataset: h5py.Dataset) -> None:
        self.values = values
        unit = str(attribute(dataset, "units") or "").lower()
        degrees = last_name(dataset) in _LATITUDES | _LONGITUDES
        self.in_degrees = unit.startswith("degree") and (degrees or "_" in unit)


def _coordinates(
    path: Path, file: h5py.File, cube: h5py.Dataset, axis: int, kind: str
) -> _Coordinates | None:
    """The coordinates along an axis, or None if the file has none.

    Raises:
        SceneError: if they are not evenly spaced.
    """
    dataset = _coordinate_dataset(file, cube, axis, kind)
    if dataset is None:
        return None
    values = whole(dataset).astype(np.float64)
    steps = np.diff(values)
    # Two axes of one pixel have no step; zeros, or a count of rows, are no places.
    is_count = (
        np.array_equal(values, np.arange(values.size)) and attribute(dataset, "units") is None
    )
    if values.size < 2 or not np.isfinite(values).all() or (steps == 0).all() or is_count:
        return None
    if not are_evenly_spaced(values):
        raise SceneError(
            f"{path}: coordinates {dataset.name.lstrip('/')} are not evenly spaced: project it to "
            "a grid first"
        )
    return _Coordinates(values, dataset)


def are_evenly_spaced(places: np.ndarray) -> bool:
    """Whether coordinates (n,), at least two, fit a grid within half a pixel."""
    even = np.linspace(places[0], places[-1], places.size)
    return bool((np.abs(places - even) < 0.5 * abs(even[1] - even[0])).all())


def _coordinate_dataset(
    file: h5py.File, cube: h5py.Dataset, axis: int, kind: str
) -> h5py.Dataset | None:
    scale = scale_of_axis(cube, axis)
    if scale is not None:
        return scale if has_values(scale) and scale.shape == (cube.shape[axis],) else None
    names = ROW_NAMES if kind == ROWS else COL_NAMES
    fitting = [
        d for d in datasets(file) if d.shape == (cube.shape[axis],) and last_name(d) in names
    ]
    beside = [d for d in fitting if d.parent == cube.parent]
    return next(iter(beside or fitting), None)


def _transform_of(ys: np.ndarray, xs: np.ndarray) -> Affine:
    """The transform of pixels whose centres lie at ``ys`` and ``xs``, in any direction."""
    height, width = (ys[-1] - ys[0]) / (ys.size - 1), (xs[-1] - xs[0]) / (xs.size - 1)
    return Affine(width, 0.0, xs[0] - width / 2, 0.0, height, ys[0] - height / 2)


def _agree(a: Affine, b: Affine, shape: tuple[int, int]) -> bool:
    """Whether two transforms put every corner of a scene within a tenth of a pixel."""
    rows, cols = shape
    corners = [(0, 0), (cols, 0), (0, rows), (cols, rows)]
    gaps = [np.subtract(a @ corner, b @ corner) for corner in corners]
    return bool((np.abs(gaps) < 0.1 * np.abs([b.a, b.e])).all())


def transform_of_numbers(six: np.ndarray | None) -> Affine | None:
    """A transform of six numbers in the order of GDAL, or None if they are none."""
    if six is None or six.size != 6 or not np.isfinite(six).all():
        return None
    transform = Affine.from_gdal(*six.tolist())
    return None if transform.determinant == 0 else transform


def _geotransform(mapping: h5py.Dataset | None, file: h5py.File) -> Affine | None:
    for item in (mapping, file):
        given = None if item is None else attribute(item, "GeoTransform", "geotransform")
        transform = transform_of_numbers(numbers(given))
        if transform is not None:
            return transform
    return None


def _check_no_swath(path: Path, file: h5py.File, cube: h5py.Dataset, axes: Sequence[str]) -> None:
    """Refuse a cube whose pixels have places of their own.

    Raises:
        SceneError: if its dimensions are those of a swath, or a longitude goes with each pixel.
    """
    sides = [axes.index(axis) for axis in (ROWS, COLS)]
    scales = [scale_of_axis(cube, side) for side in sides]
    dims = [last_name(scale) for scale in scales if scale is not None]
    if _SWATH_NAMES & set(dims):
        raise refuse_swath(path, f"{cube.name.lstrip('/')} has the dimensions {' x '.join(dims)}")
    shape = tuple(cube.shape[side] for side in sides)
    for dataset in datasets(file):
        if last_name(dataset) in _LONGITUDES and dataset.shape in {shape, shape[::-1]}:
            raise refuse_swath(path, f"{dataset.name.lstrip('/')} has a longitude for each pixel")
