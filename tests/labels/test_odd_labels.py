"""What a fuzzer found in the readers of labels, in its smallest form."""

import json
import os
import struct
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from hsidiff.errors import LabelError, SplitError
from hsidiff.labels.class_table import read_class_table
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.pixel_split import random_split
from hsidiff.labels.read import read_labels
from hsidiff.labels.split import Split
from hsidiff.maps.geotiff import write_class_map
from small_scenes import small_labels, small_scene

PLACES = [(380_000 + 300 * k, 5_809_900 - 300 * k) for k in range(4)]


def refusal(path: Path) -> str:
    with pytest.raises(LabelError) as error:
        read_labels(path, small_scene())
    assert "\n" not in str(error.value)
    return str(error.value)


def write_table(folder: Path, heads: str, *rows: str) -> Path:
    (folder / "labels.csv").write_text("\n".join([heads, *rows]) + "\n", encoding="utf-8")
    return folder / "labels.csv"


def test_a_cell_beyond_what_a_table_may_hold_is_refused(tmp_path: Path) -> None:
    path = write_table(tmp_path, "x,y,class", f"1,2,{'a' * 200_000}")
    assert "is no table" in refusal(path)


@pytest.mark.parametrize("number", ["1e300", "9" * 30, "-1e19", "1e19"])
def test_whole_numbers_that_no_computer_counts_to_are_no_classes(
    tmp_path: Path, number: str
) -> None:
    rows = [f"{x},{y},{number}" for x, y in PLACES]
    refusal(write_table(tmp_path, "x,y,class", *rows))


def test_shapes_in_shapes_are_read_to_some_depth_only(tmp_path: Path) -> None:
    deep = "GEOMETRYCOLLECTION(" * 5000 + "POINT(1 2)" + ")" * 5000
    points = [f'"POINT({x} {y})";{k % 2}a' for k, (x, y) in enumerate(PLACES)]
    path = write_table(tmp_path, "WKT;class", *points, f'"{deep}";0a')
    with pytest.warns(UserWarning, match="1 features have no geometry"):
        assert read_labels(path, small_scene()).n_labelled == 4


def test_a_polygon_that_repaired_lies_beside_the_scene_labels_nothing(tmp_path: Path) -> None:
    points = [f'"POINT({x} {y})";{k % 2}a' for k, (x, y) in enumerate(PLACES)]
    far = (
        "POLYGON((380765 5809400,380765 5809490,1e30 5809490,380675 5809400,380765 5809400))",
        "POLYGON((380765 5809400,380765 5809490,380000 1e30,380675 5809400,380765 5809400))",
    )
    path = write_table(tmp_path, "WKT;class", *points, *(f'"{shape}";0a' for shape in far))
    with pytest.warns(UserWarning, match="labels"):
        assert read_labels(path, small_scene()).n_labelled >= 4


def test_two_fields_of_one_name_are_refused(tmp_path: Path) -> None:
    points = [shapely.Point(place) for place in PLACES[:2]]
    table = pd.DataFrame([["a", 1], ["b", 2]], columns=["class", "class"])
    with pytest.raises(LabelError, match="two fields are called 'class': rename one"):
        read_labels(geopandas.GeoDataFrame(table, geometry=points), small_scene())


def test_a_table_that_the_system_does_not_give_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").symlink_to("/proc/self/mem")
    with pytest.raises(LabelError, match=r"classes.csv cannot be read: Input/output error"):
        read_class_table(tmp_path / "classes.csv")


def test_curves_in_a_table_are_refused(tmp_path: Path) -> None:
    path = write_table(
        tmp_path, "WKT;class", '"CIRCULARSTRING (0 0, 1 1, 2 0)";a', '"POINT(1 2)";b'
    )
    assert "no point and no polygon" in refusal(path)


def write_shapefile(folder: Path) -> Path:
    shapes = [shapely.Point(x, y).buffer(40) for x, y in PLACES]
    table = geopandas.GeoDataFrame({"class": list("abab")}, geometry=shapes, crs=32633)
    table.to_file(folder / "labels.shp")
    return folder / "labels.shp"


def patch(path: Path, place: int, content: bytes) -> None:
    changed = bytearray(path.read_bytes())
    changed[place : place + len(content)] = content
    path.write_bytes(changed)


@pytest.mark.parametrize(
    ("suffix", "place", "content"),
    [(".shx", 24, struct.pack(">i", 2**30)), (".dbf", 4, struct.pack("<I", 2**31)),
     (".shx", 24, struct.pack(">i", -5))],
)  # fmt: skip
def test_a_shapefile_that_promises_too_much_is_refused(
    tmp_path: Path, suffix: str, place: int, content: bytes
) -> None:
    path = write_shapefile(tmp_path)
    assert read_labels(path, small_scene()).n_labelled > 0
    patch(path.with_suffix(suffix), place, content)
    assert f"its {suffix} file holds" in refusal(path)


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf", ".prj"])
def test_a_pipe_among_the_parts_is_not_waited_for(tmp_path: Path, suffix: str) -> None:
    path = write_shapefile(tmp_path)
    path.with_suffix(suffix).unlink()
    os.mkfifo(path.with_suffix(suffix))
    assert "is a pipe or a device" in refusal(path)


def write_raster(folder: Path) -> Path:
    labels = small_labels()
    scene = small_scene()
    path = folder / "labels.tif"
    write_class_map(labels.values, labels.classes, path, scene.crs, scene.transform)
    return path


def test_a_table_of_arcgis_that_promises_too_much_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path)
    write_shapefile(tmp_path).with_suffix(".dbf").rename(tmp_path / "labels.tif.vat.dbf")
    patch(tmp_path / "labels.tif.vat.dbf", 4, struct.pack("<I", 2**31))
    assert "class names cannot be read" in refusal(path)


@pytest.mark.parametrize("number", ["inf", "1e400", "nan", "text"])
def test_an_id_of_a_sidecar_that_is_none_is_refused(tmp_path: Path, number: str) -> None:
    path = write_raster(tmp_path)
    sidecar = path.with_name("labels.tif.aux.xml")
    text = sidecar.read_text(encoding="utf-8")
    sidecar.write_text(text.replace("<F>1</F>", f"<F>{number}</F>", 1), encoding="utf-8")
    assert "class names cannot be read" in refusal(path)


def test_an_array_of_another_shape_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "labels.npy", np.ones((3, 4)))
    monkeypatch.setattr(np.ma, "filled", None)
    assert "labels are (3, 4) (rows, cols)" in refusal(tmp_path / "labels.npy")


@pytest.mark.parametrize("color", ["red", "#12", "#12345g", "url(x)", "#123456;x", 5, None])
def test_a_class_has_a_colour(color: object) -> None:
    with pytest.raises(LabelError):
        LandClass(1, "tree", color)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "name"), [("1", "a"), (1.5, "a"), (True, "a"), (1, 5), (1, None)]
)
def test_a_class_has_a_number_and_a_name(number: object, name: object) -> None:
    with pytest.raises(LabelError):
        LandClass(number, name, "#000000")  # type: ignore[arg-type]


def test_a_crs_of_a_split_that_is_none_is_refused_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    random_split(small_labels(), 0.5).save(tmp_path / "split.npz")
    with np.load(tmp_path / "split.npz") as file:
        arrays = dict(file)
    wkt = 'GEOGCS["a",DATUM["b",SPHEROID["c",x,y]]]'
    arrays["train_grid"] = np.array(json.dumps({"crs": wkt, "transform": None}))
    np.savez(tmp_path / "split.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(SplitError):
        Split.load(tmp_path / "split.npz")
    assert capfd.readouterr() == ("", "")
