"""Label rasters: arrays and xarray objects in memory, .mat, .npy, .npz, GeoTIFF, ENVI."""

import logging
import math
import warnings
from pathlib import Path

import numpy as np
import xarray

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.attribute_fields import MAX_CLASS_ID
from hsidiff.labels.grid import check_grid
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.legend import (
    COUNTS_FROM_0,
    ZERO_MEANS,
    Legend,
    arcgis_legend,
    envi_legend,
    means_no_class,
    palette_legend,
    sidecar_legend,
    warn_of_raised_ids,
)
from hsidiff.scenes.formats.arrays import ARRAY_SUFFIXES, find_array, list_arrays
from hsidiff.scenes.formats.envi import open_envi
from hsidiff.scenes.formats.envi_header import EnviHeader
from hsidiff.scenes.formats.gdal import georeference, open_raster, placed_by
from hsidiff.scenes.formats.geotiff import refuse_several_images
from hsidiff.scenes.formats.named_array import NamedArray
from hsidiff.scenes.formats.tiff_offsets import check_offsets
from hsidiff.scenes.formats.xarray_object import open_xarray
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.window import Window

logger = logging.getLogger(__name__)

_LARGEST_IDS = (127, 255, 32767, 65535)
GEOTIFF_SUFFIXES = (".tif", ".tiff", ".gtiff", ".cog")


def from_values(
    values: np.ndarray,
    scene: Scene,
    name: str,
    legend: Legend | None = None,
    zero: str = ZERO_MEANS[0],
) -> LabelMap:
    """Make a label map of a scene from an array.

    Args:
        values: (rows, cols) whole numbers in 0..65535 of any type; NaN or masked = unlabelled.
        scene: the scene they label; the label map takes its CRS and transform.
        name: what to call the labels in messages.
        legend: names and colours of classes; a named class without a pixel stays in the legend.
        zero: what 0 means, one of ``ZERO_MEANS``. As a class, all ids are raised by 1, and -1 means
            unlabelled. It is one in any case if the legend gives it the name of one.

    Raises:
        LabelError: if the shape is not the scene's, or a value is not a class id.

    Warns:
        HsidiffWarning: if ids were raised, or if 0 may be a class: it has no name, and other pixels
            are masked or NaN.
    """
    legend = legend or Legend()
    check_grid(name, scene, values.shape)
    values, legend = _without_class_zero(values, legend, name, zero)
    values = np.ma.filled(values, 0)
    if not np.issubdtype(values.dtype, np.number) and values.dtype != bool:
        raise LabelError(f"{name}: labels are of type {values.dtype}: expected whole numbers")
    if np.iscomplexobj(values):
        raise LabelError(f"{name}: labels are complex numbers: expected whole numbers")
    if np.issubdtype(values.dtype, np.floating):
        values = np.where(np.isnan(values), 0, values)
    wrong = values[(values < 0) | (values > MAX_CLASS_ID) | (values != np.round(values))]
    if wrong.size:
        advice = f"; {COUNTS_FROM_0}" if (wrong == -1).all() and (values == 0).any() else ""
        raise LabelError(
            f"{name}: {wrong.size} labels are no class ids, the first is {wrong[0]:g}: expected "
            f"whole numbers in 1..{MAX_CLASS_ID}, 0 = unlabelled{advice}"
        )
    _warn_of_largest_id(values, legend, name)
    return LabelMap.from_array(
        values.astype(np.int32),
        {number: text for number, text in legend.names.items() if number <= MAX_CLASS_ID},
        legend.colors,
        crs=scene.crs,
        transform=scene.transform,
    )


def _warn_of_largest_id(values: np.ndarray, legend: Legend, name: str) -> None:
    """Note a class without a name whose id is the largest of its type: often it means no label."""
    largest = np.iinfo(values.dtype).max if values.dtype.kind in "iu" else 0
    n_pixels = int((values == largest).sum()) if largest in _LARGEST_IDS else 0
    if n_pixels and largest not in legend.names and not (values == largest - 1).any():
        warnings.warn(
            f"{name}: {n_pixels} labels have the id {largest}, the largest that {values.dtype} "
            f"holds: if it means no label, leave it out with ignore_classes=[{largest}] "
            f"(--ignore-class {largest})",
            HsidiffWarning,
            stacklevel=3,
        )


