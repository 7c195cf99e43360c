"""Any HDF5 or NetCDF cube with a wavelength axis: which array it is, and what its axes are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.band_metadata import (
    is_spectral_unit,
    wavelengths_in_nm,
    widths_in_nm,
)
from hsidiff.scenes.formats.band_names import Wavelengths
from hsidiff.scenes.formats.pixels import BAND_AXES, check_pixels
from hsidiff.scenes.formats.products.band_labels import have_wavelengths, wavelengths_of_labels
from hsidiff.scenes.formats.products.cube_range import notes_of_scales, with_valid_range
from hsidiff.scenes.formats.products.grid import COL_NAMES, ROW_NAMES, georeference
from hsidiff.scenes.formats.products.hdf5 import (
    BANDS,
    COLS,
    ROWS,
    Hdf5Source,
    attribute,
    check_is_cube,
    datasets,
    fill_numbers,
    label_of_axis,
    last_name,
    listed,
    n_shared_groups,
    named_dataset,
    numbers,
    opened,
    scale_of_axis,
    whole,
)
from hsidiff.scenes.scene import Scene

_WAVELENGTH_NAMES = (
    "wavelength", "wavelengths", "wavelength_nm", "wavelengths_nm", "wavelength_um",
    "wavelengths_um", "wl", "central_wavelength", "central_wavelengths", "center_wavelength",
    "center_wavelengths", "centre_wavelength", "centre_wavelengths", "wavelength_centers",
    "band_centers", "band_centres", "wavelength_3d",
)  # fmt: skip
_WIDTH_NAMES = ("fwhm", "fwhms", "fwhm_nm", "full_width_half_max", "bandwidth", "bandwidths")
_FLAG_NAMES = ("good_wavelengths", "good_bands", "good_band", "good", "bbl")
_UNIT_NAMES = ("units", "unit", "Units", "Unit")
_BAND_DIMENSIONS = frozenset(
    ["band", "bands", "channel", "channels", "wavelength_3d", "spectral", "lambda"]
)


@dataclass(frozen=True)
class PerBand:
    """One number for each band, and the unit that the file states.

    Attributes:
        values: (bands,) float64.
        unit: as the file has it, or None.
    """

    values: np.ndarray
    unit: str | None


def open_cube(
    path: Path,
    variable: str | None,
    option: str,
    band_axis: str | None = None,
    apply_masks: bool = True,
) -> Scene:
    """Open a cube of an HDF5 or NetCDF file by its name, or the only one with wavelengths.

    Args:
        path: the file.
        variable: the cube's name, with or without its groups; None finds it.
        option: how the user can give ``variable``, for the messages.
        band_axis: which axis holds the bands, one of ``BAND_AXES``; None finds it.
        apply_masks: whether numbers beyond its ``valid_range`` are no values.

    Raises:
        SceneError: if there is no such cube, there are several, its axes cannot be told apart, or
            its pixels are a swath.
    """
    with opened(path) as file:
        if variable is None:
            cube = _only_cube(path, file, option)
        else:
            cube = named_dataset(path, file, variable)
        axes = _axes(path, file, cube, band_axis)
        crs, transform = georeference(path, file, cube, axes)
        scene = replace(scene_of(path, file, cube, axes), crs=crs, transform=transform)
        scene = replace(scene, notes=(*scene.notes, *notes_of_scales(cube)))
        return with_valid_range(scene, cube) if apply_masks else scene


def _only_cube(path: Path, file: h5py.File, option: str) -> h5py.Dataset:
    """The only array of three dimensions of which an axis has wavelengths."""
    every = datasets(file)
    solid = [dataset for dataset in every if dataset.ndim == 3]
    found = [dataset for dataset in solid if _band_axes(file, dataset)]
    if len(found) == 1:
        return found[0]
    choose = f"choose one with variable= or {option}"
    if found:
        raise SceneError(f"{path} holds several cubes with wavelengths: {listed(found)}: {choose}")
    if solid:
        raise SceneError(
            f"{path} has no cube whose wavelengths are known; of three dimensions are "
            f"{listed(solid)}: {choose}"
        )
    raise SceneError(
        f"{path} holds no cube of rows, columns and bands; it holds {listed(every)}: give the "
        "file of the reflectance or radiance"
    )


def _axes(
    path: Path, file: h5py.File, cube: h5py.Dataset, band_axis: str | None
) -> tuple[str, ...]:
    """What the axes of a cube are, outermost first; the bands where the user says, if he does.

    Raises:
        SceneError: if it has not three axes, or several could hold the bands.
    """
    check_is_cube(path, cube)
    dims = _dimension_names(cube)
    if band_axis is not None:
        return _with_bands_at(BAND_AXES.index(band_axis), dims)
    by_name = [axis for axis in range(3) if dims[axis] in _BAND_DIMENSIONS]
    spatial = [axis for axis in range(3) if dims[axis] in ROW_NAMES | COL_NAMES]
    by_wavelength = _band_axes(file, cube)
    for found in (by_wavelength, by_name, [a for a in range(3) if a not in spatial]):
        if len(found) == 1:
            return _with_bands_at(found[0], dims)
        without = [axis for axis in found if axis not in spatial]
        if len(without) == 1:
            return _with_bands_at(without[0], dims)
    raise SceneError(
        f"{path}: {cube.name.lstrip('/')} has shape {cube.shape}, and nothing says which axis "
        f"holds the bands: say it with band_axis= (--band-axis {'|'.join(BAND_AXES)})"
    )


def _with_bands_at(axis: int, dims: Sequence[str]) -> tuple[str, ...]:
    """Axes with the bands at one of them; rows come before columns unless their names say not."""
    first, second = (other for other in range(3) if other != axis)
    swapped = dims[first] in COL_NAMES or dims[second] in ROW_NAMES
    kinds = {axis: BANDS, first: COLS if swapped else ROWS, second: ROWS if swapped else COLS}
    return tuple(kinds[number] for number in range(3))


def _dimension_names(cube: h5py.Dataset) -> list[str]:
    """Names of the dimension scales in lower case, empty where an axis has none."""
    scales = [scale_of_axis(cube, axis) for axis in range(cube.ndim)]
    labels = [label_of_axis(cube, axis).lower() for axis in range(cube.ndim)]
    return [
        label if scale is None else last_name(scale)
        for scale, label in zip(scales, labels, strict=True)
    ]


def _band_axes(file: h5py.File, cube: h5py.Dataset) -> list[int]:
    """The axes that may hold the bands: those that a list of wavelengths, or of names, fits."""
    for axis in range(cube.ndim):
        scale = scale_of_axis(cube, axis)
        if scale is not None and scale.shape == (cube.shape[axis],) and _is_wavelength(scale):
            return [axis]
    sizes = {found.values.size for found in _lists_of_cube(cube, _WAVELENGTH_NAMES)}
    sizes = sizes or {d.shape[0] for d in datasets(file) if d.ndim == 1 and _is_wavelength(d)}
    if not sizes:
        return [axis for axis in range(cube.ndim) if have_wavelengths(file, cube, axis)]
    return [axis for axis in range(cube.ndim) if cube.shape[axis] in sizes]


def _is_wavelength(dataset: h5py.Dataset) -> bool:
    """Whether an array of one dimension holds band centres, by its name, meaning or unit."""
    name = last_name(dataset)
    if name in _WAVELENGTH_NAMES or "wavelength" in str(attribute(dataset, "standard_name") or ""):
        return True
    is_length = is_spectral_unit(str(attribute(dataset, *_UNIT_NAMES) or ""))
    return is_length and dataset.size > 1 and not any(word in name for word in ("fwhm", "width"))


def _lists_of_cube(cube: h5py.Dataset, names: Sequence[str]) -> list[PerBand]:
    """Lists of numbers that are attributes of the cube, with the unit of each."""
    found = []
    for name in names:
        values = numbers(attribute(cube, name))
        if values is not None and values.size > 1:
            unit = attribute(cube, f"{name}_units", f"{name}_unit", f"{name}s_units")
            found.append(PerBand(values, _text(unit)))
    return found


def per_band(
    file: h5py.File, cube: h5py.Dataset, names: Sequence[str], n_bands: int
) -> PerBand | None:
    """One number for each band: an attribute of the cube, or the nearest array of that name."""
    for listed_there in _lists_of_cube(cube, names):
        if listed_there.values.size == n_bands:
            return listed_there
    fitting = [d for d in datasets(file) if d.shape == (n_bands,) and last_name(d) in names]
    if not fitting:
        return None
    nearest = max(fitting, key=lambda d: n_shared_groups(d, cube))
    values = whole(nearest).astype(np.float64)
    return PerBand(values, _text(attribute(nearest, *_UNIT_NAMES)))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def scene_of(path: Path, file: h5py.File, cube: h5py.Dataset, axes: tuple[str, ...]) -> Scene:
    """The scene of a cube without its place on earth: wavelengths, widths, good bands, scale.

    Raises:
        SceneError: if its numbers are not real, or a side of it is 0.
    """
    source = Hdf5Source.of(path, cube, axes)
    check_pixels(f"{path}: {cube.name.lstrip('/')}", source.shape, source.dtype)
    n_bands = source.shape[2]
    flags = per_band(file, cube, _FLAG_NAMES, n_bands)
    wavelengths = _wavelengths(path, file, cube, axes.index(BANDS))
    return Scene(
        name=path.stem,
        source=source,
        # A flag that was never set (a fill number) says nothing against a band.
        good_bands=np.ones(n_bands, dtype=bool) if flags is None else flags.values != 0,
        file_wavelengths_nm=wavelengths.nm,
        file_fwhm_nm=_fwhm_nm(file, cube, n_bands),
        scale=_of_bands(path, cube, "scale_factor", 1.0, n_bands),
        offset=_of_bands(path, cube, "add_offset", 0.0, n_bands),
        files=(path,),
        notes=wavelengths.notes,
    ).with_nodata(fill_numbers(cube))


def _of_bands(
    path: Path, cube: h5py.Dataset, name: str, default: float, n_bands: int
) -> float | np.ndarray:
    """A number for all bands, or (bands,), of an attribute.

    Raises:
        SceneError: if there are several, but not one per band.
    """
    given = numbers(attribute(cube, name))
    if given is None:
        return default
    if given.size not in (1, n_bands):
        raise SceneError(
            f"{path}: {cube.name.lstrip('/')} has {given.size} numbers {name!r} for {n_bands} "
            "bands: correct the attribute, or open it with xarray"
        )
    return float(given[0]) if given.size == 1 else given


def _wavelengths(path: Path, file: h5py.File, cube: h5py.Dataset, axis: int) -> Wavelengths:
    """Band centres in nm, (bands,): of a list of numbers, else in the names of the bands."""
    scale = scale_of_axis(cube, axis)
    n_bands = cube.shape[axis]
    if scale is not None and scale.shape == (n_bands,) and _is_wavelength(scale):
        found: PerBand | None = PerBand(
            whole(scale).astype(np.float64), _text(attribute(scale, *_UNIT_NAMES))
        )
    else:
        found = per_band(file, cube, _WAVELENGTH_NAMES, n_bands)
    if found is None:
        by_unit = [d for d in datasets(file) if d.shape == (n_bands,) and _is_wavelength(d)]
        if by_unit:
            found = PerBand(whole(by_unit[0]), _text(attribute(by_unit[0], *_UNIT_NAMES)))
    if found is None:
        return wavelengths_of_labels(file, cube, axis, str(path))
    return Wavelengths(wavelengths_in_nm(found.values, found.unit, str(path)))


def _fwhm_nm(file: h5py.File, cube: h5py.Dataset, n_bands: int) -> np.ndarray | None:
    """(bands,) widths in nm, or None if unknown."""
    found = per_band(file, cube, _WIDTH_NAMES, n_bands)
    return None if found is None else widths_in_nm(found.values, found.unit)
