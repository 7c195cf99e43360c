"""How much a split gives away, by hand and against a second way to measure it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.neighbors import KNeighborsClassifier

from hsidiff.errors import LabelError, SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import (
    DistanceSummary,
    NearestTrainingClass,
    apart_from_training,
    distances_to_training_px,
    measure_leakage,
)
from hsidiff.labels.pixel_split import Split, block_split, random_split


def line_split() -> Split:
    """One row: training pixels at columns 0 (class 1) and 9 (class 2), test pixels between."""
    train = LabelMap.from_array(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 0, 2]]))
    test = LabelMap.from_array(np.array([[0, 1, 0, 1, 2, 0, 2, 0, 0, 0]]))
    return Split(train, test, kind="published")


def test_leakage_of_a_line_by_hand() -> None:
    # Test columns 1, 3, 4, 6 lie 1, 3, 4, 3 pixels from training; position gets column 4 wrong.
    leakage = measure_leakage(line_split(), receptive_field_px=5)
    assert leakage.window_shares == {1: 0.0, 3: 0.25, 5: 0.25, 7: 0.75, 13: 1.0}
    assert leakage.receptive_field_share == 0.25
    assert leakage.position_overall_accuracy == 0.75
    assert leakage.position_average_accuracy == (2 / 2 + 1 / 2) / 2
    # Columns 3, 4 and 6 have no training pixel within 5 px; of these column 4 is wrong.
    assert leakage.n_test_apart == 3
    assert leakage.position_overall_accuracy_apart == pytest.approx(2 / 3)
    nearest = leakage.nearest_training_px
    assert (nearest.minimum, nearest.mean, nearest.maximum) == (1, 2.75, 4)
    assert nearest.quartiles == (2.5, 3.0, 3.25)
    assert nearest.bin_edges_px == (1, 2, 4, 8)
    assert nearest.bin_counts == (1, 2, 1)


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (1, [True, True, True, True]),
        (3, [False, True, True, True]),
        (7, [False, False, True, False]),
        (9, [False, False, False, False]),
    ],
)
def test_pixels_apart_see_no_training_pixel(side: int, expected: list[bool]) -> None:
    assert distances_to_training_px(line_split()).tolist() == [1, 3, 4, 3]
    assert apart_from_training(line_split(), side).tolist() == expected


def test_where_no_pixel_lies_apart_there_is_no_accuracy_on_such_pixels() -> None:
    leakage = measure_leakage(line_split(), receptive_field_px=9)
    assert (leakage.n_test_apart, leakage.position_overall_accuracy_apart) == (0, None)


def test_average_accuracy_counts_only_classes_with_test_pixels() -> None:
    train = LabelMap.from_array(np.array([[1, 0, 0, 2, 0, 0, 3]]), {4: "unused"})
    test = LabelMap.from_array(np.array([[0, 1, 3, 0, 2, 0, 0]]), {4: "unused"})
    # Columns 1 and 4 are right, column 2 (class 3, but nearest to class 2) is wrong.
    leakage = measure_leakage(Split(train, test, kind="published"), receptive_field_px=1)
    assert leakage.position_average_accuracy == pytest.approx((1 + 0 + 1) / 3)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), rows=st.integers(5, 20), cols=st.integers(5, 20))
def test_window_shares_agree_with_looking_into_each_window(seed: int, rows: int, cols: int) -> None:
    values = np.random.default_rng(seed).choice([0, 1, 2], (rows, cols))
    values.flat[:4] = [1, 2, 1, 2]
    split = random_split(LabelMap.from_array(values), 0.1, random_state=seed)
    leakage = measure_leakage(split, receptive_field_px=5, windows_px=(3, 7))
    pixels = np.argwhere(split.test.values)
    for side in (3, 5, 7):
        half = side // 2
        padded = np.pad(split.train.values, half)
        shares = [padded[row : row + side, col : col + side].any() for row, col in pixels]
        assert leakage.window_shares[side] == pytest.approx(np.mean(shares))
        assert (apart_from_training(split, side) == ~np.array(shares)).all()
    nearest = cdist(pixels, np.argwhere(split.train.values), "chebyshev").min(axis=1)
    assert leakage.nearest_training_px.mean == pytest.approx(nearest.mean())
    assert sum(leakage.nearest_training_px.bin_counts) == len(pixels)


def test_a_block_split_with_its_guard_gives_nothing_into_the_receptive_field() -> None:
    values = np.repeat([1, 2, 3], 32)[:, None].repeat(128, axis=1)
    split = block_split(LabelMap.from_array(values), receptive_field_px=5)
    assert measure_leakage(split, receptive_field_px=9).receptive_field_share == 0
    assert measure_leakage(split, receptive_field_px=11).receptive_field_share > 0


def test_leakage_is_json_without_nan() -> None:
    content = measure_leakage(line_split(), receptive_field_px=27).to_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["window_shares"]["27"] == 1.0
    assert content["nearest_training_px"]["bin_counts"] == [1, 2, 1]


@pytest.mark.parametrize("side", [0, -1, 4])
def test_windows_must_be_odd(side: int) -> None:
    for measure in (measure_leakage, apart_from_training):
        with pytest.raises(SettingError, match=f"window of {side} px"):
            measure(line_split(), receptive_field_px=side)


def test_distances_of_several_splits_are_summarised_together() -> None:
    near = DistanceSummary.from_distances(np.array([1, 1, 2]))
    assert near.to_json() == {
        "minimum": 1,
        "quartiles": [1.0, 1.0, 1.5],
        "mean": pytest.approx(4 / 3),
        "maximum": 2,
        "bin_edges_px": [1, 2, 4],
        "bin_counts": [2, 1],
    }


def test_nearest_training_class_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    # Where several training pixels are equally near either may be taken: not compared.
    train = LabelMap.from_array(
        generator.choice([0, 1, 2, 5], (30, 40), p=[0.94, 0.02, 0.02, 0.02])
    )
    pixels = np.argwhere(np.ones(train.shape))
    distances = np.sort(cdist(pixels, np.argwhere(train.values)), axis=1)
    alone = distances[:, 0] < distances[:, 1]
    assert alone.sum() > 900
    model = KNeighborsClassifier(1).fit(np.argwhere(train.values), train.values[train.values > 0])
    rows, cols = np.indices(train.shape)
    ours = NearestTrainingClass.from_labels(train).at(rows, cols)
    assert ours.shape == train.shape
    assert ours.dtype == np.int32
    assert (ours.ravel()[alone] == model.predict(pixels)[alone]).all()
    assert (ours[train.values > 0] == train.values[train.values > 0]).all()


def test_nearest_training_class_does_not_depend_on_which_pixels_are_asked_together() -> None:
    train = random_split(LabelMap.from_array(np.indices((20, 20)).sum(axis=0) % 3 + 1)).train
    rows, cols = np.indices(train.shape)
    whole = NearestTrainingClass.from_labels(train).at(rows, cols)
    part = NearestTrainingClass.from_labels(train).at(rows[5:9, 3:8], cols[5:9, 3:8])
    assert (part == whole[5:9, 3:8]).all()


def test_nearest_training_class_needs_a_training_pixel() -> None:
    empty = LabelMap.from_array(np.zeros((3, 3)), {1: "Corn"})
    with pytest.raises(LabelError, match="no training label"):
        NearestTrainingClass.from_labels(empty)
