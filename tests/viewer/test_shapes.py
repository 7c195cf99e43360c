import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from hsidiff.errors import LabelError
from hsidiff.viewer.shapes import (
    Feature,
    area_of,
    burned,
    point,
    polygon,
    stroke,
    without_area,
)

SHAPE = (30, 40)
columns = st.floats(-5, 45, allow_nan=False)
rows = st.floats(-5, 35, allow_nan=False)


def mask_of(area: shapely.Geometry) -> np.ndarray:
    return burned([Feature(1, 1, area)], SHAPE) > 0


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_an_area_of_pixels_covers_these_pixels_and_no_other(seed: int) -> None:
    mask = np.random.default_rng(seed).random(SHAPE) < 0.4
    assert_array_equal(mask_of(area_of(mask)), mask)


@settings(max_examples=20)
@given(st.lists(st.tuples(columns, rows), min_size=1, max_size=5), st.floats(1, 9))
def test_a_brush_covers_the_pixels_whose_middle_it_reaches(
    path: list[tuple[float, float]], radius_px: float
) -> None:
    try:
        covered = mask_of(stroke(path, radius_px, SHAPE))
    except LabelError:
        covered = np.zeros(SHAPE, dtype=bool)
    line = shapely.LineString(path if len(path) > 1 else path * 2)
    middles = shapely.points(*np.meshgrid(np.arange(40) + 0.5, np.arange(30) + 0.5))
    distance = shapely.distance(line, middles)
    # Round ends are drawn as polygons of many corners, a little inside of the circle.
    assert covered[distance < 0.98 * radius_px].all()
    assert not covered[distance > radius_px + 0.01].any()


def test_the_narrowest_brush_covers_the_pixel_under_it() -> None:
    covered = mask_of(stroke([(7.1, 3.9)], 0.5, SHAPE))
    assert covered[3, 7]
    assert covered.sum() <= 4


def test_a_point_lies_in_the_middle_of_its_pixel() -> None:
    assert point((7.99, 0.01), SHAPE).coords[0] == (7.5, 0.5)


@pytest.mark.parametrize("position", [(-0.1, 3), (40, 3), (3, 30), (3, -1), (1e9, 0)])
def test_a_point_outside_is_refused(position: tuple[float, float]) -> None:
    with pytest.raises(LabelError):
        point(position, SHAPE)


@pytest.mark.parametrize(
    "ring",
    [
        [],
        [(1, 1), (5, 5)],
        [(1, 1), (1.2, 1), (1.2, 1.2)],
        [(-9, -9), (-5, -9), (-5, -5)],
        [(1, 1), (5, float("nan")), (9, 9)],
        [(1, 1), ("a", 2), (3, 3)],
        [(1, 1, 1)] * 3,
        7,
        [(0, 0)] * 5001,
    ],
)
def test_a_polygon_that_labels_nothing_is_refused(ring: object) -> None:
    with pytest.raises(LabelError):
        polygon(ring, SHAPE)


def test_a_polygon_that_crosses_itself_and_the_border_keeps_what_is_inside() -> None:
    area = polygon([(-10, 0), (10, 20), (10, 0), (-10, 20)], SHAPE)
    assert area.is_valid
    assert area.bounds[0] >= 0
    assert mask_of(area)[10, 8]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_what_is_cut_away_leaves_exactly_the_other_pixels(seed: int) -> None:
    draw = np.random.default_rng(seed)
    old, cut = draw.random((2, *SHAPE)) < 0.5
    left = without_area([Feature(1, 3, area_of(old))], area_of(cut))
    assert_array_equal(burned(left, SHAPE) > 0, old & ~cut)


def test_a_point_under_the_eraser_goes_and_one_beside_it_stays() -> None:
    spots = [Feature(1, 1, point((5, 5), SHAPE)), Feature(2, 1, point((20, 5), SHAPE))]
    assert without_area(spots, stroke([(5.5, 5.5)], 2, SHAPE)) == spots[1:]


def test_a_stroke_that_is_larger_than_allowed_is_refused() -> None:
    with pytest.raises(LabelError, match="radius"):
        stroke([(5, 5)], 1e9, SHAPE)
    with pytest.raises(LabelError, match="too long"):
        stroke([(0, 0), (9999, 9999)], 3, (10_000, 10_000))
