"""Which product a folder or an archive of files is, and its scene."""

import warnings
from pathlib import Path

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.geotiff import open_geotiff
from hsidiff.scenes.formats.products.desis import open_desis
from hsidiff.scenes.formats.products.enmap import open_enmap
from hsidiff.scenes.formats.products.enmap_metadata import speaks_of_enmap_bands
from hsidiff.scenes.formats.products.package import find_package
from hsidiff.scenes.scene import Scene


def open_package(path: Path, apply_masks: bool) -> Scene | None:
    """Open the EnMAP or DESIS scene of a folder, an archive, or one of its files.

    Args:
        path: the folder, the archive, the spectral image, or its METADATA.XML.
        apply_masks: whether quality layers hide pixels.

    Returns:
        The scene; None if there is no such product.

    Raises:
        SceneError: if there are several, or a file is broken.
    """
    package = find_package(path)
    if package is None:
        return None
    metadata = package.find(r"METADATA\.xml")
    if metadata is not None and speaks_of_enmap_bands(metadata.read()):
        return open_enmap(package, metadata, apply_masks)
    if package.find(r"SPECTRAL_IMAGE\.hdr") is not None:
        return open_desis(package)
    return with_note_of_metadata(open_geotiff(package.image.gdal_path))


def with_note_of_metadata(scene: Scene) -> Scene:
    """The scene of a product's image alone; without its metadata it is numbers without a meaning.

    Warns:
        HsidiffWarning: if nothing gives its wavelengths.
    """
    if scene.file_wavelengths_nm is None:
        warnings.warn(
            f"{scene.name}: its METADATA.XML (EnMAP) or .hdr (DESIS) is not beside it, so "
            "wavelengths, gains and quality layers are unknown: lay it there, or name the folder "
            "of the product",
            HsidiffWarning,
            stacklevel=4,
        )
    return scene
