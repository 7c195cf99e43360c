"""Class names and colours reach GDAL and QGIS."""

from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.crs import CRS

from hsidiff.errors import LabelError
from hsidiff.labels.label_map import LandClass
from hsidiff.maps.geotiff import write_class_map
from hsidiff.maps.legend import MAX_CATEGORY_ID, pam_sidecar, qgis_style

CLASSES = (
    LandClass(1, "Wiese <&> \"Weide\" 'x'", "#228833"),
    LandClass(3, "Wald äöü 森林", "#4477aa"),
    LandClass(4, "water", "#66ccee"),
)


@pytest.fixture
def written(tmp_path):
    values = np.array([[0, 1, 3], [4, 4, 4]])
    path = tmp_path / "map.tif"
    write_class_map(values, CLASSES, path, CRS.from_epsg(32633), Affine(10, 0, 5e5, 0, -10, 5e6))
    return path


def as_gdal_sees_it(path):
    """GDAL's own view of a file: what it writes into a VRT."""
    vrt = path.with_suffix(".vrt")
    rasterio.shutil.copy(path, vrt, driver="VRT")
    return ElementTree.parse(vrt)


def test_gdal_reads_the_class_names_by_id(written):
    names = [category.text for category in as_gdal_sees_it(written).iter("Category")]
    assert names == ["unclassified", CLASSES[0].name, None, CLASSES[1].name, CLASSES[2].name]


def test_gdal_reads_the_attribute_table(written):
    table = as_gdal_sees_it(written).find(".//GDALRasterAttributeTable")
    assert table.get("tableType") == "thematic"
    rows = [[cell.text for cell in row] for row in table.findall("Row")]
    assert rows == [
        ["1", CLASSES[0].name, "34", "136", "51", "1"],
        ["3", CLASSES[1].name, "68", "119", "170", "1"],
        ["4", CLASSES[2].name, "102", "204", "238", "3"],
    ]


def test_reading_the_map_neither_changes_nor_adds_a_sidecar(written):
    before = {file.name: file.read_bytes() for file in written.parent.iterdir()}
    with rasterio.open(written) as dataset:
        dataset.read()
    as_gdal_sees_it(written).getroot()
    written.with_suffix(".vrt").unlink()
    assert {file.name: file.read_bytes() for file in written.parent.iterdir()} == before


def test_the_palette_holds_the_colours_and_0_is_transparent(written):
    with rasterio.open(written) as dataset:
        palette = dataset.colormap(1)
        assert dataset.colorinterp == (rasterio.enums.ColorInterp.palette,)
        assert dataset.descriptions == ("land-cover class",)
    assert palette[3] == (0x44, 0x77, 0xAA, 255)
    assert palette[0][3] == 0


def test_the_qgis_style_lists_every_class(written):
    root = ElementTree.parse(written.with_suffix(".qml")).getroot()
    assert root.tag == "qgis"
    assert root.find("pipe/rasterrenderer").get("type") == "paletted"
    entries = root.findall("pipe/rasterrenderer/colorPalette/paletteEntry")
    found = [(int(e.get("value")), e.get("label"), e.get("color")) for e in entries]
    assert found == [(c.id, c.name, c.color) for c in CLASSES]


def test_names_that_xml_cannot_hold_are_written_without_those_characters():
    broken = (LandClass(1, "a\x00b\x1f\uffff", "#000000"),)
    for text in (pam_sidecar(broken, {}), qgis_style(broken)):
        root = ElementTree.fromstring(text)
        assert any("a b" in (e.text or e.get("label") or "") for e in root.iter())


def test_huge_ids_are_named_in_the_attribute_table_only():
    names = {1: "one", MAX_CATEGORY_ID + 1: "far"}
    classes = tuple(LandClass(i, name, "#000000") for i, name in names.items())
    root = ElementTree.fromstring(pam_sidecar(classes, {}))
    assert root.find(".//CategoryNames") is None
    assert {int(row[0].text): row[1].text for row in root.iter("Row")} == names


def test_a_value_without_a_class_is_refused(tmp_path):
    with pytest.raises(LabelError, match="value 2 of the map"):
        write_class_map(np.array([[1, 2]]), CLASSES, tmp_path / "map.tif")
    assert list(tmp_path.iterdir()) == []
