"""Splits by whole fields: no field on two sides, balanced, apart, and what does not fit said."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.io import loadmat
from scipy.spatial.distance import cdist

from hsidiff.errors import HsidiffWarning, SettingError, SplitError
from hsidiff.labels.ground import fields_of
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.pixel_split import block_split, field_split


def patchwork(n_rows: int, n_cols: int, seed: int, field_px: int = 5) -> LabelMap:
    """Square fields of three classes at random, with a path of a pixel between them."""
    generator = np.random.default_rng(seed)
    classes = generator.choice([0, 2, 5, 9], (n_rows, n_cols))
    classes.flat[:6] = [2, 5, 9, 2, 5, 9]
    values = classes.repeat(field_px, axis=0).repeat(field_px, axis=1)
    values[::field_px], values[:, ::field_px] = 0, 0
    return LabelMap.from_array(values)


@settings(max_examples=30)
@given(
    rows=st.integers(2, 6),
    cols=st.integers(3, 6),
    fraction=st.floats(0.1, 0.9),
    guard_px=st.integers(0, 4),
    samples=st.sampled_from([None, 3, 1000]),
    seed=st.integers(0, 1000),
)
def test_a_split_by_fields_keeps_its_promises(
    rows: int, cols: int, fraction: float, guard_px: int, samples: int | None, seed: int
) -> None:
    labels = patchwork(rows, cols, seed)
    fields = fields_of(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        try:
            split = field_split(
                labels,
                train_fraction=fraction,
                samples_per_class=samples,
                guard_px=guard_px,
                random_state=seed,
            )
        except SplitError as error:
            assert "no test pixel" in str(error)  # noqa: PT017 - a wide guard may leave none
            return
    in_train, in_test = split.train.values > 0, split.test.values > 0
    assert split.train.region is not None
    assert split.test.region is not None
    trained = np.unique(fields[split.train.region & (labels.values > 0)])
    # Every field lies on one side.
    assert not np.isin(np.unique(fields[in_test]), trained).any()
    # A class gives a field to each side, and as near to the share as its equal fields allow.
    for class_id, n_train in split.train.counts().items():
        of_class = np.unique(fields[labels.values == class_id])
        n_fields = np.isin(of_class, trained).sum()
        assert 1 <= n_fields < len(of_class)
        assert abs(n_fields / len(of_class) - fraction) <= max(0.5 / len(of_class), 0.1) or (
            n_fields in (1, len(of_class) - 1)
        )
        available = np.isin(fields, trained) & (labels.values == class_id)
        assert n_train == min(available.sum(), samples or available.sum())
    # At least guard_px apart, by distances computed pair by pair; nothing farther is left out.
    nearest = cdist(np.argwhere(labels.values), np.argwhere(in_train), "chebyshev").min(axis=1)
    is_tested = in_test[labels.values > 0]
    could = ~np.isin(fields[labels.values > 0], trained)
    np.testing.assert_array_equal(is_tested, could & (nearest >= guard_px))
    # The regions of both sides hold their labels and no pixel of the other side's.
    assert split.train.region[in_train].all()
    assert split.test.region[in_test].all()
    assert not (split.train.region & split.test.region).any()


def test_the_receptive_field_is_the_guard_where_it_leaves_half_of_a_class() -> None:
    values = np.zeros((10, 60), dtype=int)
    values[:, :10], values[:, 20:30], values[:, 40:46], values[:, 54:] = 1, 1, 2, 2
    split = field_split(LabelMap.from_array(values), receptive_field_px=5)
    assert split.parameters["guard_px"] == 5
    assert split.parameters["narrower_guards_px"] is None
    reached = [
        ndimage.binary_dilation(side.values > 0, np.ones((5, 5)))
        for side in (split.train, split.test)
    ]
    assert not (reached[0] & reached[1]).any()


def test_a_class_that_the_guard_would_eat_has_a_narrower_one_and_is_named() -> None:
    values = np.zeros((8, 100), dtype=int)
    values[:, :10], values[:, 80:90], values[:, 40:45], values[:, 48:53] = 1, 1, 2, 2
    labels = LabelMap.from_array(values, {2: "Soil"})
    with pytest.warns(HsidiffWarning, match=r"guard of the receptive field, 21 px.*: 2 'Soil' 6"):
        split = field_split(labels, receptive_field_px=21)
    # 3 to 7 columns lie between: the three farther of the five test columns are 6 to 8 px away.
    assert split.parameters["narrower_guards_px"] == {"2": 6}
    assert split.test.counts() == {1: 80, 2: 24}


def test_an_explicit_guard_is_obeyed_and_classes_without_test_pixels_are_named() -> None:
    values = np.zeros((8, 100), dtype=int)
    values[:, :10], values[:, 80:90], values[:, 40:45], values[:, 48:53] = 1, 1, 2, 2
    labels = LabelMap.from_array(values, {2: "Soil"})
    with pytest.warns(HsidiffWarning, match="no test pixel: 2 'Soil'"):
        split = field_split(labels, guard_px=9)
    assert split.parameters["guard_px"] == 9


def aslant() -> np.ndarray:
    """A field along a diagonal, of one class, and two fields of another."""
    rows, cols = np.indices((40, 40))
    values = np.where(np.abs(rows - cols) < 3, 1, 0)
    values[:8, 30:38], values[30:38, :8] = 2, 2
    return values


def test_a_class_of_one_field_is_halved_across_its_longer_axis_and_named() -> None:
    labels = LabelMap.from_array(aslant(), {1: "River", 2: "Soil"})
    ends = []
    for seed in range(8):
        with pytest.warns(HsidiffWarning, match="cannot lie on two sides: 1 'River': they are cut"):
            split = field_split(labels, random_state=seed)
        n_train, n_test = split.train.counts()[1], split.test.counts()[1]
        assert abs(n_train - n_test) <= 1
        # All of one half lies nearer to one end of the diagonal.
        train, test = (
            np.argwhere(side.values == 1).sum(axis=1) for side in (split.train, split.test)
        )
        assert train.max() <= test.min() or test.max() <= train.min()
        ends.append(train.max() <= test.min())
    assert len(set(ends)) == 2  # which half trains is drawn


def test_a_class_of_one_field_may_be_left_out_by_name() -> None:
    values = aslant()
    values[20:24, 2:6], values[2:6, 15:19] = 3, 3
    labels = LabelMap.from_array(values, {1: "River", 2: "Soil", 3: "Hay"})
    with pytest.warns(HsidiffWarning, match="1 'River': they are left out") as caught:
        split = field_split(labels, single_field="drop")
    assert len(caught) == 1
    assert split.train.counts()[1] == split.test.counts()[1] == 0
    assert [c.name for c in split.train.classes] == ["River", "Soil", "Hay"]


def test_nothing_left_to_split_is_an_error() -> None:
    values = np.zeros((9, 9), dtype=int)
    values[:3, :3], values[6:, 6:] = 1, 2
    labels = LabelMap.from_array(values)
    with (
        pytest.warns(HsidiffWarning, match="left out"),
        pytest.raises(SplitError, match="no label to split"),
    ):
        field_split(labels, single_field="drop")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"single_field": "cut"}, "single_field"),
        ({"train_fraction": 1.0}, "train_fraction=1.0"),
        ({"samples_per_class": 0}, "samples_per_class=0"),
        ({"guard_px": -1}, "guard_px=-1"),
        ({"receptive_field_px": 0}, "receptive_field_px=0"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        field_split(patchwork(3, 4, 0), **setting)  # type: ignore[arg-type]


def test_points_that_touch_no_other_are_fields_of_their_own() -> None:
    values = np.zeros((30, 30), dtype=int)
    values[::6, ::6] = np.arange(25).reshape(5, 5) % 2 + 1
    samples = np.cumsum(values > 0).reshape(values.shape) * (values > 0)
    split = field_split(LabelMap.from_array(values, sample_ids=samples))
    assert split.train.counts() == {1: 6, 2: 6}
    assert split.test.counts() == {1: 7, 2: 6}


def test_drawn_pixels_still_know_their_fields() -> None:
    labels = patchwork(5, 5, 1)
    split = field_split(labels, samples_per_class=4)
    for side in (split.train, split.test):
        is_labelled = side.values > 0
        assert side.sample_ids is not None
        np.testing.assert_array_equal(side.sample_ids[is_labelled], fields_of(labels)[is_labelled])


@pytest.mark.real_data
def test_position_falls_far_on_fields_of_indian_pines(real_data: Path) -> None:
    values = loadmat(real_data / "ground-truth" / "Indian_pines_gt.mat")["indian_pines_gt"]
    labels = LabelMap.from_array(values)
    accuracies = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        for make in (block_split, field_split):
            splits = [make(labels, samples_per_class=30, random_state=seed) for seed in range(5)]
            position = [measure_leakage(split, 1).position_overall_accuracy for split in splits]
            accuracies.append(np.mean(position))
    assert accuracies[0] > 0.6
    assert accuracies[1] < 0.25
