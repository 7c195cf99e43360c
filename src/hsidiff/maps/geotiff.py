"""Class maps and probabilities as cloud-optimised GeoTIFFs (COG), written window by window.

A tiled GeoTIFF is filled first and then copied to a COG: written directly, GDAL's COG driver keeps
the whole raster in memory.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetWriter

from hsidiff.errors import LabelError, SettingError
from hsidiff.files import write_errors_of, write_whole
from hsidiff.labels.hex_colors import rgba
from hsidiff.labels.label_map import LandClass
from hsidiff.maps.legend import pam_sidecar, qgis_style
from hsidiff.scenes.formats.gdal import of_rasterio
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import tile_windows

BLOCK_SIZE_PX = 256
READ_SIZE_PX = 4 * BLOCK_SIZE_PX
NO_PROBABILITY = 255
PROBABILITY_STEPS = 250
"""A stored number q stands for the probability q / 250; 255 marks an invalid pixel."""


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a raster lie.

    Attributes:
        shape: rows and columns.
        crs: coordinate reference system, or None.
        transform: affine transform from (col, row) to map coordinates, or None.
    """

    shape: tuple[int, int]
    crs: CRS | None = None
    transform: Affine | None = None


class ClassMapWriter:
    """Takes class ids window by window; made by :func:`open_class_map`."""

    def __init__(self, dataset: DatasetWriter) -> None:
        self._dataset = dataset
        self.pixel_counts: dict[int, int] = {}

    def write(self, window: Window, class_ids: np.ndarray) -> None:
        """Write the class ids (rows, cols) of one window; 0 = unclassified."""
        dtype = self._dataset.dtypes[0]
        self._dataset.write(class_ids.astype(dtype), 1, window=of_rasterio(window))
        ids, counts = np.unique(class_ids, return_counts=True)
        for class_id, count in zip(ids.tolist(), counts.tolist(), strict=True):
            self.pixel_counts[class_id] = self.pixel_counts.get(class_id, 0) + count


@contextmanager
def open_class_map(
    path: str | Path, grid: Grid, classes: Sequence[LandClass]
) -> Iterator[ClassMapWriter]:
    """Write a class map: ``<path>``, its ``.aux.xml`` and its ``.qml``, all three or none.

    The three appear under their names when the block has ended well. Pixels that were never
    written are 0.

    Args:
        path: a name that ends in ``.tif`` or ``.tiff``.
        grid: shape and georeference.
        classes: the legend, by increasing id.

    Raises:
        SettingError: if the name is not that of a GeoTIFF.
        OSError: if it cannot be written, for lack of space, for example.
    """
    path, dtype = geotiff_path(path), class_dtype(classes)
    _, sidecar_target, style_target = map_files(path)
    # The map is entered last, so it is renamed first and never stands there without a legend for
    # longer than two renames.
    with (
        write_whole(style_target) as style,
        write_whole(sidecar_target) as sidecar,
        open_raster_of_bands(path, grid, "mode", dtype=dtype, count=1, nodata=0) as dataset,
    ):
        dataset.set_band_description(1, "land-cover class")
        if dtype == np.uint8:
            dataset.write_colormap(1, {c.id: rgba(c.color) for c in classes})
        writer = ClassMapWriter(dataset)
        yield writer
        sidecar.write_text(pam_sidecar(classes, writer.pixel_counts), encoding="utf-8")
        style.write_text(qgis_style(classes), encoding="utf-8")


@contextmanager
def open_probabilities(
    path: str | Path, grid: Grid, classes: Sequence[LandClass]
) -> Iterator[Callable[[Window, np.ndarray], None]]:
    """Write probabilities, one band per class, described by its name; whole or not at all.

    It takes them as :func:`stored_probabilities` gives them, window by window.

    Raises:
        SettingError: if the name is not that of a GeoTIFF.
        OSError: if it cannot be written, for lack of space, for example.
    """
    n_classes = len(classes)
    profile = {"dtype": np.uint8, "count": n_classes, "nodata": NO_PROBABILITY}
    with open_raster_of_bands(path, grid, "average", **profile) as dataset:
        dataset.descriptions = [land_class.name for land_class in classes]
        dataset.scales = [1 / PROBABILITY_STEPS] * n_classes
        dataset.offsets = [0.0] * n_classes
        yield bands_writer(dataset)


