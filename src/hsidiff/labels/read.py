"""Read the labels of a scene from whatever holds them."""

import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import geopandas
import numpy as np
import xarray

from hsidiff.errors import (
    HsidiffWarning,
    LabelError,
    MissingFileError,
    SceneError,
    check_choice,
)
from hsidiff.files import special_among
from hsidiff.labels.attribute_fields import nearest
from hsidiff.labels.class_table import ClassTable, read_class_table
from hsidiff.labels.copies import without_copies
from hsidiff.labels.grid import check_grid
from hsidiff.labels.label_map import LabelMap, LandClass, own_colors, with_colors
from hsidiff.labels.legend import ZERO_MEANS
from hsidiff.labels.matching import plain_name
from hsidiff.labels.raster import (
    GEOTIFF_SUFFIXES,
    from_data_array,
    from_values,
    read_array_file,
    read_envi,
    read_geotiff,
)
from hsidiff.labels.vector import from_features, read_vector_file
from hsidiff.labels.vector_file import ADDRESS_SUFFIXES, VECTOR_SUFFIXES
from hsidiff.scenes.formats.address import gdal_name, is_address, shown
from hsidiff.scenes.formats.arrays import ARRAY_SUFFIXES
from hsidiff.scenes.formats.envi_pair import find_header
from hsidiff.scenes.open import ARCHIVE_SUFFIXES
from hsidiff.scenes.scene import Scene

logger = logging.getLogger(__name__)

_TO_EXPORT = (".kml", ".kmz", ".gpx")
_OF_ENVI = (".roi", ".xml", ".reg")
_MARK_OF_ENVI = b"; ENVI Output of ROIs"
_SHEETS = (".xlsx", ".xls", ".ods", ".txt")

Source: TypeAlias = str | Path | np.ndarray | xarray.DataArray | geopandas.GeoDataFrame | LabelMap


def read_labels(  # noqa: PLR0913  (each is a way to read labels, by keyword only)
    source: Source,
    scene: Scene,
    *,
    field: str | None = None,
    layer: str | None = None,
    variable: str | None = None,
    ignore_classes: Sequence[int | str] = (),
    class_names: dict[int, str] | str | Path | ClassTable | None = None,
    zero: str = ZERO_MEANS[0],
) -> LabelMap:
    """Read the labels of a scene.

    Args:
        source: a raster of the scene's grid (``.mat``, ``.npy``, ``.npz``, GeoTIFF, ENVI; 0 and
            nodata = unlabelled), a vector file (``.gpkg``, ``.shp``, ``.geojson``, ``.json``,
            ``.zip``) of points or polygons in any CRS, a table of points (``.csv``), an
            array (rows, cols), an xarray object, a geopandas table, or a label map, which is
            checked.
        scene: the scene they label.
        field: for vector labels, the field that holds the classes; None finds it.
        layer: for a vector file of several layers, the layer's name; of an archive of several
            files, the file's.
        variable: for ``.mat``, ``.npy`` and ``.npz``, the array's name; None finds it.
        ignore_classes: ids or names of classes to drop, labels and all.
        class_names: class id to name, in place of the names in the file; or a table ``.csv`` that
            merges, renames and colours classes, see
            :func:`~hsidiff.labels.class_table.read_class_table`. ``ignore_classes`` are those that
            come of it.
        zero: what the id 0 means: ``"unlabelled"``, or ``"class"`` for labels that count from 0:
            then all ids are raised by 1 and nodata, NaN and -1 are unlabelled.

    Returns:
        The labels, with CRS and transform of the scene. Where the scene shows a measured pixel
        several times (EMIT), one of its copies keeps the label.

    Raises:
        LabelError: if labels cannot be read or do not fit the scene, there is no label, or labels
            of one class only.
        MissingFileError: if there is no such file.
        SettingError: if ``zero`` is another word.

    Warns:
        HsidiffWarning: if vector labels were dropped or repaired, with counts; if names of classes
            differ by case or blanks only; if labels lie on copies of measured pixels; if ids were
            raised by 1, or 0 may be a class though nothing says so.

    Example:
        >>> import hsidiff
        >>> scene = hsidiff.open_scene("scene.tif")
        >>> labels = hsidiff.read_labels("labels.gpkg", scene, field="class")
        >>> [(c.id, c.name) for c in labels.classes]
        [(1, 'corn'), (2, 'grass'), (3, 'roof')]
    """
    check_choice("zero", zero, ZERO_MEANS)
    try:
        labels = _read(source, scene, _How(field, layer, variable, zero))
    except SceneError as error:  # the readers of formats serve scenes, too
        raise LabelError(str(error)) from error
    except MissingFileError:
        raise
    except OSError as error:  # a disk that fails, a file beside it that may not be read
        where = error.filename or source
        raise LabelError(f"{where} cannot be read: {error.strerror or error}") from error
    if isinstance(class_names, str | Path):
        class_names = read_class_table(class_names)
    if isinstance(class_names, ClassTable):
        labels = class_names.apply(labels)
    else:
        labels = _renamed(labels, class_names or {})
    labels = _without(labels, ignore_classes)
    name = str(source) if isinstance(source, str | Path) else "labels"
    labels = without_copies(labels, scene.source_pixels(), name)
    used = labels.used_classes
    if not used:
        raise LabelError(f"{name}: no pixel is labelled: label pixels of at least two classes")
    if len(used) == 1:
        raise LabelError(
            f"{name}: labels hold one class only, {used[0].name} ({used[0].id}): label at least two"
        )
    _warn_of_names_alike(used, name)
    logger.info("%s: %d labels of %d classes", name, labels.n_labelled, len(used))
    return labels


