"""EnMAP L2A: a GeoTIFF without wavelengths, a METADATA.XML that has them, and quality layers."""

import math
from dataclasses import dataclass, replace

import numpy as np

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm
from hsidiff.scenes.formats.gdal import open_raster
from hsidiff.scenes.formats.geotiff import open_geotiff
from hsidiff.scenes.formats.products.enmap_metadata import EnmapMetadata
from hsidiff.scenes.formats.products.masks import (
    HidingSource,
    bands_left_out,
    with_masks,
    without_masks,
)
from hsidiff.scenes.formats.products.package import Member, Package
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

# Snow is a class, and the test flags are about numbers, not about what is seen.
_LAYERS = {
    "QL_QUALITY_CLOUD": "cloud",
    "QL_QUALITY_CLOUDSHADOW": "cloud shadow",
    "QL_QUALITY_CIRRUS": "cirrus",
    "QL_QUALITY_HAZE": "haze",
}


_MOST_PIXELS = 2**27


@dataclass(frozen=True)
class BackgroundSource(HidingSource):
    """Pixels of another source; those that hold one number in all bands read as NaN.

    Of older products the number is 0, which is a reflectance elsewhere.

    Attributes:
        number: what pixels outside the image hold.
    """

    number: float

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        stored = self.source.read(window, bands)
        outside = (stored == self.number).all(axis=-1)
        if outside.any() and len(bands) < self.shape[2]:
            every = self.source.read(window, np.arange(self.shape[2]))
            outside = (every == self.number).all(axis=-1)
        values = stored.astype(np.result_type(stored.dtype, np.float32))
        values[outside] = np.nan
        return values


def open_enmap(package: Package, metadata: Member, apply_masks: bool) -> Scene:
    """Open an EnMAP scene: gains, offsets and wavelengths of its metadata, its quality layers.

    Raises:
        SceneError: if a file is broken, or the metadata speak of another image.

    Warns:
        HsidiffWarning: if quality layers hide pixels.
    """
    scene = open_geotiff(package.image.gdal_path)
    about = EnmapMetadata.parse(metadata.read(), scene.source.shape[2], metadata.name)
    layers = {
        name: member
        for kind, name in _LAYERS.items()
        if (member := package.find_raster(kind)) is not None
    }
    good_bands = scene.good_bands & ~about.is_empty
    scene = replace(
        scene,
        name=package.name,
        good_bands=good_bands if good_bands.any() else scene.good_bands,
        file_wavelengths_nm=wavelengths_in_nm(about.wavelengths_nm, "nm", metadata.name),
        file_fwhm_nm=about.fwhm_nm,
        scale=about.gains,
        offset=about.offsets,
        files=package.files(package.image, metadata, *layers.values()),
        notes=bands_left_out(about.is_empty & good_bands.any(), "without value by the metadata"),
    )
    scene = _with_background(scene, about.background)
    if not apply_masks:
        return without_masks(scene, layers)
    return with_masks(scene, {name: _layer(m, scene.shape) for name, m in layers.items()})


def _with_background(scene: Scene, background: float | None) -> Scene:
    """The scene with the number of pixels outside the image, which the image may not state."""
    number = scene.nodata if background is None else background
    if number == 0:
        source = BackgroundSource(scene.source, 0.0)
        return replace(scene.with_nodata([]), source=source)
    known = scene.nodata_numbers
    if number is None or number in known:
        return scene
    return scene.with_nodata([*known, number])


def _layer(member: Member, shape: tuple[int, int]) -> np.ndarray:
    """(rows, cols) bool, where a quality layer shows something.

    Raises:
        SceneError: if it is of another size than the image.
    """
    with open_raster(member.gdal_path, "GTiff") as dataset:
        if dataset.shape != shape:
            raise SceneError(
                f"{member.name} is {dataset.shape} (rows, cols), the image is {shape}: it is of "
                "another product: remove it"
            )
        if math.prod(shape) > _MOST_PIXELS:
            raise SceneError(f"{member.name} is {shape} (rows, cols), as no layer of EnMAP is")
        values = dataset.read(1)
        # 255 stands for pixels outside the image.
        shown: np.ndarray = (values != 0) & (values != 255)
    return shown
