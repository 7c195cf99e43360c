"""Columns as other programs write them: which are the classes, which are their ids."""

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.attribute_fields import read_classes
from hsidiff.labels.read import read_labels

NAMES = ["Water", "Forest", "Developed", "Forest", "Water", "Developed"]
IDS = [11, 41, 22, 41, 11, 22]
EXPECTED = {11: "Water", 22: "Developed", 41: "Forest"}
NUMBERS = list(range(1, 7))


def classes(table, field=None):
    found = read_classes(pd.DataFrame(table), field, "some.shp", multi_part=False)
    return found.ids.tolist(), found.names


ARCGIS = {
    "OBJECTID": NUMBERS, "Classname": NAMES, "Classvalue": IDS,
    "RED": [1, 2, 3, 2, 1, 3], "GREEN": [4, 5, 6, 5, 4, 6], "BLUE": [7, 8, 9, 8, 7, 9],
    "Count": [5, 5, 6, 6, 7, 7], "Shape_Length": [1, 1, 1, 2, 2, 2],
    "Shape_Area": [3, 3, 3, 3, 4, 4],
}  # fmt: skip
TABLES = {
    "ArcGIS training samples": ARCGIS,
    "ArcGIS, ids as fractions": ARCGIS | {"Classvalue": [float(i) for i in IDS]},
    "ArcGIS raster to polygon": {"Id": NUMBERS, "gridcode": IDS, "Class_name": NAMES},
    "ENVI regions": {"CLASS_NAME": NAMES, "CLASS_ID": IDS, "CLASS_CLRS": [f"{i},0,0" for i in IDS]},
    "ENVI vectors": {
        "Class_Id": IDS,
        "Class_Name": NAMES,
        "Parent_Id": [1] * 6,
        "Length": [2.5] * 6,
    },
    "GRASS areas": {"cat": NUMBERS, "value": IDS, "label": NAMES},
    "GRASS points": {"cat": IDS, "label": NAMES},
    "eCognition": {"Class_name": NAMES, "Class_code": IDS, "Area": [9, 9, 8, 8, 7, 7]},
    "QGIS": {"fid": NUMBERS, "id": [None] * 6, "class": NAMES, "class_no": IDS},
    "LUCAS": {"POINT_ID": NUMBERS, "LC1": IDS, "LC1_LABEL": NAMES},
    "by hand": {"class": NAMES, "id": IDS, "remark": list("abcdef")},
    "by hand, in German": {"Klasse": NAMES, "Nr": IDS, "fid": NUMBERS},
    "InVEST": {"lucode": IDS, "LULC_desc": NAMES},
    "a code of its own name": {"habitat": NAMES, "fid": NUMBERS, "eunis_code": IDS},
    "CORINE": {"ID": NUMBERS, "code": IDS, "landcover": NAMES},
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_ids_and_names_of_other_programs_are_taken_together(table):
    assert classes(table) == (IDS, EXPECTED)


@pytest.mark.parametrize("field", ["Classname", "Classvalue"])
def test_either_column_of_a_pair_may_be_named(field):
    assert classes(ARCGIS, field) == (IDS, EXPECTED)


@pytest.mark.parametrize(
    "names",
    [
        ("MC_ID", "MC_info", "C_ID", "C_info"),
        ("macroclass_id", "macroclass_name", "class_id", "class_name"),
    ],
)
def test_of_the_two_levels_of_scp_none_is_guessed(names):
    fine = ["lake", "oak", "town", "oak", "river", "road"]
    table = dict(zip(names, (IDS, NAMES, [1, 2, 3, 2, 4, 5], fine), strict=True))
    table["SCP_UID"] = [f"u{i}" for i in range(6)]
    with pytest.raises(LabelError, match=f"several fields.*{names[1]}.*{names[3]}"):
        classes(table)
    assert classes(table, names[1]) == (IDS, EXPECTED)
    # Where every region is a class of its own, the finer level is no more than a number of regions.
    table[names[3]], table[names[2]] = list("abcdef"), NUMBERS
    assert classes(table) == (IDS, EXPECTED)


def test_numbers_that_count_the_features_are_no_ids_of_classes():
    table = {"class": ["Water", "Forest", "Developed"], "id": [3, 1, 2]}
    assert classes(table)[1] == {1: "Developed", 2: "Forest", 3: "Water"}


def test_a_field_that_says_something_else_is_not_taken_for_the_classes():
    table = {"cover": NAMES, "count": [5, 5, 6, 6, 7, 7], "red": [1, 2] * 3}
    assert set(classes(table)[1].values()) == set(NAMES)
    with pytest.raises(LabelError, match=r"no field of text or whole numbers.*count \(3 values\)"):
        classes({"count": [5, 5, 6, 6, 7, 7]})
    assert classes({"count": [5, 5, 6, 6, 7, 7]}, "count")[0] == [5, 5, 6, 6, 7, 7]


def test_colours_of_the_classes_come_along(grid_scene):
    points = [Point(500_005 + 10 * i, 5_799_995) for i in range(6)]
    table = geopandas.GeoDataFrame(ARCGIS, geometry=points, crs=32633)
    labels = read_labels(table, grid_scene)
    assert {c.name: c.color for c in labels.classes} == {
        "Water": "#010407", "Forest": "#020508", "Developed": "#030609",
    }  # fmt: skip
    table["RED"] = [1, 2, 3, 2, 99, np.nan]  # of Water and Developed there are two
    other = read_labels(table, grid_scene)
    assert [c.color for c in other.classes if c.name == "Forest"] == ["#020508"]
    assert all(c.color != "#010407" for c in other.classes)


def test_numbers_of_another_name_are_told_of_and_not_taken():
    table = {"class": NAMES, "priority": IDS}
    with pytest.warns(HsidiffWarning, match="'priority' would number them.*--field priority"):
        ids, names = classes(table)
    assert names == {1: "Developed", 2: "Forest", 3: "Water"}
    assert ids == [3, 2, 1, 2, 3, 1]
    assert classes(table, "priority")[1] == EXPECTED


def test_a_flag_whose_name_ends_like_an_id_is_none():
    valid = [int(name == "Forest") for name in NAMES]
    assert classes({"class": NAMES, "valid": valid})[0] == [3, 2, 1, 2, 3, 1]
