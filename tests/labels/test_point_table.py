import numpy as np
import pytest

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
    [("x", "y"), ("X", "Y"), ("Easting", "Northing"), ("POINT_X", "POINT_Y"), ("xcoord", "ycoord")],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_points_of_a_table_label_the_pixels_that_hold_them(grid_scene, tmp_path, names, separator):
    path = write(tmp_path / "a.csv", (*names, "cover"), separator)
    labels = read_labels(path, grid_scene)
    np.testing.assert_array_equal(labels.values, EXPECTED)
    assert [c.name for c in labels.classes] == ["soil", "tree"]


@pytest.mark.parametrize(
    "options", [{"encoding": "utf-8-sig"}, {"encoding": "cp1252"}, {"newline": "\r\n"}]
)
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
