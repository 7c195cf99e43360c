"""The patches of a map as polygons."""

import warnings
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.features import shapes
from scipy import ndimage

from hsidiff.errors import LabelError
from hsidiff.files import write_errors_of, write_whole
from hsidiff.labels.geopackage import check_written
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.pixel_area import pixel_hectares


def map_polygons(drawn: LabelMap, confidence: np.ndarray | None = None) -> geopandas.GeoDataFrame:
    """A polygon for each patch: pixels of one class that share edges.

    Args:
        drawn: the map; pixels without a class are in no polygon.
        confidence: (rows, cols) float, NaN where there is none, or None.

    Returns:
        A table with ``class_id``, ``class``, ``colour`` (``#rrggbb``), ``pixels``, ``area_ha``
        (missing without a place on the earth), with ``confidence``, the mean over the patch, if it
        is given; and the polygon, in the CRS of the map or, without a transform, in columns and
        rows (downwards).
    """
    patches, class_ids = patches_of(drawn.values)
    at = patches.ravel()
    n_pixels = np.bincount(at, minlength=len(class_ids))[1:]
    names = {c.id: c.name for c in drawn.classes}
    colors = {c.id: c.color for c in drawn.classes}
    content = {
        "class_id": class_ids[1:],
        "class": [names[i] for i in class_ids[1:].tolist()],
        "colour": [colors[i] for i in class_ids[1:].tolist()],
        "pixels": n_pixels,
    }
    hectares = pixel_hectares(drawn.shape, drawn.crs, drawn.transform)
    if hectares is not None:
        of_pixels = np.repeat(hectares, drawn.shape[1])
        content["area_ha"] = np.bincount(at, of_pixels, len(class_ids))[1:]
    if confidence is not None:
        content["confidence"] = _patch_means(at, confidence.ravel(), len(class_ids))[1:]
    outlines = _outlines(patches, drawn.transform or Affine.identity())
    crs = None if drawn.crs is None else drawn.crs.to_wkt()
    return geopandas.GeoDataFrame(content, geometry=outlines, crs=crs)


def write_polygons(table: geopandas.GeoDataFrame, path: str | Path) -> None:
    """Write :func:`map_polygons` as ``.gpkg``, layer ``map``; whole or not at all."""
    failures = write_errors_of(path, RuntimeError)  # of pyogrio
    with write_whole(path) as temporary, failures, warnings.catch_warnings():
        # A map of a scene without a georeference has none either.
        warnings.filterwarnings("ignore", "'crs' was not provided")
        table.to_file(temporary, driver="GPKG", layer="map", engine="pyogrio")
        check_written(temporary, "map", len(table))


def read_confidence(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Confidence (rows, cols) float64 as a share of 1, NaN where there is none, of a raster file.

    Raises:
        LabelError: if it is of another size than the map.
    """
    with rasterio.open(path) as dataset:
        if dataset.shape != shape:
            raise LabelError(
                f"{path} is {dataset.shape} (rows, cols), the map is {shape}: move it "
                "elsewhere, or write it again"
            )
        stored = dataset.read(1, masked=True)
        share = stored.astype(np.float64) * dataset.scales[0] + dataset.offsets[0]
    return np.asarray(share.filled(np.nan))


def patches_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the patches of a map from 1: (rows, cols) int32, and the class id of each number."""
    patches, class_ids = np.zeros(values.shape, dtype=np.int32), [np.zeros(1, dtype=np.int64)]
    n_patches = 0
    for class_id in np.unique(values[values > 0]):
        of_class, n_of_class = ndimage.label(values == class_id)
        patches[of_class > 0] = of_class[of_class > 0] + n_patches
        n_patches += n_of_class
        class_ids.append(np.full(n_of_class, class_id))
    return patches, np.concatenate(class_ids)


def _outlines(patches: np.ndarray, transform: Affine) -> list[shapely.Geometry]:
    """One polygon per patch, in the order of their numbers."""
    found = shapes(patches, mask=patches > 0, connectivity=4, transform=transform)
    by_number = {int(number): shapely.geometry.shape(outline) for outline, number in found}
    return [by_number[number] for number in range(1, len(by_number) + 1)]


def _patch_means(at: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    known = np.isfinite(values)
    counts = np.bincount(at[known], minlength=n)
    sums = np.bincount(at[known], values[known], n)
    return np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
