"""Splits: disjoint, as promised, repeatable."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat
from split_cases import CLASS_IDS, KINDS, scattered_labels, stripes

from hsidiff.errors import HsidiffWarning, SettingError, SplitError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    SPLIT_KINDS,
    Split,
    block_split,
    field_split,
    per_class_split,
    published_split,
    random_split,
    usual_split,
)


def test_every_kind_has_its_name_in_the_list() -> None:
    labels = scattered_labels(12, 12, 0)
    assert tuple(KINDS) == SPLIT_KINDS
    assert [make(labels, 0).kind for make in KINDS.values()] == list(SPLIT_KINDS)


@settings(max_examples=40)
@given(
    kind=st.sampled_from(SPLIT_KINDS),
    rows=st.integers(6, 23),
    cols=st.integers(6, 23),
    seed=st.integers(0, 2**31),
)
def test_train_and_test_are_disjoint_parts_of_the_labels(
    kind: str, rows: int, cols: int, seed: int
) -> None:
    labels = scattered_labels(rows, cols, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        split = KINDS[kind](labels, seed)
        again = KINDS[kind](labels, seed)
    in_train, in_test = split.train.values > 0, split.test.values > 0
    assert in_train.any()
    assert in_test.any()
    assert not (in_train & in_test).any()
    assert (split.train.values[in_train] == labels.values[in_train]).all()
    assert (split.test.values[in_test] == labels.values[in_test]).all()
    assert split.train.classes == split.test.classes == labels.classes
    assert again.sha256 == split.sha256


@settings(max_examples=60)
@given(
    kind=st.sampled_from(
        ["blocks", "blocks, some", "fields", "fields, some", "random", "per-class"]
    ),
    seed=st.integers(0, 1000),
    ids=st.lists(st.integers(1, 300), min_size=3, max_size=3, unique=True),
)
def test_renamed_and_renumbered_classes_get_the_same_split(
    kind: str, seed: int, ids: list[int]
) -> None:
    some = {
        "blocks, some": lambda labels, seed: block_split(
            labels, block_px=4, samples_per_class=5, receptive_field_px=3, random_state=seed
        ),
        "fields, some": lambda labels, seed: field_split(
            labels, samples_per_class=5, receptive_field_px=3, random_state=seed
        ),
    }
    labels = scattered_labels(14, 17, seed)
    renamed = LabelMap.from_array(
        np.select([labels.values == i for i in CLASS_IDS], ids, 0),
        {i: f"name {1000 - i}" for i in ids},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        first, second = ((KINDS | some)[kind](each, seed) for each in (labels, renamed))
    for side in ("train", "test"):
        np.testing.assert_array_equal(
            getattr(first, side).values > 0, getattr(second, side).values > 0
        )


@pytest.mark.parametrize("kind", SPLIT_KINDS)
def test_another_seed_gives_another_split(kind: str) -> None:
    labels = scattered_labels(40, 40, 1)
    hashes = {KINDS[kind](labels, seed).sha256 for seed in range(5)}
    assert len(hashes) == 5


def test_pixel_split_leave_the_global_random_state_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for make in KINDS.values():
        make(scattered_labels(20, 20, 0), 3)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@settings(max_examples=25)
@given(fraction=st.floats(0.01, 0.99), seed=st.integers(0, 1000))
def test_a_stratified_split_draws_the_share_of_each_class(fraction: float, seed: int) -> None:
    labels = scattered_labels(15, 15, seed)
    split = random_split(labels, fraction, random_state=seed)
    for class_id, n_pixels in labels.counts().items():
        n_train = split.train.counts()[class_id]
        assert 1 <= n_train <= n_pixels - 1
        assert abs(n_train - fraction * n_pixels) <= 1
        assert n_train + split.test.counts()[class_id] == n_pixels


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_a_stratified_split_keeps_a_pixel_of_each_class_on_both_sides(fraction: float) -> None:
    labels = LabelMap.from_array(np.array([[1, 1, 2, 2, 2, 3, 3, 0]]))
    split = random_split(labels, fraction)
    assert min(split.train.counts().values()) == min(split.test.counts().values()) == 1


def test_an_unstratified_split_draws_the_floor_of_all_pixels() -> None:
    labels = LabelMap.from_array(np.repeat([1, 2], 50).reshape(10, 10))
    assert random_split(labels, 0.29, stratified=False).train.n_labelled == 29
    assert random_split(labels, 0.299, stratified=False).train.n_labelled == 29


def test_an_unstratified_split_says_which_class_it_left_without_training_pixels() -> None:
    values = np.full((30, 30), 1)
    values[0, :2], values[1, :] = 7, 3
    labels = LabelMap.from_array(values, {7: "Oats"})
    with pytest.warns(HsidiffWarning, match="no training pixel: 7 'Oats'") as caught:
        random_split(labels, 0.1, stratified=False, random_state=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@settings(max_examples=25)
@given(wanted=st.integers(1, 60), seed=st.integers(0, 1000))
def test_a_per_class_split_draws_the_number_or_half_the_class(wanted: int, seed: int) -> None:
    labels = scattered_labels(12, 12, seed)
    split = per_class_split(labels, wanted, random_state=seed)
    for class_id, n_pixels in labels.counts().items():
        assert split.train.counts()[class_id] == min(wanted, n_pixels // 2)
    assert split.train.n_labelled + split.test.n_labelled == labels.n_labelled


# Published splits


def test_a_published_split_joins_the_legends() -> None:
    train = LabelMap.from_array(np.array([[1, 1, 2, 0, 0, 0]]), {1: "Corn"}, {1: "#112233"})
    test = LabelMap.from_array(np.array([[0, 0, 0, 1, 2, 2]]), {2: "Oats"})
    split = published_split(train, test)
    assert [(c.id, c.name) for c in split.test.classes] == [(1, "Corn"), (2, "Oats")]
    assert split.train.classes == split.test.classes
    assert split.train.classes[0].color == "#112233"


def test_a_published_split_refuses_a_class_with_two_names() -> None:
    train = LabelMap.from_array(np.array([[1, 1, 2, 0]]), {1: "Corn"})
    test = LabelMap.from_array(np.array([[0, 0, 0, 1]]), {1: "Oats"})
    with pytest.raises(SplitError, match="class 1 'Corn' of the training labels is 'Oats'"):
        published_split(train, test)


def test_a_published_split_refuses_pixels_of_both_maps_and_says_how_many() -> None:
    labels = LabelMap.from_array(np.array([[1, 1, 2, 2, 0]]))
    with pytest.raises(SplitError, match="4 pixels are in both"):
        published_split(labels, labels)


def test_a_published_split_refuses_another_shape() -> None:
    labels = scattered_labels(6, 6, 0)
    with pytest.raises(SplitError, match=r"\(6, 6\).*\(6, 7\)"):
        published_split(labels, scattered_labels(6, 7, 0))


def test_a_published_split_says_which_class_has_no_training_pixel() -> None:
    train = LabelMap.from_array(np.array([[1, 1, 2, 2, 0, 0, 0, 0]]))
    test = LabelMap.from_array(np.array([[0, 0, 0, 0, 1, 2, 3, 3]]))
    with pytest.warns(HsidiffWarning, match="no training pixel: 3 'class 3'"):
        published_split(train, test)


# Errors of every kind


@pytest.mark.parametrize("make", [block_split, random_split, lambda x: per_class_split(x, 3)])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0, 0, 0]], "there is no label"),
        ([[3, 3, 0]], "one class, 3 'Corn'"),
        ([[3, 3, 8]], r"class 8 'Oats' has one labelled pixel.*--ignore-class 8"),
    ],
)
def test_labels_that_cannot_be_split_are_refused(
    make: Callable[[LabelMap], Split], values: list[list[int]], message: str
) -> None:
    with pytest.raises(SplitError, match=message):
        make(LabelMap.from_array(np.array(values), {3: "Corn", 8: "Oats"}))


def test_a_published_class_with_one_pixel_on_both_sides_together_is_refused() -> None:
    train = LabelMap.from_array(np.array([[1, 1, 2, 0, 0, 0]]))
    test = LabelMap.from_array(np.array([[0, 0, 0, 1, 2, 3]]))
    with pytest.raises(SplitError, match="class 3 'class 3' has one labelled pixel"):
        published_split(train, test)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: random_split(x, 1.5), "train_fraction=1.5: must lie strictly between 0 and 1"),
        (lambda x: random_split(x, 0.0), "train_fraction=0.0: "),
        (lambda x: random_split(x, float("nan")), "train_fraction=nan: "),
        (lambda x: block_split(x, train_fraction=1), "train_fraction=1: "),
        (lambda x: per_class_split(x, 0), "samples_per_class=0: must be at least 1"),
        (lambda x: block_split(x, samples_per_class=0), "samples_per_class=0: "),
        (lambda x: block_split(x, block_px=0), "block_px=0: must be at least 1"),
        (lambda x: block_split(x, guard_px=-1), "guard_px=-1: must be at least 0"),
        (lambda x: block_split(x, receptive_field_px=0), "receptive_field_px=0: "),
    ],
)
def test_settings_out_of_range_are_refused(make: Callable[[LabelMap], Split], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        make(stripes())


def test_a_share_below_one_pixel_is_an_error() -> None:
    with pytest.raises(SplitError, match="no training pixel"):
        random_split(scattered_labels(6, 6, 0), 0.01, stratified=False)


# Real label maps


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "variable", "fraction", "n_train"),
    [
        ("Indian_pines_gt.mat", "indian_pines_gt", 0.1, 1024),
        ("PaviaU_gt.mat", "paviaU_gt", 0.05, 2138),
        ("Houston_gt.mat", "gnd_flag", 0.1, 1502),
    ],
)
def test_the_paper_s_rule_gives_the_paper_s_numbers_of_training_pixels(
    real_data: Path, file: str, variable: str, fraction: float, n_train: int
) -> None:
    labels = LabelMap.from_array(loadmat(real_data / "ground-truth" / file)[variable])
    split = random_split(labels, fraction, stratified=False)
    assert split.train.n_labelled == n_train
    assert split.test.n_labelled == labels.n_labelled - n_train


@pytest.mark.real_data
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scene", ["salinas-a", "enmap-potsdam"])
def test_the_reference_protocol_leaves_every_class_on_both_sides(
    real_data: Path, scene: str, seed: int
) -> None:
    if scene == "salinas-a":
        values = loadmat(real_data / scene / "SalinasA_gt.mat")["salinasA_gt"]
    else:
        with rasterio.open(real_data / scene / "enmap_potsdam_labels.tif") as file:
            values = file.read(1)
    labels = LabelMap.from_array(values)
    split = block_split(labels, samples_per_class=30, block_px=16, guard_px=5, random_state=seed)
    assert max(split.train.counts().values()) == 30
    assert min(split.train.counts().values()) >= 18
    assert min(split.test.counts().values()) >= 10


@pytest.mark.parametrize(
    ("samples", "kind"),
    [
        (None, "blocks"),
        ([[1, 2, 3, 4]], "blocks"),
        ([[1, 1, 1, 2]], "fields"),
        ([[1, 1, 2, 3]], "blocks"),
        ([[0, 0, 0, 1]], "blocks"),
    ],
    ids=["a raster", "points", "polygons", "as many points", "a raster and a point"],
)
def test_polygons_are_split_by_fields_if_nobody_says_how(
    samples: list[list[int]] | None, kind: str
) -> None:
    labels = LabelMap.from_array(np.array([[1, 1, 2, 2]]))
    ids = None if samples is None else np.array(samples, dtype=np.int32)
    assert usual_split(replace(labels, sample_ids=ids)) == kind
