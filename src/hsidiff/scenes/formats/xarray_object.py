"""xarray objects: scenes from a DataArray with axes in any order, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import rioxarray  # noqa: F401  (registers the accessor .rio)
import xarray
from affine import Affine
from rasterio.crs import CRS
from rioxarray.exceptions import MissingSpatialDimensionError

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.band_metadata import is_spectral_unit, wavelengths_in_nm
from hsidiff.scenes.formats.band_names import UNKNOWN, Wavelengths, wavelengths_of_names
from hsidiff.scenes.formats.pixels import check_pixels
from hsidiff.scenes.formats.products.grid import are_evenly_spaced
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

_SPATIAL_NAMES = (("row", "col"), ("rows", "cols"), ("lat", "lon"), ("line", "sample"))
_WAVELENGTH_NAMES = ("wavelength", "wavelengths", "wavelength_nm", "wl")
_SWATH_DIMENSIONS = {"downtrack", "crosstrack", "number_of_lines", "pixels_per_line"}
_LONGITUDES = ("lon", "longitude", "Longitude")
_GOOD_BAND_NAMES = ("good", "good_bands", "good_wavelengths", "bbl")


@dataclass(frozen=True)
class XarraySource:
    """Pixels of a DataArray whose dimensions are (rows, cols, bands), loaded part by part."""

    array: xarray.DataArray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands."""
        rows, cols, bands = self.array.shape
        return rows, cols, bands

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.array.dtype

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        return self.array[window.slices][:, :, bands].to_numpy()


def open_xarray(array: xarray.DataArray) -> Scene:
    """Make a scene of a DataArray with the dimensions band, y and x in any order.

    Its coordinates along the bands may be ``wavelength`` (nm or um, by its attribute ``units`` or
    its size) and ``good``; CRS, transform and nodata are those of rioxarray. An array that is not
    in memory, say one of dask, is loaded window by window.

    Raises:
        SceneError: if it does not have these dimensions, its pixels are not evenly spaced or are a
            swath, or its numbers are not real.
    """
    name = str(array.name or "array")
    _refuse_swath(array, name)
    y, x, band = _dimensions(array, name)
    cube = array.transpose(y, x, band)
    check_pixels(name, cube.shape, cube.dtype)
    _check_even_spacing(array, (y, x), name)
    wavelength = _along_bands(array, _WAVELENGTH_NAMES, band)
    if wavelength is None:
        wavelength = _of_light(array, band)
    good = _along_bands(array, _GOOD_BAND_NAMES, band)
    if wavelength is None:
        found = _wavelengths_of_band_names(array, band, name)
    else:
        unit = wavelength.attrs.get("units")
        numbers = _numbers(wavelength.values, name, "wavelength")
        unit_name = None if unit is None else str(unit)
        found = Wavelengths(wavelengths_in_nm(numbers, unit_name, name))
    transform, nodata, crs = _place_and_nodata(array, x, y, name)
    return Scene(
        name=name,
        source=XarraySource(cube),
        good_bands=np.ones(cube.shape[2], bool) if good is None else _flags(good, name),
        file_wavelengths_nm=found.nm,
        nodata=nodata,
        scale=_scaling(array, "scale_factor", "scales", 1.0, cube.shape[2]),
        offset=_scaling(array, "add_offset", "offsets", 0.0, cube.shape[2]),
        crs=crs,
        transform=None if transform == Affine.identity() else transform,
        notes=found.notes,
    )


def to_xarray(scene: Scene) -> xarray.DataArray:
    """Read a scene into a DataArray.

    Returns:
        (band, y, x) float32, the usable bands, scaled, NaN where a pixel is invalid. Coordinates:
        ``band`` (number in the file, from 1), ``wavelength`` in nm if known, ``good``, and x and y
        of the pixel centres if there is a transform without rotation; CRS and transform as
        rioxarray keeps them.
    """
    coordinates: dict[str, Any] = {
        "band": scene.band_indices + 1,
        "good": ("band", np.ones(scene.n_bands, dtype=bool)),
    }
    if scene.wavelengths_nm is not None:
        coordinates["wavelength"] = ("band", scene.wavelengths_nm, {"units": "nm"})
    t = scene.transform
    if t is not None and t.b == t.d == 0:
        coordinates["y"] = t.f + t.e * (np.arange(scene.shape[0]) + 0.5)
        coordinates["x"] = t.c + t.a * (np.arange(scene.shape[1]) + 0.5)
    values = np.moveaxis(scene.read(), -1, 0)
    array = xarray.DataArray(values, coordinates, ("band", "y", "x"), scene.name)
    if scene.crs is not None:
        array = array.rio.write_crs(scene.crs)
    return array if t is None else array.rio.write_transform(t)


def _refuse_swath(array: xarray.DataArray, name: str) -> None:
    """Raise if each pixel has a place of its own, so that there is no grid.

    A curvilinear longitude beside coordinates along the axes, as of a projected map, is no swath.
    """
    dims = [str(dim) for dim in array.dims]
    why = ""
    if _SWATH_DIMENSIONS & set(dims):
        why = f"dimensions ({', '.join(dims)})"
    for longitude in _LONGITUDES:
        if longitude in array.coords and array.coords[longitude].ndim == 2:
            sides = array.coords[longitude].dims
            if not all(dim in array.coords for dim in sides):
                why = f"the coordinate {longitude!r} for each pixel"
    if why:
        raise SceneError(
            f"{name} has {why}: it is a swath, whose pixels lie on no grid: open the file itself "
            "(open_scene puts EMIT on its map), or project it to a grid first"
        )


