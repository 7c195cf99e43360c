import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.matching import with_ids_of


def legend(**names: int) -> tuple[LandClass, ...]:
    return tuple(LandClass(number, name, "#000000") for name, number in names.items())


def labels_of(values: list[int], names: dict[int, str]) -> LabelMap:
    return LabelMap.from_array(np.array([values]), names)


def test_classes_get_the_ids_of_their_names() -> None:
    labels = labels_of([0, 1, 2, 2], {1: "roof", 2: "tree"})
    matched = with_ids_of(labels, legend(grass=1, roof=2, tree=5), "the map")
    assert matched.values.tolist() == [[0, 2, 5, 5]]
    assert [(c.id, c.name) for c in matched.classes] == [(2, "roof"), (5, "tree")]


def test_ids_may_change_places() -> None:
    labels = labels_of([1, 2, 0], {1: "b", 2: "a"})
    matched = with_ids_of(labels, legend(a=1, b=2), "the map")
    assert matched.values.tolist() == [[2, 1, 0]]
    assert [c.name for c in matched.classes] == ["a", "b"]


def test_classes_without_a_name_on_either_side_keep_their_ids() -> None:
    unnamed = labels_of([1, 3], {})
    assert with_ids_of(unnamed, legend(a=1, b=3), "the map").values.tolist() == [[1, 3]]
    named = labels_of([1, 3], {1: "a", 3: "b"})
    stand_ins = (LandClass(1, "class 1", "#000000"), LandClass(3, "class 3", "#000000"))
    assert with_ids_of(named, stand_ins, "the map").values.tolist() == [[1, 3]]


def test_a_class_that_the_legend_lacks_keeps_a_free_id() -> None:
    labels = labels_of([1, 4], {1: "a", 4: "new"})
    assert with_ids_of(labels, legend(a=1, b=2), "the map").values.tolist() == [[1, 4]]


def test_an_id_that_means_something_else_is_refused() -> None:
    labels = labels_of([1, 2], {1: "a", 2: "new"})
    with pytest.raises(LabelError, match="'new' of the labels has id 2, which is 'b' in the map"):
        with_ids_of(labels, legend(a=1, b=2), "the map")


def test_a_map_that_is_refused_is_named_and_told_its_way_out() -> None:
    labels = labels_of([1, 2], {1: "a", 2: "new"})
    with pytest.raises(LabelError, match=r"'new' of later\.tif has id 2.*alike, or merge both"):
        with_ids_of(labels, legend(a=1, b=2), "the map", "later.tif", "merge both")


def test_two_classes_never_become_one() -> None:
    labels = labels_of([1, 2], {1: "b"})  # class 2 has no name and would keep its id
    with pytest.raises(LabelError, match="same id in the map"):
        with_ids_of(labels, legend(a=1, b=2), "the map")


def test_a_class_of_the_legend_without_a_pixel_does_not_matter() -> None:
    labels = labels_of([1, 0], {1: "a", 2: "never seen"})
    assert with_ids_of(labels, legend(a=1, b=2), "the map").values.tolist() == [[1, 0]]


def test_names_that_differ_by_case_or_blanks_are_taken_for_the_same_with_a_note():
    classes = legend(**{"Bare soil": 1, "Tree": 2, "Water": 3})
    labels = LabelMap.from_array(np.array([[1, 2, 3]]), {1: "bare_soil", 2: "tree", 3: "Water"})
    swapped = LabelMap.from_array(np.array([[7, 9, 3]]), {7: "TREE", 9: "bare soil", 3: "Water"})
    with pytest.warns(HsidiffWarning, match="'bare_soil' for 'Bare soil', 'tree' for 'Tree': they"):
        assert with_ids_of(labels, classes, "the map").classes[1].name == "Tree"
    with pytest.warns(HsidiffWarning, match="'TREE' for 'Tree'"):
        assert with_ids_of(swapped, classes, "the map").values.tolist() == [[2, 1, 3]]


def test_ids_by_the_alphabet_are_compared_with_those_of_no_name_with_a_note() -> None:
    named = labels_of([1, 2, 3], {1: "forest", 2: "Soil", 3: "water"})
    stand_ins = tuple(LandClass(i, f"class {i}", "#000000") for i in (1, 2, 3))
    with pytest.warns(HsidiffWarning, match=r"numbered by the alphabet \(1 forest, 2 Soil, 3 wat"):
        with_ids_of(named, stand_ins, "the map")
    of_the_file = labels_of([1, 2, 3], {1: "water", 2: "forest", 3: "soil"})
    assert with_ids_of(of_the_file, stand_ins, "the map").values.tolist() == [[1, 2, 3]]
