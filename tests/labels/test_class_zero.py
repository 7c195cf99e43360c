"""Files that number their classes from 0: the first must not be lost, and 0 stays no label."""

import geopandas
import numpy as np
import pytest
import rasterio
import xarray
from shapely import Point

from hsidiff.errors import HsidiffWarning, LabelError, SettingError
from hsidiff.labels.legend import means_no_class
from hsidiff.labels.read import read_labels

VALUES = np.zeros((6, 8), dtype=np.uint8)
VALUES[2:] = 1
VALUES[4:] = 2
RAISED = "the class 'Water' has the id 0, which means no label here: all ids are raised by 1"


def write_envi_classes(path, names, values=VALUES, **fields):
    values.tofile(path)
    header = {
        "samples": 8, "lines": 6, "bands": 1, "data type": 1, "interleave": "bsq",
        "file type": "ENVI Classification", "classes": len(names),
        "class names": "{" + ", ".join(names) + "}",
        "class lookup": "{" + ", ".join(["0,0,255", "0,255,0", "255,0,0"][: len(names)]) + "}",
        **fields,
    }  # fmt: skip
    lines = [f"{key} = {value}" for key, value in header.items()]
    path.with_suffix(".hdr").write_text("\n".join(["ENVI", *lines, ""]))
    return path


def test_an_envi_classification_without_unclassified_keeps_its_first_class(bare_scene, tmp_path):
    path = write_envi_classes(tmp_path / "a.img", ["Water", "Tree", "Soil"])
    with pytest.warns(HsidiffWarning, match=f"a.img: {RAISED}"):
        labels = read_labels(path, bare_scene)
    assert {c.name: labels.counts()[c.id] for c in labels.classes} == {
        "Water": 16,
        "Tree": 16,
        "Soil": 16,
    }
    assert [(c.id, c.color) for c in labels.classes] == [
        (1, "#0000ff"),
        (2, "#00ff00"),
        (3, "#ff0000"),
    ]
    np.testing.assert_array_equal(labels.values, VALUES + 1)


@pytest.mark.parametrize(
    "first", ["Unclassified", "unlabeled", "Background", "No Data", "Masked Pixels"]
)
def test_a_first_class_that_means_none_labels_nothing(bare_scene, tmp_path, first):
    path = write_envi_classes(tmp_path / "a.img", [first, "Tree", "Soil"])
    labels = read_labels(path, bare_scene)
    assert {c.id: c.name for c in labels.classes} == {1: "Tree", 2: "Soil"}
    np.testing.assert_array_equal(labels.values, VALUES)


def test_pixels_of_the_ignore_value_stay_unlabelled(bare_scene, tmp_path):
    values = VALUES.copy()
    values[0, :3] = 255
    path = write_envi_classes(tmp_path / "a.img", ["Water", "Tree", "Soil"], values,
                              **{"data ignore value": 255})  # fmt: skip
    with pytest.warns(HsidiffWarning, match=RAISED):
        assert read_labels(path, bare_scene).counts() == {1: 13, 2: 16, 3: 16}


@pytest.mark.parametrize("fields", [{"data ignore value": 0}, {}])
def test_ids_stay_where_no_pixel_is_of_the_first_class(bare_scene, tmp_path, fields):
    values = VALUES if fields else np.maximum(VALUES, 1)
    path = write_envi_classes(tmp_path / "a.img", ["Water", "Tree", "Soil"], values, **fields)
    labels = read_labels(path, bare_scene)
    assert {c.id: c.name for c in labels.classes} == {1: "Tree", 2: "Soil"}
    np.testing.assert_array_equal(labels.values, values)


CATEGORIES = "<CategoryNames>{}</CategoryNames>".format(
    "".join(f"<Category>{name}</Category>" for name in ("Water", "Tree", "Soil"))
)
TABLE = (
    "<GDALRasterAttributeTable>"
    '<FieldDefn index="0"><Name>Value</Name><Usage>0</Usage></FieldDefn>'
    '<FieldDefn index="1"><Name>Class_Name</Name><Usage>0</Usage></FieldDefn>'
    "{}</GDALRasterAttributeTable>"
).format(
    "".join(f"<Row><F>{i}</F><F>{n}</F></Row>" for i, n in enumerate(["Water", "Tree", "Soil"]))
)


