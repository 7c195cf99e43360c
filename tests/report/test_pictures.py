"""Pictures show the right band, class and place, and blur nothing."""

import warnings
from importlib import resources

import matplotlib as mpl
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.labels.hex_colors import rgba
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.split import Split
from hsidiff.report.marks import hatched
from hsidiff.report.pictures import (
    TEST_COLOR,
    TRAIN_COLOR,
    Enlargement,
    class_picture,
    confidence_picture,
    false_colour,
    false_colour_bands,
    split_picture,
)
from hsidiff.report.style import HATCH, MUTED, PAPER, RIGHT_PIXEL, WRONG_PIXEL
from hsidiff.scenes.scene import ArraySource, Scene


def make_scene(values, wavelengths=None, good_bands=None):
    good = np.ones(values.shape[2], dtype=bool) if good_bands is None else good_bands
    wavelengths = None if wavelengths is None else np.asarray(wavelengths, dtype=float)
    return Scene("made", ArraySource(values), good, file_wavelengths_nm=wavelengths)


def write_raster(path, values, nodata, scale=1.0):
    count, height, width = values.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=width,
            height=height,
            count=count,
            dtype=values.dtype,
            nodata=nodata,
        ) as dataset:
            dataset.write(values)
            dataset.scales = [scale] * count


def test_red_green_blue_are_near_infrared_red_and_green():
    wavelengths = [450, 545, 648, 700, 846, 1600]
    scene = make_scene(np.zeros((2, 2, 6)), wavelengths)
    assert false_colour_bands(scene) == (4, 2, 1)


def test_bands_that_are_not_used_are_not_shown():
    good = np.array([True, True, True, False, True, True])
    wavelengths = [550, 600, 650, 850, 860, 900]
    scene = make_scene(np.zeros((2, 2, 6)), wavelengths, good)
    assert false_colour_bands(scene) == (3, 2, 0)


@pytest.mark.parametrize("wavelengths", [None, list(range(1000, 2010, 10))])
def test_without_those_wavelengths_three_spread_bands_are_shown(wavelengths):
    scene = make_scene(np.zeros((2, 2, 101)), wavelengths)
    assert false_colour_bands(scene) == (50, 25, 10)


def test_a_band_that_is_not_used_never_reaches_the_picture():
    values = np.random.default_rng(0).random((10, 10, 5))
    values[:, :, 0] = np.nan
    good = np.array([False, True, True, True, True])
    picture = false_colour(make_scene(values, [840, 550, 650, 700, 850], good))
    kept = make_scene(values[:, :, 1:], [550, 650, 700, 850])
    np.testing.assert_array_equal(picture, false_colour(kept))


def test_each_band_of_false_colour_is_stretched_and_in_its_channel():
    values = np.random.default_rng(0).random((50, 40, 4))
    scene = make_scene(values, [550, 650, 700, 850])
    picture = false_colour(scene)
    for channel, band in enumerate((3, 1, 0)):
        low, high = np.percentile(values[:, :, band], (2, 98))
        expected = np.clip((values[:, :, band] - low) / (high - low), 0, 1) * 255
        np.testing.assert_allclose(picture[:, :, channel], expected, atol=0.51)


def test_invalid_pixels_are_transparent_and_do_not_darken_the_others():
    values = np.random.default_rng(0).random((20, 20, 3))
    without = false_colour(make_scene(values))
    holed = values.copy()
    holed[:2] = np.nan
    picture = false_colour(make_scene(holed))
    assert not picture[:2].any()
    assert (picture[2:, :, 3] == 255).all()
    assert abs(picture[2:].astype(int) - without[2:]).mean() < 5


