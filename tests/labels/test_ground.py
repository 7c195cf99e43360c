"""Fields of labels, and an order that does not know the classes."""

from collections import deque
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from split_cases import scattered_labels

from hsidiff.labels.ground import (
    blocks_at,
    classes_by_place,
    fields_in_two,
    fields_of,
    held_out_units,
)
from hsidiff.labels.label_map import LabelMap


def flooded(values: np.ndarray) -> np.ndarray:
    """Fields by walking from pixel to touching pixel of the same class."""
    fields, n_fields = np.zeros(values.shape, dtype=int), 0
    for start in zip(*np.nonzero(values), strict=True):
        if fields[start]:
            continue
        n_fields += 1
        queue = deque([start])
        fields[start] = n_fields
        while queue:
            row, col = queue.popleft()
            for near in np.ndindex(3, 3):
                at = (row + near[0] - 1, col + near[1] - 1)
                inside = 0 <= at[0] < values.shape[0] and 0 <= at[1] < values.shape[1]
                if inside and not fields[at] and values[at] == values[start]:
                    fields[at] = n_fields
                    queue.append(at)
    return fields


@settings(max_examples=30)
@given(rows=st.integers(3, 15), cols=st.integers(3, 15), seed=st.integers(0, 1000))
def test_fields_of_a_raster_are_what_a_walk_reaches(rows: int, cols: int, seed: int) -> None:
    labels = scattered_labels(rows, cols, seed)
    np.testing.assert_array_equal(fields_of(labels), flooded(labels.values))


def test_a_polygon_is_one_field_and_joins_what_of_its_class_it_touches() -> None:
    values = np.array([[1, 0, 1, 0, 2, 2], [0, 0, 0, 0, 1, 2], [1, 1, 0, 0, 0, 0]])
    # Sample 1 has two parts; 3 and 4 are polygons of class 2 that touch; 5 is a point that touches
    # none of its class; 6 and 7 are two polygons of class 1 that touch.
    samples = np.array([[1, 0, 1, 0, 3, 4], [0, 0, 0, 0, 5, 4], [6, 7, 0, 0, 0, 0]])
    labels = LabelMap.from_array(values, sample_ids=samples)
    expected = [[1, 0, 1, 0, 2, 2], [0, 0, 0, 0, 3, 2], [4, 4, 0, 0, 0, 0]]
    np.testing.assert_array_equal(fields_of(labels), expected)


def test_one_sample_of_two_classes_is_two_fields() -> None:
    labels = LabelMap.from_array(np.array([[1, 0, 2]]), sample_ids=np.array([[4, 0, 4]]))
    np.testing.assert_array_equal(fields_of(labels), [[1, 0, 2]])


def test_a_class_of_one_field_is_cut_in_two_across_its_longer_axis() -> None:
    values = np.array([[1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0], [2, 0, 2, 0, 3]])
    fields, alone = fields_in_two(LabelMap.from_array(values))
    np.testing.assert_array_equal(fields[:2], [[1, 1, 5, 5, 0], [1, 1, 5, 5, 0]])
    np.testing.assert_array_equal(fields[3], [2, 0, 3, 0, 4])
    assert alone == [1, 3]


@settings(max_examples=30)
@given(rows=st.integers(3, 40), cols=st.integers(3, 40), seed=st.integers(0, 1000))
def test_labels_of_one_block_or_of_one_field_are_held_out_together(
    rows: int, cols: int, seed: int
) -> None:
    labels = scattered_labels(rows, cols, seed)
    at = np.nonzero(labels.values)
    blocks, whole = held_out_units(labels, *at), np.stack(at) // 16
    same = blocks[:, None] == blocks
    np.testing.assert_array_equal(same, (whole[:, :, None] == whole[:, None]).all(axis=0))
    units = held_out_units(replace(labels, unit="fields"), *at)
    fields = fields_in_two(labels)[0][at]
    np.testing.assert_array_equal(units[:, None] == units, fields[:, None] == fields)
    for class_id in np.unique(labels.values[at]):
        of_class = labels.values[at] == class_id
        assert np.ptp(units[of_class]) > 0 or of_class.sum() == 1


def test_blocks_are_numbered_from_0_as_they_occur() -> None:
    rows, cols = np.array([0, 15, 16, 15, 40, 47]), np.array([0, 15, 15, 16, 16, 31])
    assert blocks_at(rows, cols).tolist() == [0, 0, 2, 1, 3, 3]


def test_labels_of_no_pixel_have_no_field() -> None:
    assert not fields_of(LabelMap.from_array(np.zeros((3, 4), dtype=int))).any()


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), ids=st.permutations([2, 5, 9]))
def test_the_order_of_classes_follows_the_ground(seed: int, ids: list[int]) -> None:
    values = scattered_labels(6, 7, seed).values
    renamed = np.select([values == i for i in (2, 5, 9)], ids, 0)
    new_id = dict(zip((2, 5, 9), ids, strict=True))
    assert classes_by_place(renamed) == [new_id[i] for i in classes_by_place(values)]
