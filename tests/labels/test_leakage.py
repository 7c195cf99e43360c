"""How much a split gives away, by hand and against measurements on the real label maps."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat
from scipy.spatial.distance import cdist
from sklearn.neighbors import KNeighborsClassifier

from hsidiff.errors import LabelError, SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import Leakage, NearestTrainingClass, measure_leakage
from hsidiff.labels.splits import (
    Split,
    block_split,
    per_class_split,
    published_split,
    random_split,
)


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
    nearest = leakage.nearest_training_px
    assert (nearest.minimum, nearest.mean, nearest.maximum) == (1, 2.75, 4)
    assert nearest.quartiles == (2.5, 3.0, 3.25)
    assert nearest.bin_edges_px == (1, 2, 4, 8)
    assert nearest.bin_counts == (1, 2, 1)


@settings(max_examples=20, deadline=None)
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
    with pytest.raises(SettingError, match=f"window of {side} px"):
        measure_leakage(line_split(), receptive_field_px=side)


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
    ours = NearestTrainingClass.of(train).at(rows, cols)
    assert ours.shape == train.shape
    assert ours.dtype == np.int32
    assert (ours.ravel()[alone] == model.predict(pixels)[alone]).all()
    assert (ours[train.values > 0] == train.values[train.values > 0]).all()


def test_nearest_training_class_does_not_depend_on_which_pixels_are_asked_together() -> None:
    train = random_split(LabelMap.from_array(np.indices((20, 20)).sum(axis=0) % 3 + 1)).train
    rows, cols = np.indices(train.shape)
    whole = NearestTrainingClass.of(train).at(rows, cols)
    part = NearestTrainingClass.of(train).at(rows[5:9, 3:8], cols[5:9, 3:8])
    assert (part == whole[5:9, 3:8]).all()


def test_nearest_training_class_needs_a_training_pixel() -> None:
    empty = LabelMap.from_array(np.zeros((3, 3)), {1: "Corn"})
    with pytest.raises(LabelError, match="no training label"):
        NearestTrainingClass.of(empty)


# What position alone gives away on the benchmark label maps. The figures were measured once by
# other code on the union of the fixed splits' train and test maps, whose class ids are their own.


def indian_pines(folder: Path) -> tuple[LabelMap, LabelMap]:
    maps = []
    for side in ("TR", "TE"):
        with rasterio.open(folder / "ground-truth" / f"Indian{side}123_temp123.tif") as file:
            maps.append(LabelMap.from_array(file.read(1)))
    return maps[0], maps[1]


def pavia_university(folder: Path) -> tuple[LabelMap, LabelMap]:
    train, test = (
        LabelMap.from_array(loadmat(folder / "ground-truth" / f"{side}paviaU.mat")[f"{side}paviaU"])
        for side in ("TR", "TS")
    )
    return train, test


def union(maps: tuple[LabelMap, LabelMap]) -> LabelMap:
    return LabelMap.from_array(maps[0].values + maps[1].values)


def mean_over_seeds(splits: list[Split]) -> tuple[float, dict[int, float]]:
    leakages: list[Leakage] = [measure_leakage(s, 27, (3, 7, 13)) for s in splits]
    accuracy = np.mean([leakage.position_overall_accuracy for leakage in leakages])
    shares = {w: np.mean([x.window_shares[w] for x in leakages]) for w in (3, 7, 13, 27)}
    return float(accuracy), {w: float(share) for w, share in shares.items()}


@pytest.mark.real_data
@pytest.mark.parametrize("stratified", [True, False])
def test_position_alone_reaches_97_percent_on_random_splits_of_indian_pines(
    real_data: Path, stratified: bool
) -> None:
    maps = loadmat(real_data / "ground-truth" / "Indian_pines_gt.mat")
    labels = LabelMap.from_array(maps["indian_pines_gt"])
    splits = [random_split(labels, stratified=stratified, random_state=s) for s in range(5)]
    accuracy, shares = mean_over_seeds(splits)
    assert accuracy == pytest.approx(0.973, abs=0.005)
    assert shares[3] == pytest.approx(0.53, abs=0.015)
    assert 0.965 <= shares[7] <= 0.985
    assert shares[13] >= 0.995


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_leakage_of_the_fixed_split_of_indian_pines(real_data: Path) -> None:
    split = published_split(*indian_pines(real_data))
    accuracy, shares = mean_over_seeds([split])
    assert (split.train.n_labelled, split.test.n_labelled) == (695, 9671)
    assert accuracy == pytest.approx(0.916, abs=0.002)
    assert [round(100 * share) for share in shares.values()] == [32, 79, 98, 100]


@pytest.mark.real_data
def test_leakage_of_the_fixed_split_of_pavia_university(real_data: Path) -> None:
    split = published_split(*pavia_university(real_data))
    accuracy, shares = mean_over_seeds([split])
    assert (split.train.n_labelled, split.test.n_labelled) == (3921, 40002)
    assert accuracy == pytest.approx(0.705, abs=0.002)
    assert [round(100 * share) for share in shares.values()] == [3, 10, 21, 48]


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("load", "n_per_class", "expected_accuracy", "expected_shares"),
    [
        (indian_pines, 30, 0.896, (0.22, 0.67, 0.94, 1.00)),
        (pavia_university, 30, 0.807, (0.04, 0.16, 0.35, 0.70)),
        (pavia_university, 10, 0.706, (0.01, 0.06, 0.16, 0.41)),
    ],
)
def test_leakage_of_per_class_splits(
    real_data: Path, load, n_per_class: int, expected_accuracy: float, expected_shares
) -> None:
    labels = union(load(real_data))
    splits = [per_class_split(labels, n_per_class, random_state=s) for s in range(10)]
    accuracy, shares = mean_over_seeds(splits)
    assert accuracy == pytest.approx(expected_accuracy, abs=0.02)
    assert tuple(shares.values()) == pytest.approx(expected_shares, abs=0.025)
