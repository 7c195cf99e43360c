import csv
import json

import geopandas
import numpy as np
import pytest
from shapely import Point, set_srid, to_wkb
from shapely.geometry import mapping

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.read import read_labels

ROWS = [(500_005, 5_799_995, "soil"), (500_025.5, 5_799_975, "tree"), (500_075, 5_799_945, "soil")]
EXPECTED = np.zeros((6, 8), int)
EXPECTED[0, 0] = EXPECTED[5, 7] = 1
EXPECTED[2, 2] = 2


def write(path, names=("x", "y", "class"), separator=",", rows=ROWS, decimal=".", **options):
    lines = [separator.join(names)]
    for x, y, *rest in rows:
        numbers = [str(number).replace(".", decimal) for number in (x, y)]
        lines.append(separator.join([*numbers, *map(str, rest)]))
    path.write_text("\n".join([*lines, ""]), **options)
    return path


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y"),
        ("X", "Y"),
        ("Easting", "Northing"),
        ("POINT_X", "POINT_Y"),
        ("xcoord", "ycoord"),
        ("X_UTM", "Y_UTM"),
        ("EASTING (m)", "NORTHING (m)"),
        ("X Coordinate", "Y Coordinate"),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_points_of_a_table_label_the_pixels_that_hold_them(grid_scene, tmp_path, names, separator):
    path = write(tmp_path / "a.csv", (*names, "cover"), separator)
    labels = read_labels(path, grid_scene)
    np.testing.assert_array_equal(labels.values, EXPECTED)
    assert [c.name for c in labels.classes] == ["soil", "tree"]


@pytest.mark.parametrize("options", [{"encoding": "utf-8-sig"}, {"newline": "\r\n"}])
def test_tables_of_spreadsheets_are_read(grid_scene, tmp_path, options):
    rows = [(x, y, {"soil": "Böden", "tree": "Bäume"}[name]) for x, y, name in ROWS]
    path = write(tmp_path / "a.csv", separator=";", decimal=",", rows=rows, **options)
    labels = read_labels(path, grid_scene)
    assert {c.name: labels.counts()[c.id] for c in labels.classes} == {"Bäume": 1, "Böden": 2}


@pytest.mark.parametrize("options", [{"encoding": "utf-16"}, {"encoding": "utf-8-sig"}])
@pytest.mark.parametrize("first", ["", "sep=;\n", "SEP=; \n"])
def test_what_excel_writes_before_the_names_is_no_name(grid_scene, tmp_path, first, options):
    rows = [(x, y, {"soil": "Böden", "tree": "Bäume"}[name]) for x, y, name in ROWS]
    path = write(tmp_path / "a.csv", separator=";", decimal=",", rows=rows)
    text = path.read_text(encoding="utf-8")
    path.write_text(first + text, **options)
    labels = read_labels(path, grid_scene)
    assert {c.name: labels.counts()[c.id] for c in labels.classes} == {"Bäume": 1, "Böden": 2}


def test_text_of_windows_is_read_with_a_note_and_other_text_is_refused(grid_scene, tmp_path):
    rows = [(x, y, {"soil": "Böden", "tree": "Bäume"}[name]) for x, y, name in ROWS]
    path = write(tmp_path / "a.csv", rows=rows, encoding="cp1252")
    with pytest.warns(HsidiffWarning, match=r"read as Windows-1252 \('Böden'\).* save the table"):
        labels = read_labels(path, grid_scene)
    assert {c.name: labels.counts()[c.id] for c in labels.classes} == {"Bäume": 1, "Böden": 2}
    path.write_bytes(path.read_bytes().replace("ö".encode("cp1252"), b"\x81"))
    with pytest.raises(LabelError, match="neither UTF-8 nor Windows-1252: save it as UTF-8"):
        read_labels(path, grid_scene)
    write(path, encoding="utf-16-le")
    with pytest.raises(LabelError, match="UTF-16 or UTF-32 without its mark: save it as UTF-8"):
        read_labels(path, grid_scene)


@pytest.mark.parametrize("before", ["# by me\n", "# a, b, c, d\n\n#\n", '"# a, b"\n', "#"])
def test_lines_of_comment_before_the_names_are_passed_over(grid_scene, tmp_path, before):
    path = write(tmp_path / "a.csv")
    path.write_text(before + path.read_text())
    np.testing.assert_array_equal(read_labels(path, grid_scene).values, EXPECTED)


