"""From pixels to places on the map, and back."""

import numpy as np
from affine import Affine

from hsidiff.scenes.pixel_places import pixel_centres, transformed

TURNED = Affine(3.0, 4.0, 500_000.0, 4.0, -3.0, 5_800_000.0)


def test_the_centre_of_a_pixel_lies_half_a_pixel_from_its_corner() -> None:
    x, y = pixel_centres(TURNED, np.array([0, 2]), np.array([0, 1]))
    assert x.tolist() == [500_003.5, 500_003 + 1.5 + 8 + 2]
    assert y.tolist() == [5_800_000.5, 5_800_004 + 2 - 6 - 1.5]


def test_without_a_transform_places_are_columns_and_rows() -> None:
    x, y = pixel_centres(None, np.array([5]), np.array([7]))
    assert (x.tolist(), y.tolist()) == ([7.5], [5.5])


def test_the_inverse_transform_leads_back() -> None:
    cols, rows = np.meshgrid(np.arange(4.0), np.arange(3.0))
    back = transformed(~TURNED, *transformed(TURNED, cols, rows))
    np.testing.assert_allclose(back, (cols, rows), atol=1e-9)
