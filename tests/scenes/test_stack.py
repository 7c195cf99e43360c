import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.scenes.scene import Scene
from hsidiff.scenes.stack import StackedSource
from hsidiff.scenes.window import Window
from small_scenes import scene_of, small_cube


def stacked(shapes: list[tuple[int, int]], gap_px: int) -> tuple[Scene, list[np.ndarray]]:
    cubes = [small_cube(shape, n_bands=4, seed=i) for i, shape in enumerate(shapes)]
    source = StackedSource(tuple(scene_of(cube) for cube in cubes), gap_px)
    return Scene("stack", source, np.ones(4, bool)), cubes


def drawn(shapes: list[tuple[int, int]], gap_px: int, cubes: list[np.ndarray]) -> np.ndarray:
    """The stack drawn by hand."""
    width = max(cols for _, cols in shapes)
    parts = []
    for i, cube in enumerate(cubes):
        if i:
            parts.append(np.full((gap_px, width, 4), np.nan))
        right = np.full((cube.shape[0], width - cube.shape[1], 4), np.nan)
        parts.append(np.concatenate([cube, right], axis=1))
    return np.concatenate(parts)


@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=1, max_size=3),
    st.integers(0, 4),
    st.data(),
)
def test_every_window_is_cut_from_the_scenes_below_one_another(
    shapes: list[tuple[int, int]], gap_px: int, data: st.DataObject
) -> None:
    scene, cubes = stacked(shapes, gap_px)
    whole = drawn(shapes, gap_px, cubes)
    assert scene.shape == whole.shape[:2]
    row = data.draw(st.integers(0, scene.shape[0] - 1))
    col = data.draw(st.integers(0, scene.shape[1] - 1))
    window = Window(row, col, 5, 4).clipped(scene.shape)
    np.testing.assert_array_equal(scene.read(window), whole[window.slices].astype(np.float32))


def test_a_stack_can_be_pickled_and_reads_chosen_bands() -> None:
    scene, cubes = stacked([(3, 4), (2, 5)], 1)
    again = pickle.loads(pickle.dumps(scene)).without_bands([1, 3])
    np.testing.assert_array_equal(again.read(Window(4, 0, 2, 5)), cubes[1][..., [1, 3]])