@pytest.mark.parametrize(
    ("separator", "x", "y"),
    [
        (",", '"{:,.0f}"', '"{:,.0f}"'), (",", '"{:,.2f}"', '"{:,.2f}"'),
        (";", "{:,.2f}", "{:,.2f}"), ("\t", "{:_.2f}", "{:_.2f}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("marks", [".,", " .", "'."])
def test_marks_between_thousands_are_no_decimals(grid_scene, tmp_path, separator, x, y, marks):
    def shown(form, number):
        if "_" not in form:
            return form.format(number)
        return form.format(number).replace(".", "!").replace("_", marks[0]).replace("!", marks[1])

    rows = [(shown(x, east), shown(y, north), name) for east, north, name in ROWS]
    path = write(tmp_path / "a.csv", separator=separator, rows=rows)
    np.testing.assert_array_equal(read_labels(path, grid_scene).values, EXPECTED)


def test_a_comma_that_may_part_thousands_or_decimals_is_refused(bare_scene, tmp_path):
    rows = [('"1,250"', '"2,340"', "soil"), ('"3,125"', '"1,000"', "tree")]
    with pytest.raises(LabelError, match=r"column 'x': 1,250 may be 1250 or 1\.250: write numbers"):
        read_labels(write(tmp_path / "a.csv", rows=rows), bare_scene)


def test_classes_that_a_spreadsheet_shows_with_decimals_are_whole_numbers(grid_scene, tmp_path):
    rows = [(x, y, {"soil": "40,0", "tree": "7,0"}[name]) for x, y, name in ROWS]
    path = write(tmp_path / "a.csv", separator=";", rows=rows)
    assert read_labels(path, grid_scene).counts() == {7: 1, 40: 2}


def test_two_columns_of_one_name_that_differ_are_refused(grid_scene, tmp_path):
    names, rows = ("x", "y", "class", "class"), [(*row, "other") for row in ROWS]
    with pytest.raises(LabelError, match="two columns are called 'class': rename one"):
        read_labels(write(tmp_path / "a.csv", names, rows=rows), grid_scene)
    same = write(tmp_path / "b.csv", names, rows=[(*row, row[-1]) for row in ROWS])
    np.testing.assert_array_equal(read_labels(same, grid_scene).values, EXPECTED)


def test_shapes_in_a_column_geometry_are_read(grid_scene, tmp_path):
    text = "geometry;class\nPOINT (500005 5799995);soil\nPOINT (500025 5799975);tree\n"
    (tmp_path / "a.csv").write_text(text)
    assert read_labels(tmp_path / "a.csv", grid_scene).counts() == {1: 1, 2: 1}


def test_columns_called_lon_and_lat_are_degrees(grid_scene, tmp_path):
    rows = [(15.00007, 52.3502, "soil"), (15.0011, 52.34995, "tree")]
    path = write(tmp_path / "a.csv", ("Longitude", "Latitude", "class"), rows=rows)
    labels = read_labels(path, grid_scene)
    assert (labels.values[1, 0], labels.values[3, 7], labels.n_labelled) == (1, 2, 2)
    path = write(tmp_path / "b.csv", ("x", "y", "class"), rows=rows)
    with pytest.raises(LabelError, match=r"look like degrees: define .*the columns lon and lat"):
        read_labels(path, grid_scene)


def test_ids_and_names_of_a_table_go_together(grid_scene, tmp_path):
    rows = [(x, y, name, {"soil": 40, "tree": 7}[name]) for x, y, name in ROWS]
    path = write(tmp_path / "a.csv", ("x", "y", "class", "class_id"), rows=rows)
    labels = read_labels(path, grid_scene)
    assert {c.id: c.name for c in labels.classes} == {7: "tree", 40: "soil"}


def test_numbers_of_a_table_are_numbers(grid_scene, tmp_path):
    rows = [(x, y, {"soil": "40.0", "tree": "7.0"}[name], 12.5 + x % 2) for x, y, name in ROWS]
    path = write(tmp_path / "a.csv", ("x", "y", "kind", "height"), rows=rows)
    assert read_labels(path, grid_scene).counts() == {7: 1, 40: 2}


def test_shapes_as_text_are_read(grid_scene, tmp_path):
    text = (
        "WKT;cover\nPOLYGON((500000 5800000,500020 5800000,500020 5799980,500000 5799980));soil\n"
    )
    text += "POLYGON((500000 5800000,500020 5800000,500020 5799980,500000 5800000));tree\n"
    text += "POINT (500075 5799945);soil\nnowhere;tree\n"
    (tmp_path / "a.csv").write_text(text)
    with pytest.warns(HsidiffWarning, match="2 features have no geometry"):
        labels = read_labels(tmp_path / "a.csv", grid_scene)
    assert labels.values[0, 1] == 2
    assert labels.values[5, 7] == 1


def test_empty_cells_are_counted(grid_scene, tmp_path):
    rows = [*ROWS, ("", 5_799_995, "soil"), (500_035, 5_799_995, "")]
    with pytest.warns(
        HsidiffWarning, match="1 features have no class; 1 features have no geometry"
    ):
        labels = read_labels(write(tmp_path / "a.csv", rows=rows), grid_scene)
    np.testing.assert_array_equal(labels.values, EXPECTED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,class\n1,2,soil\n", "no columns of coordinates among a, b, class: call them x and y"),
        ("row,col,class\n1,2,soil\n", "no columns of coordinates"),
        ("x,y,class\n1,two,soil\n", "column 'y' must hold numbers"),
        ("x,y,class\n500005,5,5799995,5,soil\n", "point 1 has 5 cells, the first row names 3"),
        ("x,y,class\n", "there is no feature"),
        ("\n\n", "there is no row"),
    ],
)
def test_what_is_no_table_of_points_is_refused(grid_scene, tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(LabelError, match=message):
        read_labels(tmp_path / "a.csv", grid_scene)


SHAPES = [Point(x, y) for x, y, _ in ROWS]
IN_DEGREES = list(geopandas.GeoSeries(SHAPES, crs=32633).to_crs(4326))


def write_shapes(path, column, cells):
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = [[cell, row[-1]] for cell, row in zip(cells, ROWS, strict=True)]
        csv.writer(stream).writerows([[column, "class"], *rows])
    return path


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("wkt_geom", [shape.wkt for shape in SHAPES]),
        ("the_geom", [f"SRID=32633;{shape.wkt}" for shape in SHAPES]),
        ("geom", [f"SRID=4326; {shape.wkt}" for shape in IN_DEGREES]),
        ("geom", [shape.wkb_hex for shape in SHAPES]),
        (
            "geom",
            [to_wkb(set_srid(shape, 4326), hex=True, include_srid=True) for shape in IN_DEGREES],
        ),
        (".geo", [json.dumps(mapping(shape) | {"geodesic": False}) for shape in IN_DEGREES]),
    ],
    ids=["wkt", "ewkt", "ewkt in degrees", "wkb", "ewkb", "earth engine"],
)
def test_shapes_of_databases_and_of_earth_engine_are_read(grid_scene, tmp_path, column, cells):
    labels = read_labels(write_shapes(tmp_path / "a.csv", column, cells), grid_scene)
    np.testing.assert_array_equal(labels.values, EXPECTED)


def test_a_column_of_shapes_that_holds_none_is_named(grid_scene, tmp_path):
    path = write_shapes(tmp_path / "a.csv", "geom", ["here", "there", "nowhere"])
    with pytest.raises(LabelError, match="column 'geom' holds no shapes, the first is 'here'"):
        read_labels(path, grid_scene)


def test_shapes_in_several_systems_are_refused(grid_scene, tmp_path):
    cells = [f"SRID={32630 + i};{shape.wkt}" for i, shape in enumerate(SHAPES)]
    with pytest.raises(LabelError, match="several systems"):
        read_labels(write_shapes(tmp_path / "a.csv", "geom", cells), grid_scene)


def test_a_system_that_does_not_exist_is_named(grid_scene, tmp_path):
    cells = [f"SRID=999999;{shape.wkt}" for shape in SHAPES]
    with pytest.raises(LabelError, match="EPSG:999999"):
        read_labels(write_shapes(tmp_path / "a.csv", "geom", cells), grid_scene)


@pytest.mark.parametrize("kind", ["wkt", "wkb", "geojson"])
def test_shapes_nested_without_end_are_none(grid_scene, tmp_path, kind):
    deep = {
        "wkt": "GEOMETRYCOLLECTION (" * 5000,
        "wkb": "010700000001000000" * 5000,
        "geojson": '{"type": "GeometryCollection", "geometries": [' * 2000,
    }[kind]
    path = write_shapes(tmp_path / "a.csv", "geom", [deep] * 3)
    with pytest.raises(LabelError, match="column 'geom' holds no shapes"):
        read_labels(path, grid_scene)
