import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.one_legend import with_one_legend

NAMES = ["a.gpkg", "b.gpkg"]


def labels(names: dict[int, str] | None, ids: list[int], points: bool = False) -> LabelMap:
    values = np.array([[*ids, 0]])
    sample_ids = np.where(values > 0, 1, 0).astype(np.int32) if points else None
    return LabelMap.from_array(values, names, sample_ids=sample_ids)


def unified(*maps: LabelMap) -> tuple[dict[int, str], list[list[int]]]:
    found = with_one_legend(maps, NAMES)
    legends = [{c.id: c.name for c in labels.classes} for labels in found]
    assert all(legend == legends[0] for legend in legends)
    return legends[0], [labels.values[0, :-1].tolist() for labels in found]


def test_classes_of_one_name_are_one_class_whatever_their_ids() -> None:
    legend, values = unified(
        labels({3: "tree", 7: "water"}, [3, 7]), labels({7: "water", 12: "tree"}, [12, 7, 12])
    )
    assert legend == {3: "tree", 7: "water"}
    assert values == [[3, 7], [3, 7, 3]]


def test_a_new_class_keeps_its_free_id() -> None:
    legend, values = unified(labels({1: "tree"}, [1]), labels({1: "tree", 9: "soil"}, [9, 1]))
    assert (legend, values[1]) == ({1: "tree", 9: "soil"}, [9, 1])


def test_text_that_was_counted_gets_ids_of_its_own() -> None:
    first = labels({1: "grass", 2: "tree"}, [1, 2], points=True)
    second = labels({1: "soil", 2: "tree", 3: "water"}, [1, 2, 3], points=True)
    legend, values = unified(first, second)
    assert sorted(legend.values()) == ["grass", "soil", "tree", "water"]
    assert values[0] == [1, 2]
    assert [legend[i] for i in values[1]] == ["soil", "tree", "water"]
    assert len(set(values[1])) == 3


def test_an_id_with_two_names_is_refused_with_both() -> None:
    with pytest.raises(LabelError) as error:
        with_one_legend([labels({1: "tree"}, [1]), labels({1: "water"}, [1])], NAMES)
    assert str(error.value) == (
        "class id 1 is 'tree' in a.gpkg and 'water' in b.gpkg: give each class one id and one "
        "name, or leave one out (--ignore-class)"
    )


def test_a_class_without_a_name_is_that_of_its_id() -> None:
    legend, values = unified(labels(None, [1, 2]), labels({2: "tree", 5: "soil"}, [5, 2]))
    assert legend == {1: "class 1", 2: "tree", 5: "soil"}
    assert values == [[1, 2], [5, 2]]
    legend, _ = unified(labels({2: "tree"}, [2]), labels(None, [2]))
    assert legend == {2: "tree"}


def test_classes_without_a_pixel_conflict_with_nothing() -> None:
    legend, _ = unified(labels({1: "tree", 2: "water"}, [1]), labels({2: "soil"}, [2]))
    assert legend == {1: "tree", 2: "soil"}


def test_names_that_differ_by_case_are_one_class_with_a_note() -> None:
    with pytest.warns(HsidiffWarning, match=r"b.gpkg: class 'Tree ' is taken for 'tree'"):
        legend, values = unified(labels({1: "tree"}, [1]), labels({4: "Tree "}, [4]))
    assert (legend, values[1]) == ({1: "tree"}, [1])


def test_two_classes_of_one_scene_never_become_one() -> None:
    with pytest.raises(LabelError, match="two of its classes would be one"):
        with_one_legend([labels({1: "tree"}, [1]), labels({5: "tree"}, [1, 5])], NAMES)
