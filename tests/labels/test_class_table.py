from pathlib import Path

import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning, LabelError, MissingFileError
from hsidiff.labels.class_table import read_class_table, write_class_table
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.read import read_labels

VALUES = np.array([[1, 2, 3, 0], [4, 4, 2, 1]])
NAMES = {1: "Corn-notill", 2: "Corn-mintill", 3: "Wald", 4: "class 4"}


def labels() -> LabelMap:
    return LabelMap.from_array(VALUES, NAMES)


def table(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "legend.csv"
    path.write_bytes(text.encode(encoding))
    return path


def applied(tmp_path: Path, text: str, encoding: str = "utf-8") -> LabelMap:
    return read_class_table(table(tmp_path, text, encoding)).apply(labels())


def legend(made: LabelMap) -> list[tuple[int, str]]:
    return [(c.id, c.name) for c in made.classes]


def test_classes_of_one_name_become_one_with_the_lowest_id(tmp_path: Path) -> None:
    made = applied(tmp_path, "class,name,colour\nCorn-notill,Corn,#FFAA00\nCorn-mintill,Corn,\n")
    assert legend(made) == [(1, "Corn"), (3, "Wald"), (4, "class 4")]
    assert made.values.tolist() == [[1, 1, 3, 0], [4, 4, 1, 1]]
    assert made.classes[0].color == "#ffaa00"


def test_a_class_is_merged_into_one_that_is_there(tmp_path: Path) -> None:
    made = applied(tmp_path, "class;name\n1;Wald\n")
    assert legend(made) == [(2, "Corn-mintill"), (3, "Wald"), (4, "class 4")]
    assert made.counts() == {2: 2, 3: 3, 4: 2}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_ids_names_and_colours_in_any_usual_file(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    rows = [("Class", "Name", "Color"), ("4", "Grünland", "ForestGreen"), ("Wald", "", "#abc")]
    text = "\r\n".join(separator.join(row) for row in rows)
    made = applied(tmp_path, text, encoding)
    assert legend(made)[2:] == [(3, "Wald"), (4, "Grünland")]
    assert [c.color for c in made.classes[2:]] == ["#aabbcc", "#228b22"]


def test_names_may_be_exchanged(tmp_path: Path) -> None:
    made = applied(tmp_path, "class,name\nWald,Corn-notill\nCorn-notill,Wald\n")
    assert legend(made)[:3] == [(1, "Wald"), (2, "Corn-mintill"), (3, "Corn-notill")]
    assert made.values.tolist() == VALUES.tolist()


def test_a_new_name_brings_its_colour_and_a_chosen_colour_stays(tmp_path: Path) -> None:
    chosen = LabelMap.from_array(VALUES, NAMES, {3: "#123456"})
    made = read_class_table(table(tmp_path, "class,name\n4,water\nWald,forest\n")).apply(chosen)
    assert {c.name: c.color for c in made.classes}["water"] == "#1b78e6"
    assert {c.name: c.color for c in made.classes}["forest"] == "#123456"


def test_classes_merged_under_a_new_name_have_no_old_colour(tmp_path: Path) -> None:
    chosen = LabelMap.from_array(VALUES, NAMES, {1: "#123456", 3: "#654321"})
    text = "class,name\n1,not water\n2,not water\n3,x\n4,x\n"
    made = read_class_table(table(tmp_path, text)).apply(chosen)
    assert {c.name: c.color for c in made.classes} == {"not water": "#a9a9a9", "x": "#4477aa"}
    made = read_class_table(table(tmp_path, "class,name\n4,Wald\n")).apply(chosen)
    assert {c.name: c.color for c in made.classes}["Wald"] == "#654321"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class,name\nCorn,x\n", "no class 'Corn': known are 'Corn-notill'"),
        ("class,name\n9,x\n", "no class '9': known are 'Corn-notill', 'Corn-mintill', 'Wald'"),
        ("class,name\n1,x\nCorn-notill,y\n", "class 'Corn-notill' stands there twice"),
        ("class,name,colour\n1,x,red\n2,x,blue\n", "'x' has two colours, #ff0000 and #0000ff"),
        ("class,colour\n1,greenish\n", "'greenish' is no colour: give #rrggbb or a name"),
        ("class,colour\n1,0.5\n", "'0.5' is no colour"),
        ("class\n1\n", "has the columns class: expected class .* and name or colour"),
        ("name,colour\nx,red\n", "has the columns name, colour: expected class"),
        ("class,name\n,x\n", "row 1 names no class"),
        ("class,name\n", "there is no row"),
        ("", "there is no row"),
        ("class,name\n1,a,b\n", "class 1 has 3 cells, the first row names 2"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LabelError, match=f"legend.csv.*{message}"):
        applied(tmp_path, text)


def test_a_table_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="there is no such table of classes"):
        read_class_table(tmp_path / "legend.csv")


def test_a_column_without_a_use_is_named(tmp_path: Path) -> None:
    with pytest.warns(HsidiffWarning, match="columns without a use: note"):
        made = applied(tmp_path, "class,name,note,pixels\n1,x,y,3\n")
    assert legend(made)[0] == (1, "x")


def test_the_table_that_is_written_changes_nothing(tmp_path: Path) -> None:
    twice = LabelMap.from_array(VALUES, {1: "a, b", 2: "a, b", 3: "Grün;"}, {2: "#010203"})
    write_class_table(twice, tmp_path / "legend.csv")
    text = (tmp_path / "legend.csv").read_text(encoding="utf-8-sig").splitlines()
    assert text[0] == "class,name,colour,pixels"
    assert text[4] == f"4,class 4,{twice.classes[3].color},2"
    written = read_class_table(tmp_path / "legend.csv")
    # Two classes of one name become one, since their rows say so.
    assert legend(written.apply(twice)) == [(1, "a, b"), (3, "Grün;"), (4, "class 4")]
    write_class_table(labels(), tmp_path / "other.csv")
    same = read_class_table(tmp_path / "other.csv").apply(labels())
    assert same.classes == labels().classes
    np.testing.assert_array_equal(same.values, labels().values)


def test_labels_are_read_with_a_table(bare_scene, tmp_path: Path) -> None:
    values = np.zeros(bare_scene.shape, dtype=np.int32)
    values[0, :4] = [1, 2, 3, 3]
    path = table(tmp_path, "class,name\n1,a\n2,a\n3,b\n")
    read = read_labels(values, bare_scene, class_names=path, ignore_classes=[])
    assert legend(read) == [(1, "a"), (3, "b")]
    with pytest.raises(LabelError, match="labels hold one class only, a"):
        read_labels(values, bare_scene, class_names=path, ignore_classes=["b"])
