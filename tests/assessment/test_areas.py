import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from worked_examples import classes_named

from hsidiff.assessment.areas import adjusted_areas, areas_of_map
from hsidiff.assessment.assess import assess_labels, assess_sample

VALUES = np.array([[1, 1, 2, 0], [2, 2, 2, 0], [1, 0, 0, 0]])
GRID = (CRS.from_epsg(32633), Affine(30, 0, 4e5, 0, -30, 58e5))


def test_pixels_and_hectares_are_counted() -> None:
    areas = areas_of_map(VALUES, classes_named("ABC"), *GRID)
    assert [area.pixels for area in areas] == [3, 4, 0]
    assert [area.hectares for area in areas] == pytest.approx([0.27, 0.36, 0])


def test_in_degrees_a_row_nearer_to_the_pole_counts_less() -> None:
    values = np.zeros((1000, 3), dtype=int)
    values[0], values[-1] = 1, 2
    grid = (CRS.from_epsg(4326), Affine(0.01, 0, 10, 0, -0.01, 60))
    north, south = areas_of_map(values, classes_named("AB"), *grid)
    assert north.pixels == south.pixels == 3
    ratio = np.cos(np.radians(60)) / np.cos(np.radians(50))
    assert north.hectares / south.hectares == pytest.approx(ratio, rel=0.01)


def test_without_a_place_on_the_earth_there_are_pixels_only() -> None:
    areas = areas_of_map(VALUES, classes_named("AB"), None, None)
    assert [(area.pixels, area.hectares) for area in areas] == [(3, None), (4, None)]


def test_adjusted_areas_are_shares_of_the_whole() -> None:
    mapped, reference = np.array([1] * 10 + [2] * 10), np.array([1] * 8 + [2] * 12)
    found = assess_sample(classes_named("AB"), mapped - 1, mapped, reference, np.array([300, 100]))
    a, b = adjusted_areas(found, 400, 36.0)
    assert a.pixels.value == pytest.approx(240)
    assert b.hectares.value == pytest.approx(0.09 * 160)
    assert a.pixels.low / a.hectares.low == pytest.approx(400 / 36)
    assert adjusted_areas(found, 400, None)[0].hectares is None


def test_labels_that_were_not_drawn_have_no_adjusted_areas() -> None:
    labels = np.array([1, 2, 2])
    assert adjusted_areas(assess_labels(classes_named("AB"), labels, labels), 9, 1.0) is None
