"""Shapefiles as they lie on disks: in the wrong encoding, in parts, zipped."""

import zipfile

import geopandas
import pytest
from three_squares import COUNTS, FEATURES, SQUARES, UMLAUTS, contents, zipped

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.read import read_labels
from hsidiff.labels.vector_file import read_features


def write_shapefile(path, encoding, cpg):
    table = geopandas.GeoDataFrame({"class": UMLAUTS}, geometry=SQUARES, crs=32633)
    table.to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def names_of(labels):
    return sorted(c.name for c in labels.classes)


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [
        ("ISO-8859-1", "1252"),
        ("ISO-8859-1", "ISO-8859-1"),
        ("ISO-8859-1", "ANSI 1252"),
        ("UTF-8", "UTF-8"),
    ],
)
def test_names_of_a_shapefile_are_read_in_their_encoding(grid_scene, folder, encoding, cpg):
    path = write_shapefile(folder / "a.shp", encoding, cpg)
    assert names_of(read_labels(path, grid_scene)) == sorted(UMLAUTS)


@pytest.mark.parametrize(
    ("cpg", "stated"), [("1252", "1252"), (None, "nothing"), ("LATIN1", "LATIN1")]
)
def test_names_in_utf8_that_the_cpg_denies_are_read_with_a_note(grid_scene, folder, cpg, stated):
    path = write_shapefile(folder / "a.shp", "UTF-8", cpg)
    with pytest.warns(HsidiffWarning, match=f"read as UTF-8, which it is.*states {stated}"):
        assert names_of(read_labels(path, grid_scene)) == sorted(UMLAUTS)


@pytest.mark.parametrize("zip_it", [False, True])
def test_a_wrong_cpg_is_named_with_the_way_out(grid_scene, folder, zip_it):
    path = write_shapefile(folder / "a.shp", "ISO-8859-1", "UTF-8")
    given = zipped(folder / "a.zip", path) if zip_it else path
    with pytest.raises(
        LabelError, match=r"states UTF-8, which is not its encoding: write into the"
    ):
        read_labels(given, grid_scene)


@pytest.mark.parametrize("names", [("a.Dbf", "a.Shx", "a.Prj"), ("A.DBF", "A.SHX", "A.PRJ")])
def test_parts_of_a_shapefile_belong_together_in_any_case(grid_scene, folder, tmp_path, names):
    FEATURES.to_file(folder / "a.shp")
    for name in names:
        (folder / name.lower()).rename(folder / name)
    before = contents(folder)
    assert read_labels(folder / "a.shp", grid_scene).counts() == COUNTS
    assert contents(folder) == before
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for item in folder.iterdir():
            archive.write(item, item.name)
    assert read_labels(tmp_path / "a.zip", grid_scene).counts() == COUNTS


@pytest.mark.parametrize("suffix", [".shx", ".dbf"])
def test_a_part_of_a_shapefile_that_is_missing_is_named(grid_scene, folder, suffix):
    FEATURES.to_file(folder / "a.shp")
    (folder / f"a{suffix}").unlink()
    before = contents(folder)
    with pytest.raises(LabelError, match=f"its {suffix} file is missing: copy all files"):
        read_labels(folder / "a.shp", grid_scene)
    assert contents(folder) == before


def test_a_broken_shapefile_is_one_clear_line(folder):
    for suffix in (".shp", ".shx", ".dbf"):
        (folder / f"a{suffix}").write_bytes(b"not a shapefile")
    with pytest.raises(LabelError, match="not a vector file that can be read") as error:
        read_features(folder / "a.shp", None, None)
    assert "\n" not in str(error.value)
    assert "hsidiff-labels-" not in str(error.value)
