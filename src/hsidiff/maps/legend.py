"""What tells other programs the classes of a map: colour table, PAM sidecar, QGIS style."""

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from hsidiff.labels.hex_colors import rgb
from hsidiff.labels.label_map import LandClass

UNCLASSIFIED = "unclassified"
NOT_SURE, NONE_OF_THESE = ("not sure", "#d9d9d9"), ("none of these", "#525252")
"""Name and colour of what is no class, by which it is known in a map that is read again."""

# GDAL lists category names by position, so a map with the id 2,000,000,000 would need as many
# entries. Above this id the attribute table alone carries the names.
MAX_CATEGORY_ID = 65_535

# GDAL's numbers for field types and usages (gdal.h: GDALRATFieldType, GDALRATFieldUsage).
_INTEGER, _STRING = "0", "2"
_ATTRIBUTE_FIELDS = (
    ("Value", _INTEGER, "5"),
    ("Class", _STRING, "2"),
    ("Red", _INTEGER, "6"),
    ("Green", _INTEGER, "7"),
    ("Blue", _INTEGER, "8"),
    ("PixelCount", _INTEGER, "1"),
)

# XML 1.0 forbids these even when escaped; a broken shapefile can hold them.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def undecided_of(legend: Sequence[LandClass]) -> tuple[LandClass, ...]:
    """The entries of a map's legend that are no class of the ground, see ``Doubt``."""
    return tuple(c for c in legend if (c.name, c.color) in (NOT_SURE, NONE_OF_THESE))


def pam_sidecar(classes: Sequence[LandClass], pixel_counts: Mapping[int, int]) -> str:
    """The text of GDAL's ``.aux.xml``: category names and a thematic attribute table of band 1.

    Args:
        classes: the legend.
        pixel_counts: number of pixels of the map by class id; an id that is missing has none.

    Source: https://gdal.org/user/raster_data_model.html, and the PAM schema of GDAL.
    """
    root = ElementTree.Element("PAMDataset")
    band = ElementTree.SubElement(root, "PAMRasterBand", band="1")
    _add_text(band, "Description", "land-cover class")
    names = {0: UNCLASSIFIED} | {land_class.id: land_class.name for land_class in classes}
    if max(names) <= MAX_CATEGORY_ID:
        categories = ElementTree.SubElement(band, "CategoryNames")
        for class_id in range(max(names) + 1):
            _add_text(categories, "Category", names.get(class_id, ""))
    table = ElementTree.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for position, (name, kind, usage) in enumerate(_ATTRIBUTE_FIELDS):
        field = ElementTree.SubElement(table, "FieldDefn", index=str(position))
        for tag, text in (("Name", name), ("Type", kind), ("Usage", usage)):
            _add_text(field, tag, text)
    for position, land_class in enumerate(classes):
        row = ElementTree.SubElement(table, "Row", index=str(position))
        count = pixel_counts.get(land_class.id, 0)
        for value in (land_class.id, land_class.name, *rgb(land_class.color), count):
            _add_text(row, "F", str(value))
    return xml_document(root)


def qgis_style(classes: Sequence[LandClass]) -> str:
    """The text of a ``.qml`` file: QGIS draws each class in its colour, with its name."""
    root, renderer = style_of_band("paletted")
    palette = ElementTree.SubElement(renderer, "colorPalette")
    for land_class in classes:
        ElementTree.SubElement(
            palette,
            "paletteEntry",
            value=str(land_class.id),
            color=land_class.color,
            label=_NOT_IN_XML.sub(" ", land_class.name),
            alpha="255",
        )
    return xml_document(root)


def style_of_band(kind: str, **settings: str) -> tuple[ElementTree.Element, ElementTree.Element]:
    """The root of a style of QGIS, and in it a renderer of band 1 of a kind, to be filled."""
    root = ElementTree.Element("qgis", version="3.22", styleCategories="Symbology")
    pipe = ElementTree.SubElement(root, "pipe")
    band = {"type": kind, "band": "1", "opacity": "1", "alphaBand": "-1", **settings}
    return root, ElementTree.SubElement(pipe, "rasterrenderer", band)


def _add_text(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = _NOT_IN_XML.sub(" ", text)


def xml_document(root: ElementTree.Element) -> str:
    """An element as the text of a file."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
