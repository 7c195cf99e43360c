"""Splits: disjoint, as promised, repeatable, savable."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from scipy import ndimage
from scipy.io import loadmat
from scipy.spatial.distance import cdist

from hsidiff.errors import HsidiffWarning, MissingFileError, SettingError, SplitError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.splits import (
    SPLIT_KINDS,
    Split,
    block_split,
    per_class_split,
    published_split,
    random_split,
)

CLASS_IDS = (2, 5, 9)


def scattered_labels(rows: int, cols: int, seed: int) -> LabelMap:
    """Classes 2, 5 and 9 and unlabelled pixels at random, two pixels of each class at least."""
    values = np.random.default_rng(seed).choice([0, *CLASS_IDS], (rows, cols))
    values.flat[:6] = [2, 5, 9, 2, 5, 9]
    return LabelMap.from_array(values)


def stripes(rows: int = 48, cols: int = 64) -> LabelMap:
    """Three classes as stripes of rows that run through all blocks of a row of blocks."""
    return LabelMap.from_array(np.repeat(np.array(CLASS_IDS), rows // 3)[:, None].repeat(cols, 1))


def some_published(labels: LabelMap, random_state: int) -> Split:
    half = random_split(labels, 0.5, random_state=random_state)
    return published_split(half.train, half.test)


KINDS: dict[str, Callable[[LabelMap, int], Split]] = {
    "blocks": lambda labels, seed: block_split(labels, block_px=3, random_state=seed),
    "random": lambda labels, seed: random_split(labels, 0.3, random_state=seed),
    "per-class": lambda labels, seed: per_class_split(labels, 4, random_state=seed),
    "published": some_published,
}


def test_every_kind_has_its_name_in_the_list() -> None:
    labels = scattered_labels(12, 12, 0)
    assert tuple(KINDS) == SPLIT_KINDS
    assert [make(labels, 0).kind for make in KINDS.values()] == list(SPLIT_KINDS)


@settings(max_examples=40, deadline=None)
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


@pytest.mark.parametrize("kind", SPLIT_KINDS)
def test_another_seed_gives_another_split(kind: str) -> None:
    labels = scattered_labels(40, 40, 1)
    hashes = {KINDS[kind](labels, seed).sha256 for seed in range(5)}
    assert len(hashes) == 5


def test_splits_leave_the_global_random_state_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for make in KINDS.values():
        make(scattered_labels(20, 20, 0), 3)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@settings(max_examples=25, deadline=None)
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


@settings(max_examples=25, deadline=None)
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


# Block splits


@settings(max_examples=30, deadline=None)
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


# Saving


@pytest.mark.parametrize("kind", SPLIT_KINDS)
def test_a_split_survives_saving(kind: str, tmp_path: Path) -> None:
    values = scattered_labels(20, 17, 0).values
    labels = LabelMap.from_array(
        values,
        {2: "Grün", 5: "Soil"},
        sample_ids=values * 10,
        crs=CRS.from_epsg(32633),
        transform=Affine(30.0, 0.0, 364095.0, 0.0, -30.0, 5809965.0),
    )
    split = KINDS[kind](labels, 3)
    split.save(tmp_path / "new" / "split.npz")
    loaded = Split.load(tmp_path / "new" / "split.npz")
    assert loaded.sha256 == split.sha256
    assert (loaded.kind, loaded.parameters) == (split.kind, split.parameters)
    for ours, theirs in ((split.train, loaded.train), (split.test, loaded.test)):
        assert theirs.classes == ours.classes
        assert (theirs.crs, theirs.transform) == (ours.crs, ours.transform)
        for name in ("values", "sample_ids", "region"):
            np.testing.assert_array_equal(getattr(theirs, name), getattr(ours, name))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["split.npz"]


def test_the_hash_is_of_the_pixels_and_not_of_how_they_came() -> None:
    split = random_split(scattered_labels(12, 12, 0))
    assert published_split(split.train, split.test).sha256 == split.sha256
    assert Split(split.test, split.train, "random").sha256 != split.sha256
    wide = LabelMap.from_array(np.array([[1, 2, 0, 0]])), LabelMap.from_array([[0, 0, 1, 2]])
    high = LabelMap.from_array(wide[0].values.T), LabelMap.from_array(wide[1].values.T)
    assert Split(*wide, kind="published").sha256 != Split(*high, kind="published").sha256
    large_ids = [
        LabelMap.from_array(side.values * 65537, {i * 65537: "" for i in (1, 2)}) for side in wide
    ]
    assert Split(*large_ids, kind="published").sha256 != Split(*wide, kind="published").sha256


def test_parameters_are_json_values() -> None:
    for make in KINDS.values():
        split = make(scattered_labels(20, 20, 0), 1)
        assert json.loads(json.dumps(split.parameters)) == split.parameters


def test_a_missing_split_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.npz: no such split file"):
        Split.load(tmp_path / "none.npz")


def test_broken_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.npz"
    random_split(scattered_labels(12, 12, 0)).save(path)
    whole = path.read_bytes()
    arrays = dict(np.load(path))
    changed = {
        **arrays,
        "train_values": arrays["test_values"],
        "test_values": arrays["train_values"],
    }
    np.savez(tmp_path / "changed.npz", **changed)
    np.savez(tmp_path / "foreign.npz", cube=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "pickle.npz", about=np.array([{}], dtype=object))
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.npz").write_text("not a split")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "bits.npz").write_bytes(whole[:200] + bytes(40) + whole[240:])
    broken = [p for p in tmp_path.iterdir() if p != path]
    assert len(broken) == 8
    for file in broken:
        with pytest.raises(SplitError, match=file.name):
            Split.load(file)
    with pytest.raises(SplitError):
        Split.load(tmp_path)


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
