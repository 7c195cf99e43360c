"""Open a scene: the only place that takes a scene's file name."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray

from hsidiff.errors import (
    HsidiffWarning,
    SceneError,
    check_choice,
)
from hsidiff.scenes.bands import NmRange, in_wavelength_order, with_only_nm, without_nm
from hsidiff.scenes.first_look import warn_of_fill, without_empty_bands
from hsidiff.scenes.formats.pixels import BAND_AXES, check_pixels
from hsidiff.scenes.formats.xarray_object import open_xarray
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.scene_files import How, open_file


def open_scene(  # noqa: PLR0913  (each is a way to read a scene, by keyword only)
    source: str | Path | xarray.DataArray | np.ndarray | Scene,
    *,
    variable: str | None = None,
    drop_bands: Sequence[int] = (),
    nodata: float | Sequence[float] | None = None,
    drop_nm: Sequence[NmRange] = (),
    keep_nm: Sequence[NmRange] = (),
    rescale: float | None = None,
    apply_masks: bool = True,
    band_axis: str | None = None,
) -> Scene:
    """Open a scene, without reading all its pixels where the format allows that.

    Formats: MATLAB (``.mat``, v4 to v7.3), NumPy (``.npy``, ``.npz``), GeoTIFF and COG, ENVI (the
    file of numbers or its ``.hdr``), NetCDF 4 and HDF5 cubes with wavelengths (``.nc``, ``.h5``,
    ``.he5``), xarray objects and NumPy arrays. Products: EMIT, PRISMA L2D, Tanager ortho, AVIRIS-3,
    NEON; EnMAP and DESIS as a folder or an archive. Wavelengths, good bands, nodata, scale, CRS and
    transform come along where the format has them; ``notes`` of the scene say what was applied.
    Bands whose wavelengths are known are read in their order, whatever the order of the file.

    Args:
        source: a path, or the address of a GeoTIFF (``https://...``); a DataArray (band, y, x); an
            array (rows, cols, bands); or a scene.
        variable: name of the cube, for ``.mat``, ``.npz``, HDF5 and NetCDF files that hold several.
        drop_bands: numbers, from 1, of bands of the file that are not to be used.
        nodata: the stored number that means "no value", or several, where the file does not say
            so, or says others.
        drop_nm: ranges of wavelengths, (first, last) in nm, whose bands are not to be used.
        keep_nm: ranges of wavelengths outside which no band is to be used.
        rescale: what all values are multiplied by, after the file's own scale and offset.
        apply_masks: whether the quality masks of a product (clouds, defective numbers) hide pixels.
        band_axis: which axis of a cube in a ``.mat``, ``.npz``, ``.npy``, HDF5 or NetCDF file holds
            the bands: ``"first"``, ``"middle"`` or ``"last"``; None finds it.

    Returns:
        The scene; its pixels are read by :meth:`Scene.read`, window by window.

    Raises:
        MissingFileError: if there is no such file.
        SceneError: if the file is of no known format, is broken, or holds no scene; if a range
            holds none of its bands, or no band is left.
        SettingError: if a range or the factor cannot be one, or the axis is another word.

    Warns:
        HsidiffWarning: if bands hold no value in any pixel, which leaves them out; if many pixels
            hold the same numbers as if there were no value; if ``nodata`` replaces another number
            of the file; if the masks of a product hide pixels, with their number; if pixels have
            places, or a CRS, but lie on no grid.

    Example:
        >>> import hsidiff
        >>> scene = hsidiff.open_scene("scene.tif", drop_bands=[1, 2])
        >>> scene.shape, scene.n_bands
        ((40, 50), 10)
        >>> hsidiff.open_scene("scene.tif", keep_nm=[(400, 1000)]).n_bands
        4
    """
    if band_axis is not None:
        check_choice("band_axis", band_axis, BAND_AXES)
    scene = _scene_of(source, How(variable, apply_masks, band_axis))
    if nodata is not None:
        scene = _with_nodata(scene, nodata)
    if len(drop_bands):
        scene = scene.without_bands(list(drop_bands))
    if len(drop_nm):
        scene = without_nm(scene, drop_nm)
    if len(keep_nm):
        scene = with_only_nm(scene, keep_nm)
    if rescale is not None:
        scene = scene.rescaled(rescale)
    if source is scene:
        return scene
    scene = in_wavelength_order(without_empty_bands(_with_a_place_or_none(scene)))
    warn_of_fill(scene)
    return scene


def _scene_of(source: str | Path | xarray.DataArray | np.ndarray | Scene, how: How) -> Scene:
    """The scene as it is in the file or object.

    Raises:
        MissingFileError: if there is no such file.
        SceneError: if it holds no scene.
    """
    if isinstance(source, str | Path):
        return open_file(Path(source), how)
    if how.band_axis is not None:
        raise SceneError("band_axis= is for files of arrays: transpose it to (rows, cols, bands)")
    if how.variable is not None:
        raise SceneError(f"variable={how.variable!r} names an array of a file: give it with a path")
    if isinstance(source, Scene):
        return source
    if isinstance(source, xarray.DataArray):
        return open_xarray(source)
    if isinstance(source, np.ndarray):
        return _scene_of_array(source)
    raise SceneError(
        f"a {type(source).__name__} is no scene: expected a path, an xarray.DataArray or "
        "a NumPy array (rows, cols, bands)"
    )


def _with_nodata(scene: Scene, nodata: float | Sequence[float]) -> Scene:
    """The scene with the user's numbers, and a note of those of the file that they replace."""
    numbers = [float(number) for number in np.atleast_1d(np.asarray(nodata))]
    if not numbers:
        raise SceneError("nodata=[]: expected a number, or several: leave it out")
    gone = [old for old in scene.nodata_numbers if np.isfinite(old) and old not in numbers]
    if gone:
        old, new = (", ".join(f"{number:g}" for number in given) for given in (gone, numbers))
        warnings.warn(
            f"{scene.name}: the file says that {old} means no value; with nodata={new} it is a "
            "value: give both if both mean none",
            HsidiffWarning,
            stacklevel=3,
        )
    return scene.with_nodata(numbers)


def _with_a_place_or_none(scene: Scene) -> Scene:
    """The scene; without a CRS where no transform puts pixels into it.

    Points and polygons of its maps would otherwise state a CRS, and hold columns and rows.
    """
    if scene.crs is None or scene.transform is not None:
        return scene
    warnings.warn(
        f"{scene.name}: has a CRS, but no transform from pixels to it: maps and labels count in "
        "pixels; for a place on the earth give it a transform (gdal_edit -a_ullr)",
        HsidiffWarning,
        stacklevel=3,
    )
    return replace(scene, crs=None)


def _scene_of_array(array: np.ndarray) -> Scene:
    check_pixels("the array", array.shape, array.dtype)
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.result_type(array.dtype, np.float32)), np.nan)
    good_bands = np.ones(array.shape[2], dtype=bool)
    return Scene(name="array", source=ArraySource(array), good_bands=good_bands)
