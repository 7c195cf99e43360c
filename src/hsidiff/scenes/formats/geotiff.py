"""GeoTIFF and COG files."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import Interleaving, MaskFlags

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.address import gdal_name
from hsidiff.scenes.formats.envi_header import EnviHeader, is_envi_header
from hsidiff.scenes.formats.envi_pair import find_header
from hsidiff.scenes.formats.gdal import (
    georeference,
    of_rasterio,
    open_raster,
    placed_by,
    warn_of_no_grid,
)
from hsidiff.scenes.formats.geotiff_bands import alpha_of, fwhm_nm, good_bands, wavelengths_nm
from hsidiff.scenes.formats.pixels import LARGEST_BLOCK_BYTES, check_pixels
from hsidiff.scenes.formats.tiff_offsets import check_offsets
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

GEOTIFF_SUFFIXES = (".tif", ".tiff", ".gtiff", ".cog")
_MAPPED = {"GTIFF_VIRTUAL_MEM_IO": "YES"}
"""Of a file that is not compressed only the pixels that are shown are touched, not whole blocks."""


@dataclass(frozen=True)
class GeotiffSource:
    """Pixels of a GeoTIFF.

    Attributes:
        path: the file, or an address.
        shape: rows, cols, bands.
        dtype: the type of the stored numbers.
        masked: whether the file has a mask, whose hidden pixels read as NaN.
        alpha: position of the alpha band, whose pixels of 0 read as NaN in all bands; None without.
    """

    path: Path
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    masked: bool
    alpha: int | None = None

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        return self.read_nearest(window, bands, (window.n_rows, window.n_cols))

    def read_nearest(self, window: Window, bands: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """As :meth:`read`, but ``shape`` (rows, cols) pixels of the window, evenly spread.

        Where the file has overviews, pixels of the nearest one are taken.
        """
        part = of_rasterio(window)
        numbers = [int(band) + 1 for band in bands]
        size = (len(numbers), *shape)
        is_mapped = shape != (window.n_rows, window.n_cols) and self._has_all_blocks()
        with open_raster(self.path, "GTiff", **(_MAPPED if is_mapped else {})) as dataset:
            stored = np.moveaxis(dataset.read(numbers, window=part, out_shape=size), 0, -1)
            if not self.masked and self.alpha is None:
                return stored
            shown = np.ones(stored.shape, dtype=bool)
            if self.masked:
                shown &= (
                    np.moveaxis(dataset.read_masks(numbers, window=part, out_shape=size), 0, -1)
                    != 0
                )
            if self.alpha is not None:  # GDAL makes it a mask only of one and of three bands
                shown &= dataset.read(self.alpha + 1, window=part, out_shape=shape)[..., None] != 0
        # float32 holds integers of up to 24 bits exactly; nodata is compared after this.
        floating = np.result_type(stored.dtype, np.float32)
        return np.where(shown, stored.astype(floating), np.array(np.nan, floating))

    def packed_block(self) -> tuple[int, int] | None:
        """Rows and columns of a block that is unpacked, with all its bands, for a single pixel.

        None where every n-th pixel is quick to read: the file is not compressed, keeps its bands
        apart, or has overviews.
        """
        with open_raster(self.path, "GTiff") as dataset:
            is_together = dataset.interleaving is Interleaving.pixel
            if dataset.compression is None or not is_together or dataset.overviews(1):
                return None
            rows, cols = dataset.block_shapes[0]
            return rows, cols

    def _has_all_blocks(self) -> bool:
        """Whether the file is so large that none is left out; GDAL maps no file with gaps."""
        if gdal_name(self.path) is not None:
            return False
        return self.path.stat().st_size > math.prod(self.shape) * self.dtype.itemsize


def open_geotiff(path: Path) -> Scene:
    """Open a scene of a GeoTIFF or COG.

    Wavelengths come from tags of the bands or the file, or from descriptions of the bands.
    What the file does not say is taken from an ENVI header of the same stem beside it.

    Raises:
        SceneError: if GDAL cannot read the file, its numbers are complex, or there are several
            images in it.

    Warns:
        HsidiffWarning: if its pixels have places, but lie on no grid.
    """
    check_offsets(path)
    with open_raster(path, "GTiff") as dataset:
        # All bands of a GeoTIFF have one type; "complex_int16" is unknown to NumPy.
        name = dataset.dtypes[0]
        dtype = np.dtype(np.complex64 if name.startswith("complex") else name)
        shape = (dataset.height, dataset.width, dataset.count)
        masked = _is_masked(dataset) or _bands_lack_apart(dataset)
        source = GeotiffSource(path, shape, dtype, masked, alpha_of(dataset))
        check_pixels(str(path), source.shape, source.dtype)
        refuse_several_images(dataset, path)
        _check_blocks(dataset, path)
        crs, transform = georeference(dataset)
        warn_of_no_grid(path, placed_by(dataset))
        good = good_bands(dataset, path)
        wavelengths = wavelengths_nm(dataset, good, path)
        scene = Scene(
            name=path.stem,
            source=source,
            good_bands=good,
            file_wavelengths_nm=wavelengths.nm,
            file_fwhm_nm=fwhm_nm(dataset),
            nodata=None if _bands_lack_apart(dataset) else dataset.nodata,
            scale=np.array(dataset.scales),
            offset=np.array(dataset.offsets),
            crs=crs,
            transform=transform,
            files=(path,) if gdal_name(path) is None else (),
            notes=wavelengths.notes + _note_of_nodata(dataset),
        )
    return _completed_by_header(scene, path) if gdal_name(path) is None else scene


def _is_masked(dataset: rasterio.DatasetReader) -> bool:
    """Whether a band has a mask other than the one that its nodata number makes."""
    plain = {MaskFlags.all_valid, MaskFlags.nodata}
    return any(not plain.intersection(flags) for flags in dataset.mask_flag_enums)


def _bands_lack_apart(dataset: rasterio.DatasetReader) -> bool:
    """Whether bands have nodata numbers of their own, as a sidecar ``.aux.xml`` may say.

    Then GDAL's masks of single bands, which know them, hide pixels.
    """
    alpha = alpha_of(dataset)
    said = {str(nodata) for band, nodata in enumerate(dataset.nodatavals) if band != alpha}
    return len(said) > 1


def _note_of_nodata(dataset: rasterio.DatasetReader) -> tuple[str, ...]:
    return ("bands have nodata numbers of their own",) if _bands_lack_apart(dataset) else ()


def _check_blocks(dataset: rasterio.DatasetReader, path: Path) -> None:
    """Refuse a file whose blocks are too large to unpack: one pixel of it would need them whole.

    Raises:
        SceneError: naming their size.
    """
    is_together = dataset.interleaving is Interleaving.pixel
    n_bands = dataset.count if is_together else 1
    for (rows, cols), name in zip(dataset.block_shapes, dataset.dtypes, strict=True):
        size = rows * cols * n_bands * _bytes_per_number(name)
        if size > LARGEST_BLOCK_BYTES:
            raise SceneError(
                f"{path} is stored in blocks of {rows} x {cols} pixels, {size} bytes each, which "
                "have to be read whole: store it in tiles (gdal_translate -co TILED=YES)"
            )


def _bytes_per_number(name: str) -> int:
    return 8 if name.startswith("complex") else np.dtype(name).itemsize


def refuse_several_images(dataset: rasterio.DatasetReader, path: Path) -> None:
    """Refuse a file of several images, of which only the first would be read.

    Raises:
        SceneError: naming how many there are.
    """
    n_images = len(dataset.subdatasets)
    if n_images > 1:
        raise SceneError(
            f"{path} holds {n_images} images one after the other, a scene is one image of many "
            f"bands: save them as bands of one (gdal_translate GTIFF_DIR:1:{path.name} band_1.tif, "
            "then gdal_merge.py -separate)"
        )


def _completed_by_header(scene: Scene, path: Path) -> Scene:
    """Take from an ENVI header beside the file what the file itself does not say."""
    header_path = find_header(path)
    if header_path is None or not is_envi_header(header_path):
        return scene
    return with_header(scene, EnviHeader.read(header_path))


def with_header(scene: Scene, header: EnviHeader) -> Scene:
    """Take from an ENVI header what a GeoTIFF does not say, if it speaks of the same sizes."""
    sizes = tuple(header.integer(key) for key in ("lines", "samples", "bands"))
    if sizes != scene.source.shape:
        return scene
    n_bands = sizes[2]
    changes: dict[str, Any] = {"good_bands": scene.good_bands & header.good_bands(n_bands)}
    if scene.file_wavelengths_nm is None:
        wavelengths = header.wavelengths_nm()
        changes["file_wavelengths_nm"] = wavelengths.nm
        changes["file_fwhm_nm"] = header.fwhm_nm(wavelengths.nm)
        changes["notes"] = (*scene.notes, *wavelengths.notes)
    if scene.nodata is None:
        scene = scene.with_nodata(header.ignored_numbers())
    if np.all(scene.scale == 1.0) and np.all(scene.offset == 0.0):
        changes |= {"scale": header.scale(n_bands), "offset": header.offset(n_bands)}
    return replace(scene, **changes, files=(*scene.files, header.path))
