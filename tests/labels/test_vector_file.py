"""Files of points and polygons as they lie on disks: edited, zipped, in the wrong encoding."""

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import Point
from three_squares import COUNTS, FEATURES, SQUARES, UMLAUTS, contents, zipped

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.read import read_labels


def third_square(connection):
    """Insert the third square as an edit."""
    insert(connection, b"GP\x00\x01" + struct.pack("<i", 32633) + shapely.to_wkb(SQUARES[2]))


def insert(connection, blob):
    """Insert a geometry, without the functions that GeoPackage's triggers call."""
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        connection.create_function(name, 1, lambda blob: 0.0)
    connection.execute("insert into labels (geom, class) values (?, 3)", (blob,))


def write_with_edits(folder, mode, work):
    """A GeoPackage whose third square is in its ``-wal``, or half done in its ``-journal``."""
    work.mkdir()
    path = work / "labels.gpkg"
    pyogrio.write_dataframe(FEATURES[:2], path, layer="labels", SPATIAL_INDEX="NO")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"pragma journal_mode = {mode}")
    connection.execute("pragma wal_autocheckpoint = 0")
    connection.execute("pragma cache_size = 0")
    connection.execute("begin")
    third_square(connection)
    if mode == "delete":  # a crash: pages are in the file, and those before them in the journal
        connection.execute("pragma cache_spill = 1")
        for _ in range(400):
            third_square(connection)
    else:
        connection.execute("commit")
    for item in work.iterdir():
        if not item.name.endswith("-shm"):
            shutil.copy(item, folder)
    connection.close()
    return folder / "labels.gpkg"


def test_edits_that_are_not_merged_count_and_stay_as_they_are(grid_scene, folder, tmp_path):
    path = write_with_edits(folder, "wal", tmp_path / "work")
    assert (folder / "labels.gpkg-wal").stat().st_size > 0
    before = contents(folder)
    assert read_labels(path, grid_scene).counts() == COUNTS
    assert contents(folder) == before


def test_edits_beside_the_file_that_a_link_leads_to_count(grid_scene, folder, tmp_path):
    path = write_with_edits(folder, "wal", tmp_path / "work")
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "mine.gpkg"
    link.symlink_to(path)
    before = contents(folder)
    assert len(read_labels(link, grid_scene).classes) == 3
    assert contents(folder) == before
    assert list(contents(link.parent)) == ["mine.gpkg"]


def test_half_done_edits_are_taken_back_in_a_copy(grid_scene, folder, tmp_path):
    path = write_with_edits(folder, "delete", tmp_path / "work")
    assert (folder / "labels.gpkg-journal").stat().st_size > 0
    before = contents(folder)
    assert read_labels(path, grid_scene).counts() == {1: 4, 2: 4}
    assert contents(folder) == before


def test_a_file_that_is_written_by_wal_is_read_from_a_copy(grid_scene, folder, monkeypatch):
    pyogrio.write_dataframe(FEATURES, folder / "labels.gpkg", layer="labels")
    connection = sqlite3.connect(folder / "labels.gpkg")
    connection.execute("pragma journal_mode = wal")
    connection.close()
    (folder / "plain.gpkg").write_bytes(b"")
    opened = []
    original = pyogrio.read_dataframe
    monkeypatch.setattr(
        pyogrio, "read_dataframe", lambda path, **o: opened.append(path) or original(path, **o)
    )
    before = contents(folder)
    assert read_labels(folder / "labels.gpkg", grid_scene).counts() == COUNTS
    assert contents(folder) == before
    assert folder not in opened[0].parents


