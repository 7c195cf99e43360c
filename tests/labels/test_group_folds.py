"""Folds of whole groups: each label once per repeat, its field never learned, a guard between."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from split_cases import CLASS_IDS, scattered_labels

from hsidiff.errors import HsidiffWarning, SettingError, SplitError
from hsidiff.labels.ground import blocks_of, fields_of
from hsidiff.labels.group_folds import GroupFolding
from hsidiff.labels.label_map import LabelMap


@settings(max_examples=30)
@given(
    groups=st.sampled_from(["fields", "blocks"]),
    rows=st.integers(6, 16),
    cols=st.integers(6, 16),
    guard_px=st.sampled_from([None, 0, 2]),
    seed=st.integers(0, 1000),
)
def test_folds_keep_their_promises(
    groups: str, rows: int, cols: int, guard_px: int | None, seed: int
) -> None:
    labels = scattered_labels(rows, cols, seed)
    folding = GroupFolding(groups, n_folds=3, n_repeats=2, block_px=3, guard_px=guard_px)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        try:
            folds = folding.fold(labels, receptive_field_px=3, random_state=seed)
        except SplitError as error:
            assert "no training pixel" in str(error)  # noqa: PT017 - a guard may leave none
            return
    whole = fields_of(labels) if groups == "fields" else blocks_of(labels.shape, 3)
    assert len(folds.repeats) == 2
    for repeat in folds.repeats:
        n_held_out = np.sum([split.test.values > 0 for split in repeat], axis=0)
        assert n_held_out.max() == 1
        scored = np.unique(labels.values[n_held_out > 0])
        # A class is scored with all its labels, or not at all.
        np.testing.assert_array_equal(n_held_out > 0, np.isin(labels.values, scored))
        for split in repeat:
            in_train, in_test = split.train.values > 0, split.test.values > 0
            assert not (in_train & in_test).any()
            several = [i for i in scored if len(np.unique(whole[labels.values == i])) > 1]
            of_several = np.isin(labels.values, several)
            shared = np.intersect1d(whole[in_train & of_several], whole[in_test & of_several])
            assert not shared.size
            if guard_px is not None and guard_px > 0:
                nearest = cdist(np.argwhere(in_train), np.argwhere(in_test), "chebyshev")
                assert nearest.min() >= guard_px


def test_a_class_keeps_half_of_its_training_labels_where_the_guard_would_take_more() -> None:
    values = np.zeros((3, 120), dtype=int)
    values[1, np.arange(2, 16).cumsum()] = np.arange(14) % 2 + 1  # points farther and farther apart
    labels = LabelMap.from_array(values, {1: "Roof", 2: "Soil"})
    with pytest.warns(HsidiffWarning, match="fewer than half of their training pixels") as caught:
        folds = GroupFolding(n_repeats=1).fold(labels, receptive_field_px=31)
    assert len(caught) == 1
    assert min(split.train.n_labelled for split in folds.repeats[0]) < 11
    for split in folds.repeats[0]:
        outside = labels.keeping(split.test.values == 0).counts()
        for class_id, n_train in split.train.counts().items():
            assert outside[class_id] / 2 <= n_train <= outside[class_id]
    assert folds.parameters["guard_px"] == 31
    assert set(folds.parameters["narrower_guards_px"]) == {"1", "2"}


def test_each_class_is_known_to_every_fold_that_is_asked_for_it() -> None:
    values = np.zeros((20, 20), dtype=int)
    values[::2, ::2] = np.where(np.arange(100).reshape(10, 10) % 7, 1, 2)
    values[0, 0], values[18, 18], values[0, 18] = 3, 3, 4
    labels = LabelMap.from_array(values, {4: "Lake"})
    with pytest.warns(HsidiffWarning, match="never scored.*: 4 'Lake'"):
        folds = GroupFolding().fold(labels, receptive_field_px=1)
    for repeat in folds.repeats:
        for split in repeat:
            asked, known = (np.unique(side.values) for side in (split.test, split.train))
            assert np.isin(asked, known).all()
            assert 4 not in asked


def test_a_class_of_one_field_is_halved_and_scored() -> None:
    values = np.zeros((20, 40), dtype=int)
    values[:4, :20], values[10:14, :4], values[10:14, 30:34] = 1, 2, 2
    with pytest.warns(HsidiffWarning, match="cannot lie on two sides: 1 'class 1'"):
        folds = GroupFolding(guard_px=0).fold(LabelMap.from_array(values), 1)
    assert folds.parameters["n_groups"] == 4
    assert all(split.test.counts()[1] in (0, 40) for split in folds.repeats[0])


@settings(max_examples=20)
@given(seed=st.integers(0, 200), ids=st.permutations([3, 8, 200]))
def test_renamed_classes_get_the_same_folds(seed: int, ids: list[int]) -> None:
    labels = scattered_labels(12, 13, seed)
    renamed = LabelMap.from_array(np.select([labels.values == i for i in CLASS_IDS], ids, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        both = [GroupFolding().fold(each, 3, seed).repeats for each in (labels, renamed)]
    for repeat, other in zip(*both, strict=True):
        for split, same in zip(repeat, other, strict=True):
            np.testing.assert_array_equal(split.test.values > 0, same.test.values > 0)
            np.testing.assert_array_equal(split.train.values > 0, same.train.values > 0)


def test_what_cannot_be_held_out_is_refused() -> None:
    labels = LabelMap.from_array(np.array([[1, 0, 0, 2], [0, 0, 0, 0]]))
    with pytest.raises(SplitError, match="--validate none"):
        GroupFolding().fold(labels, 1)
    for setting in ({"n_folds": 1}, {"n_repeats": 0}, {"block_px": 0}, {"guard_px": -1}):
        with pytest.raises(SettingError, match=next(iter(setting))):
            GroupFolding(**setting)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="groups"):
        GroupFolding("trees")