def stored_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities (rows, cols, classes) as uint8 steps; all 0 = invalid pixel."""
    stored = np.round(probabilities * PROBABILITY_STEPS).astype(np.uint8)
    stored[~probabilities.any(axis=-1)] = NO_PROBABILITY
    return stored


def write_class_map(
    values: np.ndarray,
    classes: Sequence[LandClass],
    path: str | Path,
    crs: CRS | None = None,
    transform: Affine | None = None,
) -> None:
    """Write a class map, or a label map, that is in memory. See :func:`open_class_map`.

    Args:
        values: (rows, cols) class ids, 0 = unclassified.
        classes: the legend, by increasing id.
        path: a name that ends in ``.tif`` or ``.tiff``.
        crs: coordinate reference system, or None.
        transform: affine transform from (col, row) to map coordinates, or None.

    Raises:
        LabelError: if a value is neither 0 nor the id of a class.
        SettingError: if the name is not that of a GeoTIFF.
    """
    ids = [land_class.id for land_class in classes]
    unknown = np.setdiff1d(values, [0, *ids])
    if unknown.size:
        raise LabelError(f"value {unknown[0]} of the map is not among the class ids {ids}")
    shape = (values.shape[0], values.shape[1])
    with open_class_map(path, Grid(shape, crs, transform), classes) as writer:
        writer.write(Window.whole(shape), values)


def class_dtype(classes: Sequence[LandClass]) -> np.dtype[Any]:
    """The smallest type that holds the ids of all classes."""
    return np.min_scalar_type(max((land_class.id for land_class in classes), default=0))


def map_files(path: str | Path) -> tuple[Path, Path, Path]:
    """What a class map consists of: the map, class names for GDAL, and a style for QGIS."""
    path = Path(path)
    return path, sidecar_path(path), path.with_suffix(".qml")


@contextmanager
def gdal_errors_of(path: Path) -> Iterator[None]:
    """Say in Python's way that a file cannot be written; GDAL's errors are no ``OSError``."""
    with write_errors_of(path, RasterioError, CPLE_BaseError):
        yield


def read_class_map(path: str | Path, window: Window | None = None) -> np.ndarray:
    """Class ids (rows, cols) int32 of a map file, or of a window of it; 0 where it holds none."""
    return _class_ids(open_scene(path), window)


def class_map_windows(path: str | Path) -> Iterator[tuple[Window, np.ndarray]]:
    """A map file window by window: each with its class ids (rows, cols), 0 = no data."""
    grid = open_scene(path)
    for window in tile_windows(grid.shape, READ_SIZE_PX):
        yield window, _class_ids(grid, window)


def _class_ids(grid: Scene, window: Window | None) -> np.ndarray:
    return np.nan_to_num(grid.read(window)[:, :, 0], nan=0).astype(np.int32)


def geotiff_path(path: str | Path) -> Path:
    """Give ``path`` back if it names a GeoTIFF.

    Raises:
        SettingError: if it does not.
    """
    path = Path(path)
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise SettingError(f"{path}: maps are written as GeoTIFF: choose a name ending in .tif")
    return path


@contextmanager
def open_raster_of_bands(
    path: str | Path, grid: Grid, overviews: str, **profile: Any
) -> Iterator[DatasetWriter]:
    """Write a raster that is whole, and a COG, once the block has ended well.

    Args:
        path: a name that ends in ``.tif`` or ``.tiff``.
        grid: shape and georeference.
        overviews: how overviews are made: "mode", "average" or "nearest".
        **profile: ``dtype``, ``count`` and ``nodata`` of the bands.

    Raises:
        SettingError: if the name is not that of a GeoTIFF.
        OSError: if it cannot be written, for lack of space, for example.
    """
    path = geotiff_path(path)
    with gdal_errors_of(path), write_whole(path) as final:
        working = final.with_name("working.tif")
        with _create_geotiff(working, grid, **profile) as dataset:
            if dataset.count > 1:
                # Three or four 8-bit bands would otherwise be taken for a picture in colour.
                others = [ColorInterp.undefined] * (dataset.count - 1)
                dataset.colorinterp = [ColorInterp.gray, *others]
            yield dataset
        _copy_to_cog(working, final, overviews)
    # Statistics that a viewer kept for an older file of this name.
    sidecar_path(path).unlink(missing_ok=True)


def _create_geotiff(path: Path, grid: Grid, **profile: Any) -> DatasetWriter:
    """Open a tiled GeoTIFF for writing. It is not compressed: its tiles may be written twice."""
    with warnings.catch_warnings():
        # A benchmark scene without a georeference is no reason to worry its user.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=grid.shape[0],
            width=grid.shape[1],
            crs=grid.crs,
            transform=grid.transform,
            tiled=True,
            blockxsize=BLOCK_SIZE_PX,
            blockysize=BLOCK_SIZE_PX,
            interleave="pixel",
            bigtiff="if_safer",
            **profile,
        )


def bands_writer(dataset: DatasetWriter) -> Callable[[Window, np.ndarray], None]:
    """What writes the numbers (rows, cols, bands) of a window."""

    def write(window: Window, values: np.ndarray) -> None:
        dataset.write(np.moveaxis(values, -1, 0), window=of_rasterio(window))

    return write


def _copy_to_cog(source: Path, target: Path, overviews: str) -> None:
    rasterio.shutil.copy(
        source,
        target,
        driver="COG",
        compress="deflate",
        blocksize=BLOCK_SIZE_PX,
        overview_resampling=overviews,
        bigtiff="if_safer",
    )


def sidecar_path(path: Path) -> Path:
    """Where GDAL keeps what a file itself cannot hold."""
    return path.with_name(path.name + ".aux.xml")