@pytest.mark.parametrize("content", [CATEGORIES, TABLE], ids=["categories", "table"])
@pytest.mark.parametrize("nodata", [None, 0])
def test_names_beside_a_geotiff_may_count_from_0(bare_scene, tmp_path, content, nodata):
    path = tmp_path / "a.tif"
    size = {"height": 6, "width": 8, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", nodata=nodata, **size) as dataset:
        dataset.write(VALUES, 1)
    sidecar = f'<PAMDataset><PAMRasterBand band="1">{content}</PAMRasterBand></PAMDataset>'
    (tmp_path / "a.tif.aux.xml").write_text(sidecar)
    if nodata == 0:
        assert [c.name for c in read_labels(path, bare_scene).classes] == ["Tree", "Soil"]
        return
    with pytest.warns(HsidiffWarning, match=RAISED):
        labels = read_labels(path, bare_scene)
    assert {c.name: labels.counts()[c.id] for c in labels.classes} == dict.fromkeys(
        ("Water", "Tree", "Soil"), 16
    )


@pytest.mark.parametrize("field", [None, "Classname", "Classvalue"])
@pytest.mark.parametrize("first", ["Water", "Unclassified"])
def test_a_table_may_count_its_classes_from_0(grid_scene, field, first):
    names = [first, "Tree", "Soil", first, "Tree", "Soil"]
    points = [Point(500_005 + 10 * i, 5_799_995) for i in range(6)]
    table = geopandas.GeoDataFrame(
        {"Classname": names, "Classvalue": [0, 1, 2] * 2}, geometry=points, crs=32633
    )
    match = RAISED if first == "Water" else "2 features have no class"
    with pytest.warns(HsidiffWarning, match=match):
        labels = read_labels(table, grid_scene, field=field)
    expected = {"Water": 1, "Tree": 2, "Soil": 3} if first == "Water" else {"Tree": 1, "Soil": 2}
    assert {c.name: c.id for c in labels.classes} == expected
    assert labels.n_labelled == 2 * len(expected)


def test_names_of_classes_do_not_mean_none():
    for name in ("Water", "Nowhere land", "Masked owl", "Other", "Bare", "Class 1", "Noble fir"):
        assert not means_no_class(name)
    for name in ("", "UNCLASSIFIED", "un-labelled", "no_data", "Not classified", "none", "0"):
        assert means_no_class(name)


def with_nodata(kind, tmp_path):
    """Labels of the classes 0, 1, 2 without names, 5 pixels of which hold nodata."""
    values = VALUES.astype("int16")
    values[5, :5] = 99
    if kind == "array":
        return np.where(values == 99, np.nan, values)
    if kind == "masked":
        return np.ma.masked_equal(values, 99)
    if kind == "xarray":
        return xarray.DataArray(values, dims=("y", "x"), attrs={"_FillValue": 99})
    if kind == "npy":
        np.save(tmp_path / "a.npy", np.where(values == 99, np.nan, values))
        return tmp_path / "a.npy"
    if kind == "envi":
        fields = {"data type": 2, "class lookup": "{}", "data ignore value": 99}
        return write_envi_classes(tmp_path / "a.img", [], values, **fields)
    size = {"height": 6, "width": 8, "count": 1, "dtype": "int16"}
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", nodata=99, **size) as dataset:
        dataset.write(values, 1)
    return tmp_path / "a.tif"


KINDS = ["array", "masked", "xarray", "npy", "envi", "tif"]


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_beside_nodata_stay_unlabelled_with_a_note_that_says_what_to_do(
    bare_scene, tmp_path, kind
):
    note = "16 pixels hold 0, which means no label here, though 5 others hold nodata: if 0 is a cl"
    with pytest.warns(HsidiffWarning, match=f"{note}.*--zero class"):
        labels = read_labels(with_nodata(kind, tmp_path), bare_scene)
    assert labels.counts() == {1: 16, 2: 11}


@pytest.mark.parametrize("kind", KINDS)
def test_zero_is_a_class_if_the_user_says_so(bare_scene, tmp_path, kind):
    with pytest.warns(HsidiffWarning, match="'class 0' has the id 0.*raised by 1"):
        labels = read_labels(with_nodata(kind, tmp_path), bare_scene, zero="class")
    assert labels.counts() == {1: 16, 2: 16, 3: 11}
    assert [c.name for c in labels.classes] == ["class 0", "class 1", "class 2"]


def test_minus_one_is_unlabelled_where_classes_count_from_0(bare_scene):
    values = VALUES.astype(np.int8)
    values[5] = -1
    with pytest.raises(LabelError, match=r"the first is -1.*--zero class"):
        read_labels(values, bare_scene)
    with pytest.warns(HsidiffWarning, match="raised by 1"):
        assert read_labels(values, bare_scene, zero="class").counts() == {1: 16, 2: 16, 3: 8}


def test_a_zero_that_the_file_calls_unclassified_is_no_doubt(bare_scene, tmp_path):
    values = VALUES.copy()
    values[0, :3] = 255
    path = write_envi_classes(tmp_path / "a.img", ["Unclassified", "Tree", "Soil"], values,
                              **{"data ignore value": 255})  # fmt: skip
    assert read_labels(path, bare_scene).counts() == {1: 16, 2: 16}


def test_numbers_of_a_table_may_count_from_0(grid_scene):
    points = [Point(500_005 + 10 * i, 5_799_995) for i in range(6)]
    table = geopandas.GeoDataFrame({"gridcode": [0, 1, 2, 0, 1, -1]}, geometry=points, crs=32633)
    with pytest.warns(HsidiffWarning, match=r"raised by 1|1 features have no class"):
        labels = read_labels(table, grid_scene, field="gridcode", zero="class")
    assert labels.values[0, :6].tolist() == [1, 2, 3, 1, 2, 0]
    assert [c.name for c in labels.classes] == ["class 0", "class 1", "class 2"]


def test_zero_means_one_of_two_things(bare_scene):
    with pytest.raises(SettingError, match="zero"):
        read_labels(VALUES, bare_scene, zero="water")
