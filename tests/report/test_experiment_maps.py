"""Maps of an experiment: classes, errors and confidence."""

import numpy as np
from drawings import texts
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from fake_experiment import SHAPE, fake_labels, fake_split
from hsidiff.labels.hex_colors import rgba
from hsidiff.report.experiment_maps import (
    MappedSplit,
    all_labels,
    draw_class_maps,
    error_picture,
    map_drawings,
)
from hsidiff.report.map_sheet import DPI, shown_part
from hsidiff.report.style import INK, RIGHT_PIXEL, WRONG_PIXEL

SCENE, RANDOM, BLOCKS = "indian-pines", "random-10%", "blocks-30"


def test_error_maps_mark_right_wrong_and_training_pixels(folder):
    split = fake_split(SCENE, RANDOM, 0)
    class_map = np.where(np.indices(SHAPE)[1] < 25, fake_labels(SCENE).values, 0)
    picture = error_picture(split, class_map)
    is_test, is_left = split.test.values > 0, np.indices(SHAPE)[1] < 25

    def painted(color):
        return (picture == rgba(color)).all(axis=-1)

    np.testing.assert_array_equal(painted(RIGHT_PIXEL), is_test & is_left)
    np.testing.assert_array_equal(painted(WRONG_PIXEL), is_test & ~is_left)
    np.testing.assert_array_equal(painted(INK), split.train.values > 0)


def test_no_training_pixel_is_lost_in_a_reduced_error_map(folder):
    split = fake_split(SCENE, RANDOM, 0)
    picture = error_picture(split, fake_labels(SCENE).values, step=7)
    rows, cols = np.nonzero(split.train.values)
    assert (picture[rows // 7, cols // 7] == rgba(INK)).all()
    assert picture.shape == (9, 8, 4)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_map_is_at_most_800_pixels_wide_and_high(rows, cols):
    fit = shown_part((rows, cols))
    shown = [-(-size // fit.step) * fit.zoom for size in (rows, cols)]
    assert max(shown) <= 800
    assert fit.step == 1 or max(rows, cols) > 800


def test_the_truth_holds_labels_that_the_guard_of_one_split_leaves_out(folder):
    truth = all_labels(folder, SCENE)
    np.testing.assert_array_equal(truth, fake_labels(SCENE).values)
    blocks = fake_split(SCENE, BLOCKS, 0)
    assert np.count_nonzero(truth) > blocks.train.n_labelled + blocks.test.n_labelled


def test_class_maps_are_drawn_pixel_by_pixel_in_the_colours_of_the_legend(folder, tmp_path):
    mapped = MappedSplit.first_seed(folder, SCENE, RANDOM, all_labels(folder, SCENE))
    drawing = draw_class_maps(mapped)
    (tmp_path / "maps.png").write_bytes(drawing.content())
    image = np.round(imread(tmp_path / "maps.png")[:, :, :3] * 255).astype(int)
    zoom = mapped.fit.zoom
    n_key_px = round((0.2 * DPI) ** 2)
    for land_class in mapped.classes:
        here = (image == rgba(land_class.color)[:3]).all(axis=-1).sum()
        maps = [mapped.truth, *(cell.class_map() for cell in mapped.cells)]
        n_pixels = sum(int((class_map == land_class.id).sum()) for class_map in maps)
        assert 0 < here - n_pixels * zoom**2 < n_key_px


def test_no_data_is_in_the_key_where_a_map_has_some(folder):
    mapped = MappedSplit.first_seed(folder, SCENE, RANDOM, all_labels(folder, SCENE))
    has_some = any((cell.class_map() == 0).any() for cell in mapped.cells)
    assert ("no data" in texts(draw_class_maps(mapped))) == has_some


def test_maps_are_those_of_the_first_seed_and_say_their_accuracy(folder):
    truth = all_labels(folder, SCENE)
    drawings = list(map_drawings(folder, SCENE, RANDOM, truth))
    assert [drawing.name.split("-")[0] for drawing in drawings] == ["maps", "errors", "confidence"]
    accuracy = folder.of(SCENE, RANDOM, "svm")[0].result["overall_accuracy"]
    assert f"svm {100 * accuracy:.1f} %" in drawings[0].alternative
    assert f"svm\nOA {100 * accuracy:.1f} %" in texts(drawings[0])
    assert all("Seed 0." in drawing.caption for drawing in drawings)
