"""Which product a folder or an archive of files is, and its scene."""

from pathlib import Path

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
    return open_geotiff(package.image.gdal_path)
