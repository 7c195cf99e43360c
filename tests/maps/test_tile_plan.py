"""A scene is computed in the same windows, whatever tiles they are grouped into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.errors import SettingError
from hsidiff.maps.tile_plan import TilePlan
from hsidiff.windows.tiles import even_tile_windows

sides = st.integers(1, 60)


def plan_of(shape: tuple[int, int], window_px: int, tile_size: int) -> TilePlan:
    return TilePlan.with_windows(shape, even_tile_windows(shape, window_px)[0], tile_size)


@given(shape=st.tuples(sides, sides), window_px=sides, tile_size=st.integers(1, 200))
def test_tiles_hold_each_window_of_the_scene_once(
    shape: tuple[int, int], window_px: int, tile_size: int
) -> None:
    plan = plan_of(shape, window_px, tile_size)
    windows = [window for n in range(plan.n_tiles) for window in plan.windows(n)]
    expected = even_tile_windows(shape, window_px)
    assert len(windows) == len(expected)
    assert set(windows) == set(expected)


@given(shape=st.tuples(sides, sides), window_px=sides, tile_size=st.integers(1, 200))
def test_a_tile_is_as_large_as_asked_or_one_window(
    shape: tuple[int, int], window_px: int, tile_size: int
) -> None:
    plan = plan_of(shape, window_px, tile_size)
    for number in range(plan.n_tiles):
        tile = plan.tile(number)
        assert tile.n_rows <= max(tile_size, plan.window_sides[0])
        assert tile.n_cols <= max(tile_size, plan.window_sides[1])


def test_a_plan_comes_back_from_its_file() -> None:
    plan = plan_of((70, 50), 16, 32)
    assert TilePlan.from_json(plan.to_json()) == plan
    for wrong in ({**plan.to_json(), "shape": [70]}, {**plan.to_json(), "tile_sides": [0, 1]}):
        with pytest.raises(ValueError, match="two whole numbers"):
            TilePlan.from_json(wrong)


def test_a_tile_size_of_nothing_is_refused() -> None:
    with pytest.raises(SettingError, match="tile_size=0: must be at least 1"):
        plan_of((70, 50), 16, 0)
