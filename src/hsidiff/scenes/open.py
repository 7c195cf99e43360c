"""Open a scene: the only place that takes a scene's file name."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray

from hsidiff.errors import (
    HsidiffError,
    HsidiffWarning,
    MissingFileError,
    SceneError,
    check_choice,
)
from hsidiff.files import special_among
from hsidiff.scenes.bands import NmRange, in_wavelength_order, with_only_nm, without_nm
from hsidiff.scenes.first_look import warn_of_fill, without_empty_bands
from hsidiff.scenes.formats.address import gdal_name, is_address, shown
from hsidiff.scenes.formats.array_file import open_array_file
from hsidiff.scenes.formats.arrays import ARRAY_SUFFIXES
from hsidiff.scenes.formats.envi import open_envi
from hsidiff.scenes.formats.envi_header import EnviHeader, is_envi_header
from hsidiff.scenes.formats.envi_pair import find_header
from hsidiff.scenes.formats.geotiff import open_geotiff
from hsidiff.scenes.formats.pixels import AXIS_OPTION, BAND_AXES, check_pixels
from hsidiff.scenes.formats.products.hdf5_file import HDF5_SUFFIXES, is_hdf5, open_hdf5_file
from hsidiff.scenes.formats.products.package import (
    is_archive,
    is_part_of_package,
    is_spectral_image,
)
from hsidiff.scenes.formats.products.several_files import open_package, with_note_of_metadata
from hsidiff.scenes.formats.xarray_object import open_xarray
from hsidiff.scenes.scene import ArraySource, Scene

_GEOTIFF_SUFFIXES = (".tif", ".tiff", ".gtiff", ".cog")
ARCHIVE_SUFFIXES = (
    ".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar",
)  # fmt: skip
_OF_SHAPES = (".gpkg", ".shp", ".geojson", ".fgb", ".kml", ".kmz")
_OTHER_RASTER_SUFFIXES = (".jp2", ".vrt", ".img", ".pix", ".zarr")
_OPTION = "--scene-variable"


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
    scene = _scene_of(source, _How(variable, apply_masks, band_axis))
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


@dataclass(frozen=True)
class _How:
    """The options that readers of single formats take."""

    variable: str | None
    apply_masks: bool
    band_axis: str | None


def _scene_of(source: str | Path | xarray.DataArray | np.ndarray | Scene, how: _How) -> Scene:
    """The scene as it is in the file or object.

    Raises:
        MissingFileError: if there is no such file.
        SceneError: if it holds no scene.
    """
    if isinstance(source, str | Path):
        return _open_file(Path(source), how)
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


def _open_file(path: Path, how: _How) -> Scene:
    try:
        return _open_known(path, how)
    except HsidiffError:
        raise
    except OSError as error:  # a disk that fails, a file beside it that may not be read
        where = error.filename or path
        raise SceneError(f"{where} cannot be read: {error.strerror or error}") from error


def _open_known(path: Path, how: _How) -> Scene:
    if is_address(path):
        return _open_address(path)
    if path.is_dir():
        return _open_folder(path, how)
    _check_file(path)
    suffix = path.suffix.lower()
    if suffix in ARRAY_SUFFIXES:
        return open_array_file(path, how.variable, _OPTION, how.band_axis)
    if suffix in HDF5_SUFFIXES or (suffix not in ARCHIVE_SUFFIXES and is_hdf5(path)):
        return open_hdf5_file(path, how.variable, _OPTION, how.apply_masks, how.band_axis)
    if how.variable is not None:
        raise SceneError(f"{path} has no named arrays: leave out variable= and {_OPTION}")
    if how.band_axis is not None:
        raise SceneError(
            f"{path}: its format says which axis holds the bands: leave out {AXIS_OPTION}"
        )
    scene = None
    if is_archive(path) or is_part_of_package(path):
        scene = open_package(path, how.apply_masks)
    return _open_raster(path, suffix) if scene is None else scene


def _open_address(path: Path) -> Scene:
    """The GeoTIFF at an address.

    Raises:
        SceneError: if it is another format, or nobody can reach it.
    """
    if gdal_name(path) is None:
        raise SceneError(
            f"{shown(path)}: expected http://, https://, s3://, gs:// or az://, or GDAL's names of "
            "them (/vsicurl/...): download the file"
        )
    if path.suffix.lower() not in _GEOTIFF_SUFFIXES:
        raise SceneError(
            f"{shown(path)}: at an address only GeoTIFF (.tif) is read, a window at a time: "
            "download the file, or open it with xarray and give hsidiff.open_scene the DataArray"
        )
    return open_geotiff(path)


def _open_folder(path: Path, how: _How) -> Scene:
    """The EnMAP or DESIS scene in a folder."""
    scene = open_package(path, how.apply_masks) if how.variable is None else None
    if scene is None:
        raise SceneError(
            f"{path} is a folder: name the file of the scene in it; of folders those of EnMAP and "
            "DESIS are read (with a ...SPECTRAL_IMAGE.TIF)"
        )
    return scene


def _open_raster(path: Path, suffix: str) -> Scene:
    if suffix in _GEOTIFF_SUFFIXES:
        scene = open_geotiff(path)
        return with_note_of_metadata(scene) if is_spectral_image(path) else scene
    if suffix == ".hdr":
        image = _tiff_of(path)
        return open_envi(path) if image is None else open_geotiff(image)
    if find_header(path) is not None:
        return open_envi(path)
    raise SceneError(_why_unknown(path, suffix))


def _tiff_of(header_path: Path) -> Path | None:
    """The GeoTIFF that an ENVI-like header says it describes, as that of DESIS; else None."""
    if not is_envi_header(header_path):
        return None
    if EnviHeader.read(header_path).fields.get("file type", "").upper() != "TIFF":
        return None
    beside = (header_path.with_suffix(end) for end in (".tif", ".TIF", ".tiff", ".TIFF"))
    return next((path for path in beside if path.is_file()), None)


def _why_unknown(path: Path, suffix: str) -> str:
    if suffix in ARCHIVE_SUFFIXES:
        return f"{path} is an archive: unpack it, and name the file of the scene that was in it"
    if suffix in _OF_SHAPES:
        return (
            f"{path} holds points or polygons, which are labels and no scene: give the scene first "
            f"and them second; hsidiff classes {path} --scene SCENE lists their classes"
        )
    expected = (
        f"{path} is of no known format: expected .mat, .npz, .npy, .tif, or an ENVI file with "
        f"its header ({path.stem}.hdr) beside it, NetCDF or HDF5 (.nc, .h5, .he5), or a folder or "
        "archive of EnMAP or DESIS"
    )
    if suffix in _OTHER_RASTER_SUFFIXES:
        return f"{expected}: open it with xarray, or convert it to GeoTIFF (gdal_translate)"
    return expected


def _check_file(path: Path) -> None:
    if not path.exists():
        raise MissingFileError(f"{path} does not exist")
    special = special_among(path)
    if special is not None:
        raise SceneError(f"{special} is a pipe or a device: give a file, or remove it")
    try:
        with path.open("rb") as stream:
            first = stream.read(1)
    except OSError as error:
        raise SceneError(f"{path} cannot be read: {error.strerror}") from error
    if not first:
        raise SceneError(f"{path} is empty: copy or download it again")


def _scene_of_array(array: np.ndarray) -> Scene:
    check_pixels("the array", array.shape, array.dtype)
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.result_type(array.dtype, np.float32)), np.nan)
    good_bands = np.ones(array.shape[2], dtype=bool)
    return Scene(name="array", source=ArraySource(array), good_bands=good_bands)