@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_a_scene_without_contrast_or_valid_pixel_is_drawn(value):
    picture = false_colour(make_scene(np.full((4, 5, 1), value)))
    assert picture.shape == (4, 5, 4)
    assert (picture[:, :, 3] == (0 if np.isnan(value) else 255)).all()


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 9))
def test_steps_show_every_nth_pixel_whatever_the_reading_tiles(rows, cols, step):
    values = np.arange(rows * cols * 3, dtype=np.float32).reshape(rows, cols, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hsidiff.report.pictures.READ_SIZE_PX", 7)
        tiled = false_colour(make_scene(values), step)
    np.testing.assert_array_equal(tiled, false_colour(make_scene(values[::step, ::step])))


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_enlarged_pictures_fit_and_are_as_large_as_they_can_be(rows, cols):
    fit = Enlargement.to_fit((rows, cols), 540, 640)
    assert fit.step == 1 or fit.zoom == 1
    shown = [-(-rows // fit.step) * fit.zoom, -(-cols // fit.step) * fit.zoom]
    assert shown[0] <= 640
    assert shown[1] <= 540
    if fit.step == 1:
        assert rows * (fit.zoom + 1) > 640 or cols * (fit.zoom + 1) > 540


def test_enlarging_repeats_pixels():
    picture = np.arange(8, dtype=np.uint8).reshape(1, 2, 4)
    enlarged = Enlargement(1, 3).apply(picture)
    assert enlarged.shape == (3, 6, 4)
    assert (enlarged[:, 3:] == picture[0, 1]).all()


def test_the_map_is_drawn_in_the_colours_of_its_legend(tmp_path):
    values = np.array([[[0, 300], [5, 5]]], dtype=np.uint16)
    write_raster(tmp_path / "map.tif", values, 0)
    classes = LabelMap.from_array(values[0], colors={5: "#010203", 300: "#fffefd"}).classes
    picture = class_picture(tmp_path / "map.tif", classes)
    assert picture.tolist() == [
        [[0, 0, 0, 0], [255, 254, 253, 255]],
        [[1, 2, 3, 255], [1, 2, 3, 255]],
    ]


def test_confidence_is_the_highest_probability(tmp_path):
    stored = np.array([[[250, 100, 255]], [[0, 150, 255]]], dtype=np.uint8)
    write_raster(tmp_path / "p.tif", stored, 255, 1 / 250)
    picture = confidence_picture(tmp_path / "p.tif")[0].tolist()
    cividis = mpl.colormaps["cividis"]
    assert tuple(picture[0]) == tuple(cividis(1.0, bytes=True))
    assert tuple(picture[1]) == tuple(cividis(0.2, bytes=True))  # 0.6 of 0.5 to 1
    assert picture[2] == [0, 0, 0, 0]


def test_training_and_test_pixels_are_where_the_split_says_even_in_steps():
    values = np.zeros((9, 9), dtype=int)
    values[4, 4], values[8, 1], values[0, 0] = 1, 2, 2
    labels = LabelMap.from_array(values)
    train = np.zeros((9, 9), dtype=bool)
    train[4, 4] = True
    split = Split(labels.keeping(train), labels.keeping(~train), "blocks")
    for step in (1, 3):
        picture = split_picture(split, step)
        assert tuple(picture[4 // step, 4 // step]) == rgba(TRAIN_COLOR)
        assert tuple(picture[8 // step, 1 // step]) == rgba(TEST_COLOR)


def test_few_points_are_drawn_as_marks_of_two_forms_and_many_as_pixels():
    values = np.zeros((60, 60), dtype=int)
    values[10, 10], values[40, 40] = 1, 2
    labels = LabelMap.from_array(values)
    split = Split(labels.keeping(values == 1), labels.keeping(values == 2), "blocks")
    picture = split_picture(split)
    assert (picture[9:12, 9:12] == rgba(TRAIN_COLOR)).all()
    assert (picture == rgba(TEST_COLOR)).all(axis=-1).sum() == 5
    many = LabelMap.from_array(np.where(np.indices((60, 60)).sum(axis=0) % 4, 0, 1))
    train = np.indices((60, 60))[0] < 30
    split = Split(many.keeping(train), many.keeping(~train), "blocks")
    picture = split_picture(split)
    assert (picture == rgba(TRAIN_COLOR)).all(axis=-1).sum() == split.train.n_labelled


def test_no_data_is_hatched_and_outlined_and_data_are_untouched():
    picture = np.zeros((40, 40, 4), dtype=np.uint8)
    picture[10:20, 10:20] = 255
    shown = hatched(picture)
    np.testing.assert_array_equal(shown[10:20, 10:20], 255)
    assert (shown[..., 3] == 255).all()
    assert (shown[9, 10:20] == rgba(MUTED)).all()
    assert {tuple(color) for color in shown[30].tolist()} == {rgba(HATCH), rgba(PAPER)}
    full = np.full((3, 3, 4), 255, dtype=np.uint8)
    assert hatched(full) is full


def test_right_and_wrong_differ_for_who_sees_no_colours():
    def luminance(color):
        parts = np.array(rgba(color)[:3]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted(map(luminance, (RIGHT_PIXEL, WRONG_PIXEL)))
    assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2.1, 1.4.11


def test_the_legend_of_the_viewer_has_the_colours_of_its_tiles():
    script = resources.files("hsidiff.viewer") / "static" / "results.js"
    line = f'const RIGHT = "{RIGHT_PIXEL}", WRONG = "{WRONG_PIXEL}";'
    assert line in script.read_text(encoding="utf-8")
