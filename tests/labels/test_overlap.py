"""Ground that several scenes show lies on one side of a split."""

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS

from hsidiff.evaluation.comparison import spatial_units
from hsidiff.labels.block_split import block_split
from hsidiff.labels.field_split import field_split
from hsidiff.labels.ground import fields_of, held_out_units
from hsidiff.labels.group_folds import GroupFolding
from hsidiff.labels.guard import distance_to_px
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.overlap import FAR_PX, overlap_of
from hsidiff.scenes.window import Window

UTM33, UTM32 = CRS.from_epsg(32633), CRS.from_epsg(32632)
GRID = Affine(30, 0, 380_000, 0, -30, 5_810_000)
SHAPE, GAP = (40, 50), 5
PLACES = (Window(0, 0, *SHAPE), Window(45, 0, *SHAPE))


def two_dates(first: np.ndarray, second: np.ndarray, move_px: int = 0) -> LabelMap:
    """Labels (40, 50) of two dates; the second scene begins ``move_px`` further right."""
    values = np.concatenate([first, np.zeros((GAP, SHAPE[1]), int), second])
    moved = GRID @ Affine.translation(move_px, 0)
    overlap = overlap_of([(UTM33, GRID), (UTM33, moved)], PLACES, 10)
    return replace(LabelMap.from_array(values), overlap=overlap)


def fields(n_classes: int = 3) -> np.ndarray:
    """Fields of 6 x 6 pixels in a grid of 8."""
    rows, cols = np.indices(SHAPE)
    values = (rows // 8 + cols // 8) % n_classes + 1
    return np.where((rows % 8 < 6) & (cols % 8 < 6), values, 0)


def test_one_place_on_two_dates_is_held_out_together() -> None:
    labels = two_dates(fields(), fields())
    rows, cols = np.nonzero(labels.values)
    for unit in ("blocks", "fields"):
        units = np.zeros(labels.shape, dtype=int)
        units[rows, cols] = held_out_units(replace(labels, unit=unit), rows, cols)
        first, second = (units[place.slices] for place in PLACES)
        assert len(np.unique(first)) > 5
        np.testing.assert_array_equal(first, second)


def on_ground(labels: LabelMap, move_px: int) -> tuple[set, set]:
    """Places (row, col) in the first scene of the labels of each date."""
    first, second = labels.values[: SHAPE[0]], labels.values[PLACES[1].row :]
    of_first = set(zip(*np.nonzero(first), strict=True))
    return of_first, {(r, c + move_px) for r, c in zip(*np.nonzero(second), strict=True)}


@pytest.mark.filterwarnings("ignore:a guard of the receptive field")
@pytest.mark.parametrize("move_px", [0, 3])
@pytest.mark.parametrize("kind", ["fields", "blocks"])
def test_no_place_is_learned_on_one_date_and_scored_on_another(kind: str, move_px: int) -> None:
    # Another class on the second date: crops change, the ground stays.
    labels = two_dates(fields(), fields() % 3 + (fields() > 0), move_px)
    splits = [split for repeat in GroupFolding(kind, block_px=8).fold(labels, 3).repeats
              for split in repeat]  # fmt: skip
    made = block_split if kind == "blocks" else field_split
    splits.append(made(labels, receptive_field_px=3))
    for split in splits:
        train, test = on_ground(split.train, move_px), on_ground(split.test, move_px)
        assert not train[0] & test[1]
        assert not train[1] & test[0]
        assert split.train.n_labelled > 0
        assert split.test.n_labelled > 0
        assert measure_leakage(split, 3).nearest_training_px.minimum >= 1


def test_a_guard_reaches_to_the_other_date() -> None:
    labels = two_dates(fields(), fields(), 2)
    split = field_split(labels, guard_px=3)
    train, test = on_ground(split.train, 2), on_ground(split.test, 2)
    for here, there in ((train[0], test[1]), (train[1], test[0])):
        apart = np.abs(np.array(list(here))[:, None] - np.array(list(there))[None]).max(axis=2)
        assert apart.min() >= 3


def test_a_place_is_one_field_whatever_its_class_on_each_date() -> None:
    first, second = np.zeros(SHAPE, int), np.zeros(SHAPE, int)
    first[2:6, 2:6], second[2:6, 2:6] = 1, 2
    first[20:24, 20:24], second[30:34, 40:44] = 2, 1
    labels = two_dates(first, second)
    numbers = fields_of(labels)
    assert numbers[3, 3] == numbers[48, 3] == 1
    assert len(np.unique(numbers)) == 4
    assert len(np.unique(fields_of(replace(labels, overlap=None)))) == 5


def test_a_class_of_one_field_is_cut_across_the_ground_and_not_between_dates() -> None:
    first = fields(2)
    first[first == 1] = 0
    first[0:6, 0:6] = 1
    labels = two_dates(first, first)
    with pytest.warns(UserWarning, match="classes of one field"):
        split = field_split(labels, guard_px=0)
    for side in (split.train, split.test):
        of_first, of_second = (side.values[p.slices] == 1 for p in PLACES)
        np.testing.assert_array_equal(of_first, of_second)
        assert of_first.sum() == 18


def test_blocks_of_the_second_date_are_those_of_the_first() -> None:
    values = np.repeat([[1, 2]], 40, axis=0).repeat(25, axis=1)
    units, name = spatial_units(two_dates(values, values, 16))
    assert name == "blocks of 16 px"
    np.testing.assert_array_equal(units[45:85, :34], units[:40, 16:])
    assert not np.isin(units[48:85, 34:], units[:40]).any()


def test_distances_are_those_on_the_ground_in_pixels_of_the_scene() -> None:
    finer = Affine(15, 0, 380_000, 0, -15, 5_810_000)
    overlap = overlap_of([(UTM33, GRID), (UTM33, finer)], PLACES, 10)
    pixels = np.zeros((85, 50), bool)
    pixels[10, 10] = True
    distance_px = distance_to_px(pixels, overlap)
    assert distance_px[45 + 20, 20] == distance_px[45 + 21, 21] == 0
    assert distance_px[45 + 20, 22] == 2
    assert distance_px[10, 12] == 2
    back = np.zeros((85, 50), bool)
    back[45 + 20, 20] = True
    assert distance_to_px(back, overlap)[10, 10] == 0


def test_scenes_in_another_crs_meet_and_distant_ones_do_not() -> None:
    x, y = 13.2, 52.42  # the same place in both zones
    grids = []
    for crs in (UTM33, UTM32):
        e, n = Transformer.from_crs(4326, crs.to_wkt(), always_xy=True).transform(x, y)
        grids.append((crs, Affine(30, 0, e - 25 * 30, 0, -30, n + 20 * 30)))
    overlap = overlap_of(grids, PLACES, 10)
    pixels = np.zeros((85, 50), bool)
    pixels[20, 25] = True
    assert np.argwhere(overlap.distance_px(pixels) == 0).tolist() == [[65, 25]]
    far = (UTM33, Affine(30, 0, 480_000, 0, -30, 5_810_000))
    assert overlap_of([grids[0], far], PLACES, 10).views == ()
    nowhere = overlap_of([grids[0], (None, GRID)], PLACES, 10)
    assert nowhere.views == ()
    assert (nowhere.distance_px(pixels) == FAR_PX).all()
