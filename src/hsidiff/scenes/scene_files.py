"""Which reader opens a file of a scene, a folder of such files, or one at an address."""

from dataclasses import dataclass
from pathlib import Path

from hsidiff.errors import HsidiffError, MissingFileError, SceneError
from hsidiff.files import special_among
from hsidiff.scenes.formats.address import gdal_name, is_address, shown
from hsidiff.scenes.formats.array_file import open_array_file
from hsidiff.scenes.formats.arrays import ARRAY_SUFFIXES
from hsidiff.scenes.formats.envi import open_envi
from hsidiff.scenes.formats.envi_header import EnviHeader, is_envi_header
from hsidiff.scenes.formats.envi_pair import find_header
from hsidiff.scenes.formats.geotiff import GEOTIFF_SUFFIXES, open_geotiff
from hsidiff.scenes.formats.pixels import AXIS_OPTION
from hsidiff.scenes.formats.products.hdf5_file import HDF5_SUFFIXES, is_hdf5, open_hdf5_file
from hsidiff.scenes.formats.products.package import (
    is_archive,
    is_part_of_package,
    is_spectral_image,
)
from hsidiff.scenes.formats.products.several_files import open_package, with_note_of_metadata
from hsidiff.scenes.scene import Scene

ARCHIVE_SUFFIXES = (
    ".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar",
)  # fmt: skip
_OF_SHAPES = (".gpkg", ".shp", ".geojson", ".fgb", ".kml", ".kmz")
_OTHER_RASTER_SUFFIXES = (".jp2", ".vrt", ".img", ".pix", ".zarr")
_OPTION = "--scene-variable"


@dataclass(frozen=True)
class How:
    """The options that readers of single formats take."""

    variable: str | None
    apply_masks: bool
    band_axis: str | None


def open_file(path: Path, how: How) -> Scene:
    """The scene of a file, a folder or an address, as it is there.

    Raises:
        MissingFileError: if there is no such file.
        SceneError: if it cannot be read, or holds no scene.
    """
    try:
        return _open_known(path, how)
    except HsidiffError:
        raise
    except OSError as error:  # a disk that fails, a file beside it that may not be read
        where = error.filename or path
        raise SceneError(f"{where} cannot be read: {error.strerror or error}") from error


def _open_known(path: Path, how: How) -> Scene:
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
    if path.suffix.lower() not in GEOTIFF_SUFFIXES:
        raise SceneError(
            f"{shown(path)}: at an address only GeoTIFF (.tif) is read, a window at a time: "
            "download the file, or open it with xarray and give hsidiff.open_scene the DataArray"
        )
    return open_geotiff(path)


def _open_folder(path: Path, how: How) -> Scene:
    """The EnMAP or DESIS scene in a folder."""
    scene = open_package(path, how.apply_masks) if how.variable is None else None
    if scene is None:
        raise SceneError(
            f"{path} is a folder: name the file of the scene in it; of folders those of EnMAP and "
            "DESIS are read (with a ...SPECTRAL_IMAGE.TIF)"
        )
    return scene


def _open_raster(path: Path, suffix: str) -> Scene:
    if suffix in GEOTIFF_SUFFIXES:
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
