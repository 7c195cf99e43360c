from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.errors import SettingError
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import (
    even_tile_windows,
    read_with_halo,
    sampled_tile_windows,
    tile_windows,
    without_margin,
)
from small_scenes import scene_of

sides = st.integers(1, 40)


Cut = Callable[..., list[Window]]
both_ways = pytest.mark.parametrize("cut", [tile_windows, even_tile_windows])


@both_ways
@given(sides, sides, st.integers(1, 50))
def test_tiles_cover_each_pixel_exactly_once(
    cut: Cut, n_rows: int, n_cols: int, tile_size: int
) -> None:
    covered = np.zeros((n_rows, n_cols), dtype=int)
    for window in cut((n_rows, n_cols), tile_size):
        assert window.clipped((n_rows, n_cols)) == window
        assert max(window.n_rows, window.n_cols) <= tile_size
        covered[window.slices] += 1
    assert (covered == 1).all()


def test_tiles_come_row_by_row_and_are_smaller_at_the_edges() -> None:
    assert tile_windows((5, 7), 4) == [
        Window(0, 0, 4, 4),
        Window(0, 4, 4, 3),
        Window(4, 0, 1, 4),
        Window(4, 4, 1, 3),
    ]


@given(sides, sides, st.integers(1, 50))
def test_even_tiles_are_no_more(n_rows: int, n_cols: int, size: int) -> None:
    shape = (n_rows, n_cols)
    assert len(even_tile_windows(shape, size)) <= len(tile_windows(shape, size))


def test_even_tiles_leave_no_sliver() -> None:
    assert even_tile_windows((9, 4), 8) == [Window(0, 0, 5, 4), Window(5, 0, 4, 4)]


@both_ways
@pytest.mark.parametrize("tile_size", [0, -8, 2.5])
def test_a_tile_size_that_is_no_size_is_refused(cut: Cut, tile_size: float) -> None:
    with pytest.raises(SettingError, match=f"tile_size={tile_size}: must be .*at least 1"):
        cut((50, 50), tile_size)


@given(
    sides, sides, st.integers(0, 60), st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000)
)
def test_a_halo_equals_edge_padding_of_the_scene(
    n_rows: int, n_cols: int, halo: int, height: int, width: int, place: int
) -> None:
    cube = np.random.default_rng(place).normal(size=(n_rows, n_cols, 2)).astype(np.float32)
    window = Window(place % n_rows, place % n_cols, height, width).clipped((n_rows, n_cols))
    padded = np.pad(cube, ((halo, halo), (halo, halo), (0, 0)), mode="edge")
    rows, cols = window.slices
    expected = padded[rows.start : rows.stop + 2 * halo, cols.start : cols.stop + 2 * halo]
    np.testing.assert_array_equal(read_with_halo(scene_of(cube), window, halo), expected)


def test_a_halo_around_a_window_that_leaves_the_scene_is_edge_padding_too() -> None:
    cube = np.random.default_rng(0).normal(size=(5, 6, 2)).astype(np.float32)
    found = read_with_halo(scene_of(cube), Window.whole((5, 6)).grown(2), 3)
    np.testing.assert_array_equal(found, np.pad(cube, ((5, 5), (5, 5), (0, 0)), mode="edge"))


def test_invalid_pixels_in_the_halo_are_nan_in_all_bands() -> None:
    cube = np.ones((4, 4, 3), dtype=np.float32)
    cube[0, 0, 1] = np.nan
    found = read_with_halo(scene_of(cube), Window(1, 1, 2, 2), 2)
    assert np.array_equal(np.isnan(found).all(axis=-1), np.isnan(found).any(axis=-1))
    assert np.isnan(found[:2, :2]).all()
    assert np.isnan(found).all(axis=-1).sum() == 4


def test_without_margin_is_the_inverse_of_padding() -> None:
    values = np.arange(24).reshape(4, 6)
    assert np.array_equal(without_margin(np.pad(values, 3), 3), values)
    assert np.array_equal(without_margin(values, 0), values)


def test_a_small_scene_keeps_all_its_tiles() -> None:
    assert sampled_tile_windows((40, 40), 10, 16, 0) == tile_windows((40, 40), 10)


def test_a_large_scene_is_represented_by_different_tiles_of_it() -> None:
    all_tiles = tile_windows((100, 100), 10)
    sampled = sampled_tile_windows((100, 100), 10, 16, random_state=0)
    places = [all_tiles.index(window) for window in sampled]
    assert len(set(places)) == 16
    assert places == sorted(places)
    assert sampled == sampled_tile_windows((100, 100), 10, 16, random_state=0)
    assert sampled != sampled_tile_windows((100, 100), 10, 16, random_state=1)


def test_only_tiles_that_touch_the_region_are_sampled() -> None:
    region = np.zeros((100, 100), dtype=bool)
    region[39:41, 55] = True
    sampled = sampled_tile_windows((100, 100), 10, 2, random_state=0, region=region)
    assert sampled == [Window(30, 50, 10, 10), Window(40, 50, 10, 10)]


def test_tiles_of_a_huge_scene_are_drawn_without_making_all() -> None:
    sampled = sampled_tile_windows((10**6, 10**6), 64, 16, random_state=0)
    assert len(set(sampled)) == 16
    assert all(window.row % 64 == window.col % 64 == 0 for window in sampled)


def test_tiles_are_drawn_the_same_with_and_without_a_region_of_all_pixels() -> None:
    everywhere = np.ones((103, 95), dtype=bool)
    plain = sampled_tile_windows((103, 95), 10, 7, random_state=3)
    assert plain == sampled_tile_windows((103, 95), 10, 7, random_state=3, region=everywhere)
