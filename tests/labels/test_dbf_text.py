"""Tests for text of dBASE tables: what it is, and what a .cpg and the .dbf say it is."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.dbf_text import BYTES, with_right_text
from hsidiff.labels.legend import arcgis_legend
from hsidiff.labels.shapefile_text import in_right_encoding

NAMES = ["Gebüsch", "Wäldchen"]
_PLACES = [b"ABCDEFGHIJKLMNOP", b"abcdefghijklmnop"]
_LANGUAGE_AT = 29


def write_shapefile(folder, encoding, cpg=None, language=0, names=NAMES):
    """A shapefile whose names are bytes of an encoding, whatever is said of them."""
    path = folder / "a.shp"
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]
    table = geopandas.GeoDataFrame(
        {"class": [p.decode() for p in _PLACES]}, geometry=shapes, crs=32633
    )
    table.to_file(path, encoding="UTF-8")
    dbf, stated = path.with_suffix(".dbf"), path.with_suffix(".cpg")
    content = dbf.read_bytes()
    for place, name in zip(_PLACES, names, strict=True):
        content = content.replace(place, name.encode(encoding).ljust(len(place)))
    dbf.write_bytes(content[:_LANGUAGE_AT] + bytes([language]) + content[_LANGUAGE_AT + 1 :])
    stated.unlink(missing_ok=True)
    if cpg is not None:
        stated.write_text(cpg, encoding="utf-8")
    return path


def names_in(path):
    return list(in_right_encoding(path, path.stem, path.name)["class"])


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [
        ("cp850", "OEM 850"), ("cp850", "CP850"), ("cp850", "850"), ("cp850", "IBM850"),
        ("cp437", "OEM 437"), ("cp1252", "ANSI 1252"), ("cp1252", "windows-1252"),
        ("cp1252", "ANSI"), ("cp1252", "88591"), ("cp1252", "ISO8859_1"), ("cp1250", "ANSI 1250"),
        ("cp852", "CP852"), ("iso8859-15", "ISO-8859-15"), ("utf-8", "65001"),
        ("utf-8", '"UTF-8"'), ("utf-8", "\ufeffUTF-8\0"),
    ],
)  # fmt: skip
def test_a_cpg_is_understood_in_every_spelling(tmp_path, encoding, cpg):
    assert names_in(write_shapefile(tmp_path, encoding, cpg)) == NAMES


@pytest.mark.parametrize(
    ("encoding", "language"),
    [("cp437", 1), ("cp850", 2), ("cp1252", 3), ("mac_roman", 4), ("cp1252", 87), ("cp852", 100),
     ("cp1250", 200)],
)  # fmt: skip
@pytest.mark.parametrize("cpg", [None, "", "OEM"])
def test_without_a_cpg_that_names_a_page_the_byte_of_the_dbf_counts(
    tmp_path, encoding, language, cpg
):
    assert names_in(write_shapefile(tmp_path, encoding, cpg, language)) == NAMES


def test_the_cpg_goes_before_the_byte(tmp_path):
    assert names_in(write_shapefile(tmp_path, "cp850", "OEM 850", language=3)) == NAMES


def test_letters_that_latin_1_lacks_are_read_where_it_is_stated(tmp_path):
    names = ["Wald \u2013 dicht", "Šuma"]
    assert names_in(write_shapefile(tmp_path, "cp1252", "ISO-8859-1", names=names)) == names


@pytest.mark.parametrize("encoding", ["gbk", "cp932"])
def test_names_of_east_asia_that_are_utf_8_too_are_read_as_stated(tmp_path, encoding):
    names = ["联通" if encoding == "gbk" else "森林", "水"]
    assert names_in(write_shapefile(tmp_path, encoding, encoding, names=names)) == names


def test_utf_8_is_recognised_with_a_note(tmp_path):
    path = write_shapefile(tmp_path, "utf-8", "OEM 850")
    with pytest.warns(
        HsidiffWarning, match="read as UTF-8, which it is, though its .cpg states OE"
    ):
        assert names_in(path) == NAMES


def test_text_of_which_nothing_is_stated_is_read_as_windows_does_with_a_note(tmp_path):
    path = write_shapefile(tmp_path, "cp1252")
    with pytest.warns(HsidiffWarning, match=r"Windows-1252 \('Gebüsch'\), as neither a .cpg"):
        assert names_in(path) == NAMES


@pytest.mark.parametrize(
    ("encoding", "cpg", "stated"),
    [("cp850", None, "nothing"), ("cp850", "OEM", "OEM"), ("cp1252", "UTF-8", "UTF-8"),
     ("cp1252", "Martian", "Martian"), ("cp850", "1252", "1252"), ("cp1252", "hex", "hex")],
)  # fmt: skip
def test_text_that_may_be_of_several_pages_is_refused_with_the_way_out(
    tmp_path, encoding, cpg, stated
):
    path = write_shapefile(tmp_path, encoding, cpg)
    with pytest.raises(LabelError, match=f"states {stated}, which is not its.*write into the .cpg"):
        names_in(path)


def test_names_of_columns_and_cells_that_are_no_text_are_kept(tmp_path):
    (tmp_path / "a.cpg").write_text("850")
    table = pd.DataFrame(
        {b"Fl\x84che".decode(BYTES): [1.5, 2.5], "class": [b"M\x81ll".decode(BYTES), None]}
    )
    read = with_right_text(table, tmp_path / "a.dbf", "a.dbf")
    assert list(read) == ["Fläche", "class"]
    assert np.array_equal(read["Fläche"], [1.5, 2.5])
    assert read["class"][0] == "Müll"
    assert read["class"].isna()[1]


def test_names_of_the_classes_of_a_raster_of_arcgis_are_read_likewise(tmp_path):
    shapefile = write_shapefile(tmp_path, "cp850", "OEM 850")
    content = shapefile.with_suffix(".dbf").read_bytes()
    # Its only field becomes two: one digit of an id, then the name.
    field = content[32:64]
    first = b"Value".ljust(11, b"\0") + b"N" + field[12:16] + bytes([1]) + field[17:]
    head = bytearray(content[:32])
    head[8:10] = (int.from_bytes(head[8:10], "little") + 32).to_bytes(2, "little")
    head[10:12] = (int.from_bytes(head[10:12], "little") + 1).to_bytes(2, "little")
    length = int.from_bytes(content[10:12], "little")
    start = int.from_bytes(content[8:10], "little")
    rows = [content[start + i * length :][:length] for i in range(2)]
    numbered = b"".join(b" " + str(i + 1).encode() + row[1:] for i, row in enumerate(rows))
    vat = tmp_path / "map.tif.vat.dbf"
    vat.write_bytes(bytes(head) + first + field + b"\r" + numbered + b"\x1a")
    (tmp_path / "map.tif.vat.cpg").write_text("OEM 850")
    assert arcgis_legend(tmp_path / "map.tif").names == dict(enumerate(NAMES, start=1))
