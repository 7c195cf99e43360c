"""Tests for numbers that seem to mean "no value" in some bands of a pixel only."""

import warnings

import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.open import open_scene
from hsidiff.windows.statistics import valid_pixels
from hsidiff.windows.value_summary import summarise_values


def natural(dtype="int16"):
    """Spectra (300, 40, 6) that differ from each other, between -50 and 3000."""
    return np.random.default_rng(0).integers(-50, 3000, (300, 40, 6)).astype(dtype)


def notes(scene, look=valid_pixels):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", HsidiffWarning)
        look(scene)
    return [str(w.message) for w in caught if "in some bands only" in str(w.message)]


@pytest.mark.parametrize("look", [valid_pixels, summarise_values])
@pytest.mark.parametrize(
    ("dtype", "fill", "text"),
    [("int16", -9999, "-9999"), ("int16", -32768, "-32768"), ("float32", -999, "-999")],
)  # fmt: skip
@pytest.mark.parametrize("scale", [1.0, 0.0001])
def test_fill_in_some_bands_is_said_with_pixels_and_bands(look, dtype, fill, text, scale):
    values = natural(dtype)
    values[10:12, 3:5, 2:4] = fill
    values[290, 7, 5] = fill
    scene = open_scene(values).rescaled(scale)
    (note,) = notes(scene, look)
    assert f"5 pixels hold the number {text} in some bands only (band 3-4,6)" in note
    assert f"--nodata {text}" in note
    declared = open_scene(values, nodata=fill)
    assert notes(declared, look) == []
    assert valid_pixels(declared).sum() == 300 * 40 - 5


def test_fill_in_all_bands_is_not_counted_here():
    values = natural()
    values[:20, :20] = -9999
    assert notes(open_scene(values)) == []
    with pytest.warns(HsidiffWarning, match="400 pixels hold the number -9999 in all bands"):
        valid_pixels(open_scene(values))


@pytest.mark.parametrize("other", [-8000, -5000])
def test_a_number_with_values_near_it_is_a_value(other):
    values = natural()
    values[10, 3, 2], values[20, 3, 2] = -9999, other
    assert notes(open_scene(values)) == []


def test_two_numbers_are_each_told_once():
    values = natural()
    values[10, 3, 2], values[20, 3, 2] = -9999, -32768
    assert len(notes(open_scene(values))) == 2
