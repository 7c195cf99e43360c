import re

import numpy as np
import pytest

from hsidiff.errors import LabelError
from hsidiff.labels.label_map import LabelMap, LandClass, labels_together, most_probable_of

VALUES = np.array([[0, 2, 2], [7, 0, 2]])


def test_classes_are_the_ids_found_with_names_and_colours() -> None:
    labels = LabelMap.from_array(VALUES, names={2: "water"}, colors={7: "#010203"})
    assert labels.classes == (
        LandClass(2, "water", "#1b78e6"),
        LandClass(7, "class 7", "#010203"),
    )
    assert labels.values.dtype == np.int32
    assert labels.shape == (2, 3)
    assert labels.n_labelled == 4
    assert labels.counts() == {2: 3, 7: 1}


def test_a_named_class_without_a_pixel_stays_in_the_legend() -> None:
    labels = LabelMap.from_array(VALUES, names={2: "water", 5: "snow", 7: "soil"})
    assert [c.id for c in labels.classes] == [2, 5, 7]
    assert labels.counts() == {2: 3, 5: 0, 7: 1}


def test_0_is_no_class_even_if_it_has_a_name() -> None:
    labels = LabelMap.from_array(VALUES, names={0: "background"})
    assert [c.id for c in labels.classes] == [2, 7]


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_whole_numbers_of_any_type_are_labels(dtype: type) -> None:
    assert LabelMap.from_array(VALUES.astype(dtype)).counts() == {2: 3, 7: 1}


def test_true_and_false_are_one_class() -> None:
    assert LabelMap.from_array(VALUES == 2).counts() == {1: 3}


@pytest.mark.parametrize("wrong", [-1, 0.5, np.nan, np.inf, -np.inf, 2**31, 2**32])
def test_what_is_no_class_id_is_refused(wrong: float) -> None:
    values = np.array([[0, 1], [1, wrong]])
    with pytest.raises(LabelError, match="labels must be whole numbers"):
        LabelMap.from_array(values)


def test_text_is_no_label() -> None:
    with pytest.raises(LabelError, match="labels must be whole numbers"):
        LabelMap.from_array(np.array([["water", "soil"]]))


@pytest.mark.parametrize("shape", [(3,), (2, 2, 1), ()])
def test_labels_have_rows_and_columns(shape: tuple[int, ...]) -> None:
    with pytest.raises(LabelError, match=re.escape(f"labels have shape {shape}: expected (rows,")):
        LabelMap.from_array(np.ones(shape, dtype=int))


def test_an_empty_array_is_refused() -> None:
    with pytest.raises(LabelError):
        LabelMap.from_array(np.ones((0, 4), dtype=int))


@pytest.mark.parametrize("ids", [(2, 1), (1, 1), (0, 1), (-3, 1)])
def test_the_legend_has_unique_increasing_ids_from_1(ids: tuple[int, int]) -> None:
    classes = tuple(LandClass(i, str(i), "#000000") for i in ids)
    with pytest.raises(LabelError, match="must be unique, at least 1, in increasing order"):
        LabelMap(np.zeros((2, 2), dtype=np.int32), classes)


def test_a_label_that_is_not_in_the_legend_is_refused() -> None:
    with pytest.raises(LabelError, match=r"label 7 is not among the class ids \[2\]"):
        LabelMap(VALUES, (LandClass(2, "water", "#000000"),))


def test_keeping_blanks_labels_and_sample_ids_elsewhere_and_keeps_the_legend() -> None:
    sample_ids = np.array([[0, 11, 12], [13, 0, 14]], dtype=np.int32)
    labels = LabelMap.from_array(VALUES, sample_ids=sample_ids)
    mask = np.array([[True, True, False], [False, True, True]])
    kept = labels.keeping(mask, region=mask)
    assert kept.values.tolist() == [[0, 2, 0], [0, 0, 2]]
    assert kept.sample_ids is not None
    assert kept.sample_ids.tolist() == [[0, 11, 0], [0, 0, 14]]
    assert kept.classes == labels.classes
    assert kept.region is mask
    assert labels.counts() == {2: 3, 7: 1}
    assert labels.keeping(mask).region is None


def test_renumbering_leaves_no_label_where_it_was_and_takes_the_new_legend() -> None:
    labels = LabelMap.from_array(np.array([[0, 3], [9, 3]]), {7: "nowhere"})
    assert [c.id for c in labels.used_classes] == [3, 9]
    legend = (LandClass(2, "grass", "#00ff00"), LandClass(300, "roof", "#ff0000"))
    new = labels.renumbered({3: 300, 9: 2}, legend)
    assert new.values.tolist() == [[0, 300], [2, 300]]
    assert new.classes == legend


def test_the_most_probable_class_of_a_pixel_without_probabilities_is_none() -> None:
    classes = (LandClass(2, "grass", ""), LandClass(300, "roof", ""))
    found = most_probable_of(classes, np.array([[[0.4, 0.6], [1.0, 0.0]], [[0, 0], [0.5, 0.5]]]))
    assert found.tolist() == [[300, 2], [0, 2]]
    assert found.dtype == np.int32


def test_labels_that_share_no_pixel_are_put_together() -> None:
    whole = LabelMap.from_array(np.array([[1, 0, 2, 1]]), sample_ids=np.array([[4, 0, 5, 6]]))
    left, right = (whole.keeping(np.arange(4) < 2), whole.keeping(np.arange(4) >= 2))
    both = labels_together((left, right))
    assert both.values.tolist() == whole.values.tolist()
    assert both.sample_ids is None
    assert both.values.dtype == np.int32


def test_repr_is_a_short_table_of_the_classes() -> None:
    labels = LabelMap.from_array(VALUES, names={2: "water", 5: "snow", 7: "soil"})
    assert repr(labels).splitlines() == [
        "LabelMap: 2 x 3 pixels, 4 labelled",
        "  id  class      pixels",
        "   2  water           3",
        "   5  snow            0",
        "   7  soil            1",
    ]


def test_what_is_held_out_together_has_a_known_name() -> None:
    with pytest.raises(LabelError, match="unit='pixels': must be blocks or fields"):
        LabelMap.from_array(np.array([[1, 2]]), unit="pixels")
