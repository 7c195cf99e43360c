"""Labels on a map that shows measured pixels several times."""

from dataclasses import replace

import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning, SplitError
from hsidiff.labels.block_split import block_split
from hsidiff.labels.copies import shared_pixels, without_copies
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.pixel_split import per_class_split, published_split, random_split
from hsidiff.labels.read import read_labels
from hsidiff.labels.split import Split
from hsidiff.scenes.scene import Scene


class SwathOnAMap:
    """Pixels of a map, two cells side by side of which show one measured pixel."""

    dtype = np.dtype("f4")

    def __init__(self, shape=(40, 40)):
        rows, cols = np.indices(shape)
        self.pixels = rows * 100 + cols // 2
        self.pixels[:2] = -1
        self.shape = (*shape, 3)

    def read(self, window, bands):
        return np.repeat(self.pixels[window.slices][..., None], len(bands), axis=2).astype("f4")

    def source_pixels(self, window):
        return self.pixels[window.slices]


@pytest.fixture
def scene():
    return Scene("map", SwathOnAMap(), np.ones(3, dtype=bool))


@pytest.fixture
def labels(scene):
    values = np.zeros(scene.shape, dtype=int)
    values[4:36:3, 2:38] = 1
    values[5:36:3, 2:38] = 2
    with pytest.warns(HsidiffWarning, match="792 labels lie on 396 measured pixels.*counts once"):
        return read_labels(values, scene)


def test_each_measured_pixel_keeps_one_label(labels, scene):
    cells = labels.values > 0
    assert labels.n_labelled == 396
    assert np.unique(scene.source_pixels()[cells]).size == 396
    np.testing.assert_array_equal(np.unique(np.nonzero(cells)[1] % 2), [0])  # the first of two


def test_a_measured_pixel_with_labels_of_two_classes_has_none(scene):
    values = np.zeros(scene.shape, dtype=int)
    values[10, 4], values[10, 5] = 1, 2
    values[12, 4], values[12, 5], values[13, 5] = 1, 1, 2
    with pytest.warns(HsidiffWarning, match="1 with labels of several classes are left out"):
        labels = read_labels(values, scene)
    assert np.argwhere(labels.values).tolist() == [[12, 4], [13, 5]]


def test_labels_without_copies_stay_as_they_are(scene):
    values = np.zeros(scene.shape, dtype=int)
    values[10:20, 4] = 1
    values[10:20, 8] = 2
    labels = LabelMap.from_array(values)
    np.testing.assert_array_equal(read_labels(labels, scene).values, values)
    assert without_copies(labels, None) is labels


@pytest.mark.parametrize("split", [random_split, block_split, lambda x: per_class_split(x, 30)])
def test_no_split_puts_copies_on_both_sides(labels, scene, split):
    made = split(labels)
    pixels = scene.source_pixels()
    train, test = pixels[made.train.values > 0], pixels[made.test.values > 0]
    assert np.intersect1d(train, test).size == 0
    # What the meter counts are measured pixels, too.
    assert measure_leakage(made, 1).window_shares[1] == 0


def test_published_test_labels_lose_copies_of_training_pixels(scene):
    train, test = np.zeros(scene.shape, dtype=int), np.zeros(scene.shape, dtype=int)
    train[10, 4], train[11, 4] = 1, 2
    test[10, 5], test[12, 5], test[13, 5] = 1, 1, 2
    both = [read_labels(values, scene) for values in (train, test)]
    with pytest.warns(HsidiffWarning, match="1 test labels lie on copies of measured pixels"):
        split = published_split(*both)
    assert np.argwhere(split.test.values).tolist() == [[12, 5], [13, 5]]


def test_a_split_with_copies_on_both_sides_is_refused(scene):
    values = np.zeros(scene.shape, dtype=int)
    values[10, 4:6] = 1
    values[11, 6:8] = 2
    labels = replace(LabelMap.from_array(values), source_pixels=scene.source_pixels())
    first = np.zeros(scene.shape, dtype=bool)
    first[:, ::2] = True
    train, test = labels.keeping(first), labels.keeping(~first)
    assert shared_pixels(test, train).sum() == 2
    with pytest.raises(SplitError, match="2 test labels lie on copies of measured pixels"):
        Split(train, test, "random")