def _without_class_zero(
    values: np.ndarray, legend: Legend, name: str, zero: str
) -> tuple[np.ndarray, Legend]:
    """Values and legend; with ids raised by 1, if the first class of the file has the id 0.

    Warns:
        HsidiffWarning: if they were raised, or 0 may be a class that nothing names.
    """
    shown = np.ma.asarray(values)
    if values.dtype.kind == "f":
        shown = np.ma.masked_where(np.isnan(np.ma.getdata(values)), values)
    n_zeros = np.count_nonzero(np.ma.filled(shown == 0, False))
    named = legend.names.get(0)
    is_class = zero == "class" or (named is not None and not means_no_class(named))
    if not (is_class and n_zeros):
        n_hidden = int(np.ma.count_masked(shown))
        if n_zeros and n_hidden and named is None:
            warnings.warn(
                f"{name}: {n_zeros} pixels hold 0, which means no label here, though {n_hidden} "
                f"others hold nodata: {COUNTS_FROM_0}",
                HsidiffWarning,
                stacklevel=3,
            )
        colors = {number: color for number, color in legend.colors.items() if number}
        return values, Legend({i: text for i, text in legend.names.items() if i}, colors)
    numbered = {
        int(i): f"class {i:g}" for i in np.unique(shown.compressed()) if 0 <= i <= MAX_CLASS_ID
    }
    names = {**numbered, **legend.names}
    warn_of_raised_ids(name, names[0])
    raised = Legend(
        {number + 1: text for number, text in names.items()},
        {number + 1: color for number, color in legend.colors.items()},
    )
    return shown.astype(np.result_type(values.dtype, np.int32)) + 1, raised


def read_array_file(
    path: Path, scene: Scene, variable: str | None, zero: str = ZERO_MEANS[0]
) -> LabelMap:
    """Read labels from a ``.mat``, ``.npy`` or ``.npz`` file.

    Args:
        path: the file; it may be the scene's file, too.
        scene: the scene they label.
        variable: name of the array. If None, it is the only two-dimensional array or, of several,
            the only one of the scene's shape that holds whole numbers.
        zero: what 0 means, see :func:`from_values`.

    Raises:
        LabelError: if several arrays fit, or values are no class ids.
        SceneError: if the file is broken, or no array fits.
    """
    array = _array_of_scene_shape(path, scene) if variable is None else None
    if array is None and variable is None:
        _refuse_lists_and_layers(path, scene)
    array = array or find_array(path, 2, variable, "--labels-variable")
    logger.info("%s: labels from the array %r", path.name, array.name)
    check_grid(f"{path.name}, {array.name}", scene, array.shape)  # before it is read
    return from_values(array.load(), scene, f"{path.name}, {array.name}", zero=zero)


def _array_of_scene_shape(path: Path, scene: Scene) -> NamedArray | None:
    """The array of the scene's shape, or None if none has it: then every array is looked at."""
    fitting = [array for array in list_arrays(path) if array.shape == scene.shape]
    if len(fitting) > 1:
        fitting = [array for array in fitting if _is_whole(array)] or fitting
    if len(fitting) > 1:
        names = ", ".join(array.name for array in fitting)
        raise LabelError(
            f"{path.name}: several arrays have the scene's shape {scene.shape}: {names}: "
            "choose one with variable= or --labels-variable"
        )
    return fitting[0] if fitting else None


def _refuse_lists_and_layers(path: Path, scene: Scene) -> None:
    """Refuse the only array of a file, if it holds as many pixels as the scene in another shape.

    Raises:
        LabelError: with the way to the shape of the scene.
    """
    held = [array for array in list_arrays(path) if math.prod(array.shape) > 1]
    if len(held) == 1 and math.prod(held[0].shape) % math.prod(scene.shape) == 0:
        check_grid(f"{path.name}, {held[0].name}", scene, held[0].shape)


def _is_whole(array: NamedArray) -> bool:
    if not np.issubdtype(array.dtype, np.floating):
        return True
    values = array.load()
    return bool((np.isnan(values) | (values == np.round(values))).all())


