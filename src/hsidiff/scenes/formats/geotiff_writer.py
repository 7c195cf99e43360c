"""Write a scene as GeoTIFF, with all that :mod:`hsidiff.scenes.formats.geotiff` reads back."""

from pathlib import Path

import numpy as np
import rasterio

from hsidiff.files import write_whole
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window


def write_geotiff(scene: Scene, path: str | Path) -> None:
    """Write a scene: its stored numbers, unused bands included, scale, nodata, wavelengths, CRS.

    A GeoTIFF has one number for "no value": of several, the first stands for all.

    The scene is held in memory while it is written.
    """
    rows, cols, n_bands = scene.source.shape
    stored = scene.source.read(Window.whole(scene.shape), np.arange(n_bands))
    for number in scene.more_nodata:
        stored = np.where(stored == number, np.array(scene.nodata, stored.dtype), stored)
    profile = {
        "driver": "GTiff",
        "height": rows,
        "width": cols,
        "count": n_bands,
        "dtype": stored.dtype,
        "nodata": scene.nodata,
        "crs": scene.crs,
        "transform": scene.transform,
        "compress": "deflate",
        "interleave": "band",
    }
    with write_whole(path) as temporary, rasterio.open(temporary, "w", **profile) as dataset:
        dataset.write(np.moveaxis(stored, -1, 0))
        dataset.scales = np.broadcast_to(scene.scale, n_bands).tolist()
        dataset.offsets = np.broadcast_to(scene.offset, n_bands).tolist()
        for band in range(n_bands):
            dataset.update_tags(band + 1, bbl=int(scene.good_bands[band]))
            wavelengths = scene.file_wavelengths_nm
            if wavelengths is not None and np.isfinite(wavelengths[band]):
                micrometres = f"{wavelengths[band] / 1000:.6f}"
                dataset.update_tags(band + 1, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=micrometres)
            widths = scene.file_fwhm_nm
            if widths is not None and np.isfinite(widths[band]):
                dataset.update_tags(band + 1, ns="IMAGERY", FWHM_UM=f"{widths[band] / 1000:.6f}")
