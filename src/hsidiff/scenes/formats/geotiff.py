"""GeoTIFF and COG files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window as RasterioWindow

from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm, wavelengths_of_names
from hsidiff.scenes.formats.envi import find_header
from hsidiff.scenes.formats.envi_header import EnviHeader, is_envi_header
from hsidiff.scenes.formats.gdal import georeference, open_raster
from hsidiff.scenes.formats.pixels import check_pixels
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window


@dataclass(frozen=True)
class GeotiffSource:
    """Pixels of a GeoTIFF.

    Attributes:
        path: the file.
        shape: rows, cols, bands.
        dtype: the type of the stored numbers.
        masked: whether the file has a mask or an alpha band, whose hidden pixels read as NaN.
    """

    path: Path
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    masked: bool

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        part = RasterioWindow(window.col, window.row, window.n_cols, window.n_rows)
        numbers = [int(band) + 1 for band in bands]
        with open_raster(self.path, "GTiff") as dataset:
            stored = np.moveaxis(dataset.read(numbers, window=part), 0, -1)
            if not self.masked:
                return stored
            shown = np.moveaxis(dataset.read_masks(numbers, window=part), 0, -1) != 0
        # float32 holds integers of up to 24 bits exactly; nodata is compared after this.
        floating = np.result_type(stored.dtype, np.float32)
        return np.where(shown, stored.astype(floating), np.array(np.nan, floating))


def open_geotiff(path: Path) -> Scene:
    """Open a scene of a GeoTIFF or COG.

    Wavelengths come from the ``IMAGERY`` domain of the bands, their tags or their descriptions.
    What the file does not say is taken from an ENVI header of the same stem beside it.

    Raises:
        SceneError: if GDAL cannot read the file, or its numbers are complex.
    """
    with open_raster(path, "GTiff") as dataset:
        # All bands of a GeoTIFF have one type; "complex_int16" is unknown to NumPy.
        name = dataset.dtypes[0]
        dtype = np.dtype(np.complex64 if name.startswith("complex") else name)
        shape = (dataset.height, dataset.width, dataset.count)
        source = GeotiffSource(path, shape, dtype, _is_masked(dataset))
        check_pixels(str(path), source.shape, source.dtype)
        crs, transform = georeference(dataset)
        scene = Scene(
            name=path.stem,
            source=source,
            good_bands=_good_bands(dataset),
            file_wavelengths_nm=_wavelengths_nm(dataset, path),
            nodata=dataset.nodata,
            scale=np.array(dataset.scales),
            offset=np.array(dataset.offsets),
            crs=crs,
            transform=transform,
            files=(path,),
        )
    return _completed_by_header(scene, path)


def _is_masked(dataset: rasterio.DatasetReader) -> bool:
    """Whether a band has a mask other than the one that its nodata number makes."""
    plain = {MaskFlags.all_valid, MaskFlags.nodata}
    return any(not plain.intersection(flags) for flags in dataset.mask_flag_enums)


def _good_bands(dataset: rasterio.DatasetReader) -> np.ndarray:
    """(bands,) bool: False where a band's ``bbl`` tag is 0, and for an alpha band."""
    flags = [_tags(dataset, band).get("bbl", "1") for band in dataset.indexes]
    good = [flag.strip() not in {"0", "0.0", "false"} for flag in flags]
    is_alpha = [meaning is ColorInterp.alpha for meaning in dataset.colorinterp]
    return np.array(good) & ~np.array(is_alpha)


def _wavelengths_nm(dataset: rasterio.DatasetReader, path: Path) -> np.ndarray | None:
    imagery = [_tags(dataset, band, "IMAGERY") for band in dataset.indexes]
    values = _numbers([tags.get("central_wavelength_um") for tags in imagery])
    if values is not None:
        return wavelengths_in_nm(values, "um", str(path))
    default = [_tags(dataset, band) for band in dataset.indexes]
    values = _numbers([tags.get("wavelength") for tags in default])
    if values is not None:
        of_file = _tags(dataset, 0).get("wavelength_units")
        unit = default[0].get("wavelength_units", of_file)
        return wavelengths_in_nm(values, unit, str(path))
    return wavelengths_of_names(dataset.descriptions, str(path))


def _tags(dataset: rasterio.DatasetReader, band: int, domain: str | None = None) -> dict[str, str]:
    """Tags of a band (0: of the file) with lower-case keys."""
    return {key.lower(): value for key, value in dataset.tags(band, ns=domain).items()}


def _numbers(texts: Sequence[str | None]) -> list[float] | None:
    """The numbers, or None unless every text is one."""
    try:
        return [float(text) for text in texts]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _completed_by_header(scene: Scene, path: Path) -> Scene:
    """Take from an ENVI header beside the file what the file itself does not say."""
    header_path = find_header(path)
    if header_path is None or not is_envi_header(header_path):
        return scene
    header = EnviHeader.read(header_path)
    sizes = tuple(header.integer(key) for key in ("lines", "samples", "bands"))
    if sizes != scene.source.shape:
        return scene
    n_bands = sizes[2]
    changes: dict[str, Any] = {"good_bands": scene.good_bands & header.good_bands(n_bands)}
    if scene.file_wavelengths_nm is None:
        changes["file_wavelengths_nm"] = header.wavelengths_nm()
    if scene.nodata is None:
        changes["nodata"] = header.number("data ignore value")
    if np.all(scene.scale == 1.0) and np.all(scene.offset == 0.0):
        changes |= {"scale": header.scale(n_bands), "offset": header.offset(n_bands)}
    return replace(scene, **changes, files=(*scene.files, header_path))