def test_a_geometry_that_cannot_be_one_is_counted_as_absent(grid_scene, folder):
    path = folder / "labels.gpkg"
    pyogrio.write_dataframe(FEATURES, path, layer="labels", SPATIAL_INDEX="NO")
    ring = struct.pack(
        "<8d", np.nan, np.nan, 500_000, 5_799_980, 500_020, 5_800_000, np.nan, np.nan
    )
    wkb = struct.pack("<BIII", 1, 3, 1, 4) + ring
    connection = sqlite3.connect(path, isolation_level=None)
    insert(connection, b"GP\x00\x01" + struct.pack("<i", 32633) + wkb)
    connection.close()
    with pytest.warns(HsidiffWarning, match=r"labels.gpkg: 1 features have no geometry$"):
        assert read_labels(path, grid_scene).counts() == COUNTS


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson", "a.json", "a.zip", "a.csv"])
def test_reading_writes_nothing(grid_scene, folder, name):
    if name == "a.zip":
        FEATURES.to_file(folder / "a.shz", driver="ESRI Shapefile")
        (folder / "a.shz").rename(folder / name)
    elif name == "a.csv":
        (folder / name).write_text("x,y,class\n500005,5799995,1\n500015,5799995,2\n")
    else:
        FEATURES.to_file(folder / name, driver="GeoJSON" if name.endswith("json") else None)
    before = contents(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    read_labels(folder / name, grid_scene)
    assert contents(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to be another user"
)
def test_a_folder_that_may_not_be_written_to_is_read_all_the_same(folder, tmp_path):
    path = write_with_edits(folder, "wal", tmp_path / "work")
    for place in (folder, *folder.parents):
        if place.name and place.owner() == "root" and place.is_relative_to("/tmp"):
            place.chmod(0o755)
    for item in folder.iterdir():
        item.chmod(0o444)
    folder.chmod(0o555)
    code = (
        "from pathlib import Path; from hsidiff.labels.vector_file import read_features;"
        f"print(len(read_features(Path({str(path)!r}), None, None)))"
    )
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = subprocess.run(
        [*drop, sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Permission denied" in done.stderr and "hsidiff" not in done.stderr.splitlines()[-1]:
        pytest.skip("another user may not read this installation")
    assert done.stdout.strip() == "3", done.stderr


# -- layers ----------------------------------------------------------------------------------------


def test_of_several_layers_one_is_named(grid_scene, folder):
    path = folder / "a.gpkg"
    pyogrio.write_dataframe(FEATURES, path, layer="training")
    pyogrio.write_dataframe(FEATURES[:2], path, layer="test areas")
    pyogrio.write_dataframe(FEATURES[["class"]], path, layer="layer_styles")
    with pytest.raises(LabelError, match=r"training, test areas: choose one with layer= \(--layer"):
        read_labels(path, grid_scene)
    assert read_labels(path, grid_scene, layer="training").counts() == COUNTS
    assert read_labels(path, grid_scene, layer="test areas").counts() == {1: 4, 2: 4}
    for wrong in ("Training", "layer_styles"):
        with pytest.raises(LabelError, match=rf"no layer '{wrong}'.*'training', 'test areas'"):
            read_labels(path, grid_scene, layer=wrong)


def test_a_layer_of_labels_without_layers_is_refused(grid_scene, folder):
    (folder / "a.csv").write_text("x,y,class\n500005,5799995,1\n")
    with pytest.raises(LabelError, match=r"layer='a': a\.csv has no layers"):
        read_labels(folder / "a.csv", grid_scene, layer="a")
    with pytest.raises(LabelError, match="layer='a' is for vector files"):
        read_labels(FEATURES, grid_scene, layer="a")


# -- archives --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fields.shp", "fields.gpkg", "fields.geojson"])
@pytest.mark.parametrize(
    ("archive", "inside", "extra"),
    [
        ("a.zip", "", ()),
        ("a.zip", "fields 2024/", ()),
        ("a.zip", "a/b.zip/", ("readme.txt",)),
        ("a.zip", "../", ()),
        ("A.ZIP", "", ("__MACOSX/._fields.shp", "__MACOSX/._fields.gpkg", ".DS_Store")),
    ],
)
def test_the_only_vector_file_of_an_archive_is_read(
    grid_scene, folder, tmp_path, name, archive, inside, extra
):
    FEATURES.to_file(tmp_path / name)
    path = zipped(folder / archive, tmp_path / name, inside=inside, extra=extra)
    assert read_labels(path, grid_scene).counts() == COUNTS
    assert list(folder.iterdir()) == [path]


def test_edits_inside_an_archive_count(grid_scene, folder, tmp_path):
    write_with_edits(folder, "wal", tmp_path / "work")
    archive = zipped(tmp_path / "a.zip", folder / "labels.gpkg")
    assert read_labels(archive, grid_scene).counts() == COUNTS


def test_of_several_files_of_an_archive_one_is_named(grid_scene, folder, tmp_path):
    FEATURES.to_file(tmp_path / "train.shp")
    FEATURES[:2].to_file(tmp_path / "test.shp")
    path = zipped(folder / "a.zip", tmp_path / "train.shp", tmp_path / "test.shp", inside="x/")
    with pytest.raises(
        LabelError, match=r"a.zip holds x/train.shp, x/test.shp: choose one with lay"
    ):
        read_labels(path, grid_scene)
    assert read_labels(path, grid_scene, layer="train").counts() == COUNTS
    assert read_labels(path, grid_scene, layer="x/test.shp").counts() == {1: 4, 2: 4}


@pytest.mark.parametrize("names", [(), ("scene.tif", "readme.txt")])
def test_an_archive_without_labels_says_what_it_holds(grid_scene, folder, names):
    path = zipped(folder / "a.zip", extra=names)
    with pytest.raises(
        LabelError, match=rf"a.zip holds {', '.join(names) or 'nothing'}: expected a"
    ):
        read_labels(path, grid_scene)


# -- names that libraries take for something else --------------------------------------------------


@pytest.mark.parametrize(
    "name", ["plots 10:30", "labels!", "what?", "a#b", "CSV:x", "50%", "ä", "x.zip", "a;b", "[1]"]
)
@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson"])
def test_any_name_of_a_file_or_folder_is_a_name(grid_scene, folder, name, suffix, monkeypatch):
    place = folder / name
    place.mkdir()
    FEATURES.to_file(folder / f"plain{suffix}")
    for item in folder.glob("plain.*"):
        item.rename(place / (name + item.name.removeprefix("plain")))
    assert read_labels(place / (name + suffix), grid_scene).counts() == COUNTS
    monkeypatch.chdir(place)
    assert read_labels(name + suffix, grid_scene).counts() == COUNTS


# -- other formats and what is near to them --------------------------------------------------------


@pytest.mark.parametrize("name", ["a.fgb", "a.shz", "a!.shz"])
def test_further_formats_are_read(grid_scene, folder, name):
    drivers = {".fgb": "FlatGeobuf", ".shz": "ESRI Shapefile"}
    plain = folder / name.replace("!", "")
    FEATURES.to_file(plain, driver=drivers[plain.suffix])
    path = plain.rename(folder / name)
    before = contents(folder)
    assert read_labels(path, grid_scene).counts() == COUNTS
    assert contents(folder) == before


def test_a_folder_of_arcgis_is_answered_with_the_way_out(grid_scene, folder):
    (folder / "a.gdb").mkdir()
    with pytest.raises(LabelError, match="is a File Geodatabase: export the layer of the labels"):
        read_labels(folder / "a.gdb", grid_scene)


def test_text_of_geojson_that_is_not_utf8_is_named(grid_scene, folder):
    table = geopandas.GeoDataFrame({"class": UMLAUTS}, geometry=SQUARES, crs=32633).to_crs(4326)
    (folder / "a.geojson").write_bytes(table.to_json(ensure_ascii=False).encode("latin-1"))
    with pytest.raises(LabelError, match=r"a\.geojson: its text is not UTF-8: save it as UTF-8"):
        read_labels(folder / "a.geojson", grid_scene)


@pytest.mark.parametrize("name", ["a.tar.gz", "a.7z"])
def test_other_archives_are_to_be_unpacked(grid_scene, folder, name):
    (folder / name).write_bytes(b"nothing")
    with pytest.raises(LabelError, match="is an archive: unpack it"):
        read_labels(folder / name, grid_scene)


# -- names of classes ------------------------------------------------------------------------------


def test_names_that_differ_by_case_or_blanks_only_are_reported(grid_scene):
    names = ["Tree", "tree", "bare soil", "Bare  Soil", "water", " water "]
    points = [Point(500_005 + 10 * i, 5_799_995) for i in range(6)]
    table = geopandas.GeoDataFrame({"class": names}, geometry=points, crs=32633)
    with pytest.warns(
        HsidiffWarning,
        match="differ by case or blanks only.*'Bare  Soil' and 'bare soil'; 'Tree' and 'tree': ren",
    ):
        labels = read_labels(table, grid_scene)
    assert len(labels.classes) == 5


@pytest.mark.parametrize("suffix", [".kml", ".KMZ", ".gpx"])
def test_files_of_globes_are_answered_with_the_way_out(grid_scene, tmp_path, suffix):
    path = tmp_path / f"fields{suffix}"
    path.write_text("<kml></kml>")
    with pytest.raises(LabelError, match=r"open it in QGIS, .* and export it as \.gpkg"):
        read_labels(path, grid_scene)


def test_features_are_counted_though_a_table_of_gdal_says_another_number(grid_scene, tmp_path):
    path = tmp_path / "a.gpkg"
    FEATURES.to_file(path, layer="labels")
    for number in (2, 0, 9):
        with sqlite3.connect(path) as connection:
            connection.execute(f"update gpkg_ogr_contents set feature_count = {number}")
        connection.close()
        assert read_labels(path, grid_scene).counts() == COUNTS


@pytest.mark.parametrize("name", ["a.roi", "a.xml", "a.txt"])
def test_regions_of_envi_are_answered_with_the_way_out(grid_scene, tmp_path, name):
    (tmp_path / name).write_text("; ENVI Output of ROIs (5.3)\n; ROI name: Water\n 1 2 2\n")
    with pytest.raises(LabelError, match=r"regions of interest of ENVI.* as a shapefile"):
        read_labels(tmp_path / name, grid_scene)


def test_rings_that_are_open_are_told_of(grid_scene, tmp_path):
    path = tmp_path / "a.geojson"
    FEATURES.to_crs(4326).to_file(path, driver="GeoJSON")
    content = json.loads(path.read_text())
    for feature in content["features"]:
        feature["geometry"]["coordinates"][0].pop()
    path.write_text(json.dumps(content))
    with pytest.raises(LabelError, match="3 features have no geometry; a ring that is open"):
        read_labels(path, grid_scene)
