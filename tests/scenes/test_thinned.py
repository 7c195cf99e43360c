from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.thinned import thinned, with_bands
from hsidiff.scenes.window import Window
from small_scenes import small_scene


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64])
def test_every_nth_pixel_is_read(step: int) -> None:
    scene = small_scene((37, 50))
    assert_array_equal(thinned(scene, step).read(), scene.read()[::step, ::step])


def test_a_window_counts_pixels_that_are_left() -> None:
    scene = small_scene()
    part = thinned(scene, 4).read(Window(2, 3, 5, 6))
    assert_array_equal(part, scene.read()[::4, ::4][2:7, 3:9])


def test_it_lies_where_the_scene_lies() -> None:
    scene = small_scene()
    few = thinned(scene, 4)
    assert few.shape == (10, 13)
    assert scene.transform is not None
    assert few.transform is not None
    assert few.transform @ (3, 2) == scene.transform @ (12, 8)


def test_of_a_geotiff_pixels_of_the_same_squares_are_read(tmp_path: Path) -> None:
    write_geotiff(small_scene(), tmp_path / "scene.tif")
    whole = open_scene(tmp_path / "scene.tif")
    values = whole.read()
    for row, col in np.ndindex(5, 6):
        square = values[row * 8 : row * 8 + 8, col * 8 : col * 8 + 8].reshape(-1, 12)
        shown = thinned(whole, 8).read(Window(row, col, 1, 1))[0, 0]
        assert (square == shown).all(axis=1).any() or np.isnan(shown).all()


def test_only_the_bands_that_were_asked_for_are_read() -> None:
    scene = replace(small_scene(), scale=np.arange(12) + 1.0)
    three = with_bands(scene, (7, 2, 4))
    assert three.n_bands == 3
    valid = np.isfinite(scene.read()).all(axis=-1)
    assert_allclose(three.read()[valid], scene.read()[valid][:, [2, 4, 7]])
