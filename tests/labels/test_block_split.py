"""Block splits: apart, as promised, with what does not fit said."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import cdist
from split_cases import scattered_labels, stripes

from hsidiff.errors import HsidiffWarning, SplitError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    block_split,
)


@settings(max_examples=30)
@given(
    rows=st.integers(9, 30),
    cols=st.integers(9, 30),
    block_px=st.integers(1, 8),
    guard_px=st.integers(0, 3),
    samples=st.sampled_from([None, 3, 1000]),
    seed=st.integers(0, 1000),
)
def test_a_block_split_keeps_its_promises(
    rows: int, cols: int, block_px: int, guard_px: int, samples: int | None, seed: int
) -> None:
    labels = scattered_labels(rows, cols, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        try:
            split = block_split(
                labels,
                samples_per_class=samples,
                block_px=block_px,
                guard_px=guard_px,
                random_state=seed,
            )
        except SplitError as error:
            assert "no test pixel" in str(error)  # noqa: PT017 - a wide guard may leave none
            return
    in_train, in_test = split.train.region, split.test.region
    assert in_train is not None
    assert in_test is not None
    # Blocks are whole.
    for row in range(0, rows, block_px):
        for col in range(0, cols, block_px):
            block = np.s_[row : row + block_px, col : col + block_px]
            assert in_train[block].all() or not in_train[block].any()
            assert not (in_train[block].any() and in_test[block].any())
    # Labels of training blocks are all taken, or so many of each class.
    available = labels.keeping(in_train).counts()
    for class_id, n_train in split.train.counts().items():
        assert n_train == min(available[class_id], samples or available[class_id])
    assert not split.train.values[~in_train].any()
    # At least guard_px apart, by distances computed pair by pair; nothing farther is left out.
    distance = cdist(
        np.argwhere(np.ones(labels.shape)), np.argwhere(split.train.values), "chebyshev"
    )
    apart = distance.min(axis=1).reshape(labels.shape) >= guard_px
    assert (split.test.values > 0).sum() == (in_test & (labels.values > 0)).sum()
    assert not in_test[~apart].any()
    left_out = (labels.values > 0) & ~in_train & ~in_test
    assert not left_out[apart].any()


def test_the_receptive_field_is_a_guard_that_keeps_the_inputs_of_both_sides_apart() -> None:
    split = block_split(stripes(96, 128), receptive_field_px=5)
    assert split.parameters["guard_px"] == 5
    reached = [
        ndimage.binary_dilation(side.values > 0, np.ones((5, 5)))
        for side in (split.train, split.test)
    ]
    assert not (reached[0] & reached[1]).any()
    nearest = cdist(np.argwhere(split.test.values), np.argwhere(split.train.values), "chebyshev")
    assert nearest.min() == 5  # not wider than needed, either


def test_a_small_scene_gets_the_widest_guard_that_leaves_enough_to_test_and_says_so() -> None:
    values = np.repeat([[1], [2]], 8, axis=0).repeat(40, axis=1)  # two blocks of 20 x 16 pixels
    labels = LabelMap.from_array(values, {1: "Roof", 2: "Soil"})
    with pytest.warns(HsidiffWarning, match=r"49 px, would leave class 1 'Roof'.*guard_px=18"):
        split = block_split(labels, block_px=20, receptive_field_px=49)
    # Enough is min(20, 160 / 5) = 20 pixels = 2.5 columns of 8 rows, so three columns stay.
    assert split.parameters["guard_px"] == 18
    assert split.parameters["receptive_field_px"] == 49
    assert split.test.counts() == {1: 24, 2: 24}


def test_a_class_with_hardly_a_test_pixel_does_not_narrow_the_guard_of_the_others() -> None:
    values = np.repeat([[1], [2]], 8, axis=0).repeat(40, axis=1)
    values[3:7, 5:20], values[3, 20] = 3, 3  # 60 pixels in one block, 1 in the other
    with pytest.warns(HsidiffWarning, match="3 'class 3'") as caught:
        split = block_split(LabelMap.from_array(values), block_px=20, receptive_field_px=7)
    assert len(caught) == 1
    assert split.parameters["guard_px"] == 7


def test_an_explicit_guard_is_obeyed_and_classes_without_test_pixels_are_named() -> None:
    values = np.ones((20, 60), dtype=int)
    values[:, 19:21], values[0, :3], values[0, -3:] = 2, 2, 0
    labels = LabelMap.from_array(values, {2: "Soil"})
    with pytest.warns(HsidiffWarning, match="no test pixel: 2 'Soil'") as caught:
        split = block_split(labels, block_px=20, guard_px=6, random_state=0)
    assert len(caught) == 1
    assert split.parameters["guard_px"] == 6


def test_a_guard_wider_than_the_scene_is_an_error() -> None:
    with pytest.raises(SplitError, match="no test pixel"):
        block_split(stripes(), guard_px=100)


@pytest.mark.parametrize("seed", range(20))
def test_classes_of_two_blocks_get_one_on_each_side(seed: int) -> None:
    # Each class lies in two of the nine blocks; chance alone would serve all in 1 of 16 draws.
    values = np.zeros((9, 9), dtype=int)
    for class_id, corners in enumerate([((0, 0), (3, 3)), ((0, 3), (6, 0)), ((0, 6), (6, 6)),
                                        ((3, 0), (6, 3))], start=1):  # fmt: skip
        for row, col in corners:
            values[row : row + 3, col : col + 3] = class_id
    split = block_split(LabelMap.from_array(values), block_px=3, random_state=seed)
    assert set(split.train.counts().values()) == set(split.test.counts().values()) == {9}


def test_a_class_of_one_block_goes_to_training_and_is_named() -> None:
    values = np.array(stripes().values)
    values[3:6, 3:6] = 11
    labels = LabelMap.from_array(values, {11: "Soil"})
    for seed in range(10):
        with pytest.warns(HsidiffWarning, match="no test pixel: 11 'Soil'"):
            split = block_split(labels, random_state=seed)
        assert (split.train.counts()[11], split.test.counts()[11]) == (9, 0)


@pytest.mark.parametrize(("fraction", "n_train_blocks"), [(0.25, 3), (0.5, 6), (0.75, 9)])
def test_the_fraction_is_the_share_of_blocks(fraction: float, n_train_blocks: int) -> None:
    split = block_split(stripes(), train_fraction=fraction, block_px=16)
    assert split.train.region is not None
    assert split.train.region.sum() == n_train_blocks * 16 * 16


def test_training_pixels_do_not_depend_on_the_guard_or_the_receptive_field() -> None:
    labels = scattered_labels(60, 60, 4)
    splits = [
        block_split(labels, samples_per_class=5, random_state=2),
        block_split(labels, samples_per_class=5, guard_px=4, random_state=2),
        block_split(labels, samples_per_class=5, receptive_field_px=7, random_state=2),
    ]
    for other in splits[1:]:
        assert (other.train.values == splits[0].train.values).all()
        assert other.sha256 != splits[0].sha256


def test_labels_in_one_block_are_an_error_that_names_the_block_size() -> None:
    with pytest.raises(SplitError, match="block_px=64"):
        block_split(stripes(), block_px=64)
