"""Which reader takes a file of labels, and what to do with those that none takes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hsidiff.errors import LabelError, MissingFileError, SceneError
from hsidiff.files import special_among
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.legend import ZERO_MEANS
from hsidiff.labels.raster import read_array_file, read_envi, read_geotiff
from hsidiff.labels.vector import read_vector_file
from hsidiff.labels.vector_file import ADDRESS_SUFFIXES, VECTOR_SUFFIXES
from hsidiff.scenes.formats.address import gdal_name, is_address, shown
from hsidiff.scenes.formats.arrays import ARRAY_SUFFIXES
from hsidiff.scenes.formats.envi_pair import find_header
from hsidiff.scenes.formats.geotiff import GEOTIFF_SUFFIXES
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.scene_files import ARCHIVE_SUFFIXES

_TO_EXPORT = (".kml", ".kmz", ".gpx")
_OF_ENVI = (".roi", ".xml", ".reg")
_MARK_OF_ENVI = b"; ENVI Output of ROIs"
_SHEETS = (".xlsx", ".xls", ".ods", ".txt")


@contextmanager
def label_errors_of(source: object) -> Iterator[None]:
    """Say of what goes wrong inside the block that labels cannot be read.

    The readers of formats serve scenes, too, and a disk may fail.

    Raises:
        LabelError: in place of a SceneError or an OSError, which may speak of no file.
        MissingFileError: as it is.
    """
    try:
        yield
    except MissingFileError:
        raise
    except SceneError as error:
        raise LabelError(str(error)) from error
    except OSError as error:
        where = error.filename or source
        raise LabelError(f"{where} cannot be read: {error.strerror or error}") from error


@dataclass(frozen=True)
class How:
    """The options that readers of single kinds of labels take."""

    field: str | None
    layer: str | None
    variable: str | None
    zero: str


def read_file(path: Path, scene: Scene, how: How) -> LabelMap:
    """The labels of a file or an address, as they are there; takes any number of classes.

    Raises:
        LabelError: if they cannot be read, or do not fit the scene.
        MissingFileError: if there is no such file.
        SceneError: if a reader that serves scenes, too, cannot read it.
    """
    suffix = path.suffix.lower()
    if is_address(path):
        _check_address(path)
    else:
        _check_file(path)
    if suffix not in ARRAY_SUFFIXES:
        refuse_option("variable", how.variable, "files of arrays", path)
    if suffix in VECTOR_SUFFIXES:
        return read_vector_file(path, scene, how.field, how.layer, how.zero)
    refuse_option("field", how.field, "vector labels", path)
    refuse_option("layer", how.layer, "vector files", path)
    return read_raster_file(path, scene, how.variable, how.zero)


def _check_address(path: Path) -> None:
    """Refuse an address that no reader of labels reaches.

    Raises:
        LabelError: naming those that one does.
    """
    known = (*GEOTIFF_SUFFIXES, *ADDRESS_SUFFIXES)
    if gdal_name(path) is None or path.suffix.lower() not in known:
        raise LabelError(
            f"{shown(path)}: labels at an address are read from {', '.join(known)} by http://, "
            "https://, s3://, gs:// or az://: download the file"
        )


def _check_file(path: Path) -> None:
    if not path.exists():
        raise MissingFileError(f"{path}: there is no such file of labels")
    special = special_among(path)
    if special is not None:
        raise LabelError(f"{special} is a pipe or a device: give a file, or remove it")
    if path.is_dir() and path.suffix.lower() == ".gdb":
        raise LabelError(f"{path} is a File Geodatabase: export the layer of the labels as .gpkg")
    if path.is_dir():
        raise LabelError(f"{path} is a folder: name the file of labels in it")
    if not os.access(path, os.R_OK):
        raise LabelError(f"{path} may not be read: ask its owner to allow it")
    if path.stat().st_size == 0:
        raise LabelError(f"{path} is empty: copy or download it again")


def read_raster_file(
    path: Path, scene: Scene, variable: str | None = None, zero: str = ZERO_MEANS[0]
) -> LabelMap:
    """Read a raster of class ids, a map or labels, with its names and colours.

    Takes what :func:`hsidiff.labels.read.read_labels` does.

    Raises:
        LabelError: if it is no raster that is read, with what to do, or what is in it cannot be.
    """
    suffix = path.suffix.lower()
    if suffix in ARRAY_SUFFIXES:
        return read_array_file(path, scene, variable, zero)
    if suffix in GEOTIFF_SUFFIXES:
        return read_geotiff(path, scene, zero)
    if suffix == ".hdr" or find_header(path) is not None:
        return read_envi(path, scene, zero)
    if suffix in ARCHIVE_SUFFIXES:
        raise LabelError(f"{path} is an archive: unpack it, and name the file that was in it")
    if suffix in _TO_EXPORT:
        raise LabelError(
            f"{path}: {suffix} files have no column of classes that programs agree on: open it in "
            "QGIS, give each feature its class in a field, and export it as .gpkg"
        )
    if suffix in _OF_ENVI or _are_regions_of_envi(path):
        raise LabelError(
            f"{path}: regions of interest of ENVI are not read: export them in its ROI Tool as a "
            "shapefile, or as a classification image (ENVI or GeoTIFF)"
        )
    if suffix in _SHEETS:
        raise LabelError(
            f"{path}: {suffix} files are not read: save the table as .csv, with the columns x and "
            "y, or lon and lat, and class"
        )
    kinds = ", ".join((*ARRAY_SUFFIXES, *GEOTIFF_SUFFIXES, *VECTOR_SUFFIXES))
    raise LabelError(
        f"{path}: unknown kind of labels: expected {kinds}, or an ENVI file with its header "
        "beside; QGIS exports points and polygons of other kinds as .gpkg"
    )


def _are_regions_of_envi(path: Path) -> bool:
    """Whether a file of text is a list of pixels that ENVI exported."""
    with path.open("rb") as stream:
        return stream.read(len(_MARK_OF_ENVI)) == _MARK_OF_ENVI


def refuse_option(option: str, value: str | None, kind: str, path: Path | None = None) -> None:
    """Refuse an option of other kinds of labels with a LabelError; None was not given."""
    if value is not None:
        given = f"{path} is none" if path else "these are none"
        raise LabelError(f"{option}={value!r} is for {kind}, and {given}: leave it out")
