"""Read the labels of a scene from whatever holds them."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import geopandas
import numpy as np
import xarray

from hsidiff.errors import HsidiffWarning, LabelError, check_choice
from hsidiff.labels.attribute_fields import nearest
from hsidiff.labels.class_ids import from_values
from hsidiff.labels.class_table import ClassTable, read_class_table
from hsidiff.labels.copies import without_copies
from hsidiff.labels.grid import check_grid
from hsidiff.labels.label_files import How, label_errors_of, read_file, refuse_option
from hsidiff.labels.label_map import LabelMap, LandClass, own_colors, with_colors
from hsidiff.labels.legend import ZERO_MEANS
from hsidiff.labels.matching import plain_name
from hsidiff.labels.raster import from_data_array
from hsidiff.labels.vector import from_features
from hsidiff.scenes.scene import Scene

logger = logging.getLogger(__name__)

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
    with label_errors_of(source):
        labels = _read(source, scene, How(field, layer, variable, zero))
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


def _read(source: Source, scene: Scene, how: How) -> LabelMap:
    if isinstance(source, str | Path):
        return read_file(Path(source), scene, how)
    refuse_option("layer", how.layer, "vector files")
    if isinstance(source, geopandas.GeoDataFrame):
        refuse_option("variable", how.variable, "arrays")
        return from_features(source, scene, how.field, "labels", how.zero)
    refuse_option("variable", how.variable, "files of arrays")
    refuse_option("field", how.field, "vector labels")
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