def read_geotiff(path: Path, scene: Scene, zero: str = ZERO_MEANS[0]) -> LabelMap:
    """Read labels from a GeoTIFF of one band; nodata, masked and NaN pixels are unlabelled.

    Class names come from the sidecar ``.aux.xml`` or the ``.vat.dbf`` of ArcGIS, colours from the
    palette or one of these.

    Args:
        path: the file.
        scene: the scene they label.
        zero: what 0 means, see :func:`from_values`.

    Raises:
        LabelError: if there are several bands, the grid is not the scene's, values are no class
            ids, or the sidecar is broken.
        SceneError: if the file cannot be read.
    """
    check_offsets(path)
    with open_raster(path, "GTiff") as dataset:
        refuse_several_images(dataset, path)
        _check_bands(path.name, dataset.count)
        check_grid(path.name, scene, dataset.shape, *georeference(dataset))
        _refuse_other_places(path.name, placed_by(dataset), scene)
        values = dataset.read(1, masked=True)
        legend = palette_legend(dataset)
    legend = legend.over(sidecar_legend(path)).over(arcgis_legend(path))
    return from_values(values, scene, path.name, legend, zero)


def read_envi(path: Path, scene: Scene, zero: str = ZERO_MEANS[0]) -> LabelMap:
    """Read labels from an ENVI file of one band, a classification or plain numbers.

    Class names and colours come from the header (``class names``, ``class lookup``) or the sidecar
    ``.aux.xml``; pixels of ``data ignore value`` are unlabelled.

    Args:
        path: the file of numbers, or its header.
        scene: the scene they label.
        zero: what 0 means, see :func:`from_values`.

    Raises:
        LabelError: as :func:`read_geotiff`.
        MissingFileError: if one of the two files is absent.
        SceneError: if the header is wrong, or promises more than the file holds.
    """
    raster = open_envi(path)
    data_path, header_path = raster.files
    legend = envi_legend(EnviHeader.read(header_path)).over(sidecar_legend(data_path))
    return from_values(_only_band(raster, scene, path.name), scene, path.name, legend, zero)


def from_data_array(labels: xarray.DataArray, scene: Scene, zero: str = ZERO_MEANS[0]) -> LabelMap:
    """Make a label map from an xarray object of dimensions y and x, or band, y and x.

    Raises:
        LabelError: as :func:`read_geotiff`.
        SceneError: if the dimensions are others.
    """
    name = str(labels.name or "labels")
    raster = open_xarray(labels.expand_dims("band") if labels.ndim == 2 else labels)
    return from_values(_only_band(raster, scene, name), scene, name, zero=zero)


def _only_band(raster: Scene, scene: Scene, name: str) -> np.ndarray:
    """The stored numbers (rows, cols) of a raster of one band on the grid of ``scene``."""
    _check_bands(name, raster.source.shape[2])
    check_grid(name, scene, raster.shape, raster.crs, raster.transform)
    values = raster.source.read(Window.whole(raster.shape), np.array([0]))[:, :, 0]
    lacking = np.isin(values, raster.nodata_numbers) if raster.nodata_numbers else np.False_
    return np.ma.array(values, mask=np.broadcast_to(lacking, values.shape))


def grid_of_raster(path: Path, variable: str | None = None) -> Scene:
    """The grid of a label raster as a scene, for labels that come without the scene they label.

    Args:
        path: the file.
        variable: for ``.mat``, ``.npy`` and ``.npz``, the array's name; None finds it.

    Returns:
        A scene of the raster's shape, CRS and transform. Its pixels mean nothing.

    Raises:
        MissingFileError: if there is no such file.
        SceneError: if the file cannot be read, no array fits, or several do.
    """
    if path.suffix.lower() not in ARRAY_SUFFIXES:
        return open_scene(path)
    shape = find_array(path, 2, variable, "--labels-variable").shape
    pixels = np.broadcast_to(np.uint8(0), (*shape, 1))
    return Scene(path.stem, ArraySource(pixels), good_bands=np.ones(1, dtype=bool))


def _refuse_other_places(name: str, placed: str | None, scene: Scene) -> None:
    """Refuse labels on no grid for a scene on one: of one shape, they lie elsewhere all the same.

    Raises:
        LabelError: if so.
    """
    if placed is not None and scene.transform is not None:
        raise LabelError(
            f"{name}: labels are placed by {placed}, {scene.name} lies on a grid: warp the labels "
            "to the grid of the scene"
        )


def _check_bands(name: str, n_bands: int) -> None:
    if n_bands != 1:
        raise LabelError(f"{name}: labels have {n_bands} bands: expected 1 band")