def _dimensions(array: xarray.DataArray, name: str) -> tuple[str, str, str]:
    """Names of the dimensions of rows, columns and bands."""
    dims = [str(dim) for dim in array.dims]
    try:
        y, x = array.rio.y_dim, array.rio.x_dim
    except MissingSpatialDimensionError:
        known = [pair for pair in _SPATIAL_NAMES if set(pair) <= set(dims)]
        y, x = known[0] if known else ("", "")
    others = [dim for dim in dims if dim not in {x, y}]
    if len(set(dims)) != 3 or len(dims) != 3 or len(others) != 1:
        raise SceneError(
            f"{name} has dimensions ({', '.join(dims)}): expected band, y and x in any order"
        )
    return y, x, others[0]


def _place_and_nodata(
    array: xarray.DataArray, x: str, y: str, name: str
) -> tuple[Affine, float | None, CRS | None]:
    """Transform, nodata and CRS, as rioxarray finds them in coordinates and attributes.

    Raises:
        SceneError: if it cannot.
    """
    try:
        spatial = array.rio.set_spatial_dims(x_dim=x, y_dim=y).rio
        nodata = spatial.nodata
        return spatial.transform(), None if nodata is None else float(nodata), spatial.crs
    except Exception as error:  # attributes of other types make rioxarray raise nearly anything
        raise SceneError(
            f"{name}: its coordinates, nodata or CRS are not understood ({error}): correct its "
            "attributes"
        ) from error


def _numbers(value: Any, name: str, what: str) -> np.ndarray:
    """(n,) float64 of what should be numbers.

    Raises:
        SceneError: if it is something else.
    """
    try:
        return np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise SceneError(f"{name}: {what} must hold numbers, not {_shown(value)}") from error


def _shown(value: Any) -> str:
    """A value as a message shows it; of one that is nested without end, its type."""
    try:
        return repr(value)
    except RecursionError:
        return f"a {type(value).__name__}"


def _flags(good: xarray.DataArray, name: str) -> np.ndarray:
    if good.dtype == bool:
        return good.to_numpy()
    return _numbers(good.to_numpy(), name, str(good.name)) != 0


def _along_bands(
    array: xarray.DataArray, names: tuple[str, ...], band: str
) -> xarray.DataArray | None:
    for name in names:
        if name in array.coords and array.coords[name].dims == (band,):
            return array.coords[name]
    return None


def _of_light(array: xarray.DataArray, band: str) -> xarray.DataArray | None:
    """A coordinate along the bands, whatever it is called, whose unit is that of light."""
    for coordinate in array.coords.values():
        unit = str(coordinate.attrs.get("units", ""))
        if coordinate.dims == (band,) and coordinate.dtype.kind in "iuf" and is_spectral_unit(unit):
            return coordinate
    return None


def _wavelengths_of_band_names(array: xarray.DataArray, band: str, name: str) -> Wavelengths:
    """Wavelengths in the names of bands: labels along them, or the descriptions of rioxarray."""
    labels = [c.to_numpy().tolist() for c in array.coords.values() if c.dims == (band,)]
    texts = [texts for texts in labels if all(isinstance(text, str) for text in texts)]
    for names in (*texts, array.attrs.get("long_name")):
        if isinstance(names, list | tuple) and len(names) == array.sizes[band]:
            found = wavelengths_of_names([str(text) for text in names], name)
            if found.nm is not None:
                return found
    return UNKNOWN


def _scaling(
    array: xarray.DataArray, single: str, by_band: str, default: float, n_bands: int
) -> float | np.ndarray:
    """A factor or summand for all bands, or one per band, as rioxarray keeps them.

    Raises:
        SceneError: if there are several, but not one per band, or they are no numbers.
    """
    several = array.attrs.get(by_band)
    if several is None:
        values = _numbers(
            array.attrs.get(single, default), str(array.name), f"attribute {single!r}"
        )
        if values.size == 1:
            return float(values[0])
        by_band = single
    else:
        values = _numbers(several, str(array.name), f"attribute {by_band!r}")
    if values.size != n_bands:
        raise SceneError(
            f"{array.name or 'array'}: the attribute {by_band!r} has {values.size} entries for "
            f"{n_bands} bands: cut it likewise, or scale the array"
        )
    return values


def _check_even_spacing(array: xarray.DataArray, spatial: tuple[str, str], name: str) -> None:
    """Raise unless coordinates in space, where there are any, fit a grid within half a pixel."""
    for dim in spatial:
        if dim not in array.coords or array.sizes[dim] < 3:
            continue
        places = _numbers(array.coords[dim].to_numpy(), name, f"coordinates {dim!r}")
        if places.size == array.sizes[dim] and not are_evenly_spaced(places):
            raise SceneError(
                f"{name}: coordinates {dim} are not evenly spaced: project it to a grid first"
            )
