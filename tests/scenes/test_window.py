import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.scenes.window import Window

places = st.integers(-30, 30)
sizes = st.integers(0, 30)
windows = st.builds(Window, places, places, sizes, sizes)
shapes = st.tuples(st.integers(1, 25), st.integers(1, 25))


def pixels(window: Window) -> set[tuple[int, int]]:
    return {
        (row, col)
        for row in range(window.row, window.row + window.n_rows)
        for col in range(window.col, window.col + window.n_cols)
    }


@given(windows, shapes)
def test_clipping_keeps_the_pixels_inside_the_scene(window: Window, shape: tuple[int, int]) -> None:
    inside = {
        (row, col) for row, col in pixels(window) if 0 <= row < shape[0] and 0 <= col < shape[1]
    }
    assert pixels(window.clipped(shape)) == inside


@given(windows, st.integers(0, 9))
def test_growing_adds_the_margin_on_each_side(window: Window, margin: int) -> None:
    grown = window.grown(margin)
    assert (grown.row, grown.col) == (window.row - margin, window.col - margin)
    assert grown.n_rows - window.n_rows == grown.n_cols - window.n_cols == 2 * margin
    assert grown.grown(-margin) == window


def test_slices_take_the_pixels_of_the_window() -> None:
    array = np.arange(5 * 6 * 2).reshape(5, 6, 2)
    part = array[Window(1, 2, 3, 4).slices]
    assert part.shape == (3, 4, 2)
    assert part[0, 0].tolist() == array[1, 2].tolist()


def test_slices_within_another_window_take_the_same_pixels() -> None:
    array = np.arange(9 * 8).reshape(9, 8)
    outer, inner = Window(2, 1, 6, 7), Window(4, 3, 3, 2)
    part = array[outer.slices][inner.within(outer)]
    np.testing.assert_array_equal(part, array[inner.slices])


def test_the_whole_window_covers_the_scene() -> None:
    assert Window.whole((4, 7)) == Window(0, 0, 4, 7)
