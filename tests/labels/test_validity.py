import warnings
from dataclasses import replace

import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.read import read_labels
from hsidiff.labels.validity import without_invalid_pixels
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import ArraySource, Scene

NAMES = {1: "soil", 2: "tree", 3: "water"}


def scene_with_gap(shape, gap, value=np.nan, **attributes):
    """A scene of 3 bands whose second one lacks a value where ``gap`` is True."""
    pixels = np.ones((*shape, 3), dtype=np.float32)
    pixels[gap, 1] = value
    return Scene("scene", ArraySource(pixels), np.ones(3, dtype=bool), **attributes)


def labels_and_gap():
    values = np.zeros((6, 8), dtype=int)
    values[0, :5], values[2, :4], values[5, 7] = 1, 2, 3
    gap = np.zeros((6, 8), dtype=bool)
    gap[0, 3:], gap[5] = True, True
    return LabelMap.from_array(values, NAMES, sample_ids=(values > 0).astype(np.int32)), gap


@pytest.mark.parametrize("value", [np.nan, -9999.0])
def test_labels_without_value_are_left_out_and_counted_by_class(value):
    labels, gap = labels_and_gap()
    scene = scene_with_gap((6, 8), gap, value, nodata=-9999.0)
    with pytest.warns(HsidiffWarning) as caught:
        kept = without_invalid_pixels(labels, scene, "points.gpkg")
    assert [str(warning.message) for warning in caught] == [
        "points.gpkg: 3 of 10 labels lie on pixels without value and are left out: soil 2 of 5, "
        "water 1 of 1; no label is left of water"
    ]
    np.testing.assert_array_equal(kept.values, np.where(gap, 0, labels.values))
    np.testing.assert_array_equal(kept.sample_ids > 0, kept.values > 0)
    assert kept.classes == labels.classes


def test_labels_on_values_are_the_same_labels_without_a_word():
    labels, gap = labels_and_gap()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert without_invalid_pixels(labels, scene_with_gap((6, 8), gap & False)) is labels
        used = scene_with_gap((6, 8), gap).without_bands([2])
        assert without_invalid_pixels(labels, used) is labels


def test_no_label_on_a_value_is_an_error():
    labels, gap = labels_and_gap()
    with pytest.raises(
        LabelError, match=r"none of the 10 labels lies on a pixel of scene with val"
    ):
        without_invalid_pixels(labels, scene_with_gap((6, 8), gap | True))


def test_every_window_of_a_large_scene_counts_and_windows_without_labels_are_not_read():
    generator = np.random.default_rng(0)
    shape = (600, 530)
    values = np.where(generator.random(shape) < 0.001, generator.integers(1, 4, shape), 0)
    values[256:512] = 0
    gap = generator.random(shape) < 0.5
    scene = scene_with_gap(shape, gap)
    rows = []

    class Watched(ArraySource):
        def read(self, window, bands):
            rows.append((window.row, window.row + window.n_rows))
            return super().read(window, bands)

    watched = replace(scene, source=Watched(scene.source.values))
    with pytest.warns(HsidiffWarning, match="labels lie on pixels without value"):
        kept = without_invalid_pixels(LabelMap.from_array(values), watched)
    np.testing.assert_array_equal(kept.values, np.where(gap, 0, values))
    assert all(last <= 256 or first >= 512 for first, last in rows)


@pytest.mark.real_data
def test_points_of_potsdam_that_lie_on_absent_tiles_are_left_out(real_data):
    folder = real_data / "enmap-potsdam"
    scene = open_scene(folder / "enmap_potsdam.tif")
    with pytest.warns(HsidiffWarning, match="45 of 120 labels lie outside"):
        labels = read_labels(folder / "landcover_potsdam_point.gpkg", scene, field="level_2")
    with pytest.warns(HsidiffWarning, match="18 of 75 labels lie on pixels without value"):
        kept = without_invalid_pixels(labels, scene)
    assert {c.name: kept.counts()[c.id] for c in kept.classes} == {
        "impervious": 13, "low vegetation": 11, "soil": 18, "tree": 12, "water": 3,
    }  # fmt: skip