def _warn_of_names_alike(classes: Sequence[LandClass], name: str) -> None:
    """Name classes that a slip of the pen may have made of one: ``Tree`` and ``tree``."""
    groups: dict[str, list[str]] = {}
    for land_class in classes:
        groups.setdefault(plain_name(land_class.name), []).append(repr(land_class.name))
    alike = [" and ".join(names) for names in groups.values() if len(names) > 1]
    if alike:
        warnings.warn(
            f"{name}: names of classes differ by case or blanks only, and count as different "
            f"classes: {'; '.join(alike)}: rename them if they are the same",
            HsidiffWarning,
            stacklevel=3,
        )


@dataclass(frozen=True)
class _How:
    """The options that readers of single kinds of labels take."""

    field: str | None
    layer: str | None
    variable: str | None
    zero: str


def _read(source: Source, scene: Scene, how: _How) -> LabelMap:
    if isinstance(source, str | Path):
        return _read_file(Path(source), scene, how)
    _refuse("layer", how.layer, "vector files")
    if isinstance(source, geopandas.GeoDataFrame):
        _refuse("variable", how.variable, "arrays")
        return from_features(source, scene, how.field, "labels", how.zero)
    _refuse("variable", how.variable, "files of arrays")
    _refuse("field", how.field, "vector labels")
    if isinstance(source, LabelMap):
        check_grid("labels", scene, source.shape, source.crs, source.transform)
        return source
    if isinstance(source, xarray.DataArray):
        return from_data_array(source, scene, how.zero)
    if isinstance(source, np.ndarray):
        return from_values(source, scene, "labels", zero=how.zero)
    raise LabelError(
        f"labels are a {type(source).__name__}: expected a file name, an array, an xarray "
        "DataArray, a GeoDataFrame or a LabelMap"
    )


def _read_file(path: Path, scene: Scene, how: _How) -> LabelMap:
    suffix = path.suffix.lower()
    if is_address(path):
        _check_address(path)
    else:
        _check_file(path)
    if suffix not in ARRAY_SUFFIXES:
        _refuse("variable", how.variable, "files of arrays", path)
    if suffix in VECTOR_SUFFIXES:
        return read_vector_file(path, scene, how.field, how.layer, how.zero)
    _refuse("field", how.field, "vector labels", path)
    _refuse("layer", how.layer, "vector files", path)
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

    Takes and raises what :func:`read_labels` does, but any number of classes will do.
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


def _refuse(option: str, value: str | None, kind: str, path: Path | None = None) -> None:
    if value is not None:
        given = f"{path} is none" if path else "these are none"
        raise LabelError(f"{option}={value!r} is for {kind}, and {given}: leave it out")


def _renamed(labels: LabelMap, names: dict[int, str]) -> LabelMap:
    """The labels with other names; a name for an id that has no class yet makes a class."""
    if not names:
        return labels
    known = {c.id: c.name for c in labels.classes} | names
    classes = [LandClass(number, name, "") for number, name in sorted(known.items())]
    return replace(labels, classes=with_colors(classes, own_colors(labels.classes)))


def _without(labels: LabelMap, ignored: Sequence[int | str]) -> LabelMap:
    """The labels without some classes, given by id (a number, or its digits) or name."""
    ids = {_id_of(labels, given) for given in ignored}
    if not ids:
        return labels
    classes = tuple(c for c in labels.classes if c.id not in ids)
    kept = labels.keeping(~np.isin(labels.values, list(ids)), labels.region)
    return replace(kept, classes=classes)


def _id_of(labels: LabelMap, given: int | str) -> int:
    ids = {str(land_class.id): land_class.id for land_class in labels.classes}
    ids |= {land_class.name: land_class.id for land_class in labels.classes}
    if str(given) not in ids:
        names = [land_class.name for land_class in labels.classes]
        raise LabelError(f"ignore_classes: no class {given!r}{nearest(str(given), names)}")
    return ids[str(given)]
