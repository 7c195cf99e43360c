"""Label rasters: arrays and xarray objects in memory, .mat, .npy, .npz, GeoTIFF, ENVI."""

import logging
import math
from pathlib import Path

import numpy as np
import xarray

from hsidiff.errors import LabelError
from hsidiff.labels.class_ids import from_values
from hsidiff.labels.grid import check_grid
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.legend import (
    ZERO_MEANS,
    arcgis_legend,
    envi_legend,
    palette_legend,
    sidecar_legend,
)
from hsidiff.scenes.formats.arrays import ARRAY_SUFFIXES, find_raster, list_arrays
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
    array = array or find_raster(path, variable)
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
    shape = find_raster(path, variable).shape
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
