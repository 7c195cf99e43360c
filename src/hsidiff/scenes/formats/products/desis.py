"""DESIS L2A: a GeoTIFF, and a header like ENVI's that has its wavelengths and gains."""

from dataclasses import replace

from hsidiff.scenes.formats.envi_header import EnviHeader
from hsidiff.scenes.formats.geotiff import open_geotiff, with_header
from hsidiff.scenes.formats.products.package import Package
from hsidiff.scenes.scene import Scene


def open_desis(package: Package) -> Scene:
    """Open a DESIS scene; without a header it is a GeoTIFF as any other.

    Raises:
        SceneError: if a file is broken.
    """
    scene = open_geotiff(package.image.gdal_path)
    header = package.find(r"SPECTRAL_IMAGE\.hdr")
    if package.in_archive and header is not None:
        scene = with_header(scene, EnviHeader.parse(header.gdal_path, header.read()))
    return replace(scene, name=package.name, files=package.files(package.image, header))
