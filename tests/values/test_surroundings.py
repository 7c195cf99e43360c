from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.about import Cost
from hsidiff.errors import SettingError
from hsidiff.kinds import DENOISER_INPUT, SPECTRUM, Kinds
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.values.surroundings import Surroundings, square_means
from hsidiff.values.values import Values
from hsidiff.windows.tiles import read_with_halo, without_margin
from small_scenes import scene_of

SCALES = (3, 7)


@dataclass(kw_only=True)
class Stored(Values):
    """What the scene holds, with a halo that is not looked at, and once more as another kind."""

    @property
    def halo_px(self) -> int:
        return 2

    def learn(self, scene: Scene, region: np.ndarray | None) -> None:
        pass

    def of_window(self, cube: np.ndarray, window: Window) -> np.ndarray:
        spectra = np.nan_to_num(without_margin(cube, 2))
        assert spectra.shape[:2] == (window.n_rows, window.n_cols)
        return np.concatenate([spectra, 2 * spectra], axis=-1)

    def kinds(self, n_bands: int) -> Kinds:
        return {DENOISER_INPUT: (n_bands,), SPECTRUM: (n_bands,)}

    def cost(self, n_bands: int) -> Cost:
        return Cost(0, 5)

    def learned(self) -> Learned:
        return Learned({"a": np.ones(1)}, {})

    def restore(self, learned: Learned) -> None:
        pass


def surroundings(scales: tuple[int, ...] = SCALES) -> Surroundings:
    return Surroundings(values=Stored(), scales=scales)


def scene_with_gaps(shape: tuple[int, int] = (14, 11), seed: int = 0) -> Scene:
    generator = np.random.default_rng(seed)
    cube = 5000 + 1000 * generator.standard_normal((*shape, 3)).astype(np.float32)
    cube[generator.random(shape) < 0.2] = np.nan
    return scene_of(cube)


def of_window(scene: Scene, window: Window) -> np.ndarray:
    values = surroundings()
    return values.of_window(read_with_halo(scene, window, values.halo_px), window)


@settings(max_examples=40)
@given(st.integers(0, 13), st.integers(0, 10), st.integers(1, 14), st.integers(1, 11))
def test_means_do_not_depend_on_the_window(row: int, col: int, n_rows: int, n_cols: int) -> None:
    scene = scene_with_gaps()
    window = Window(row, col, n_rows, n_cols).clipped(scene.shape)
    whole = of_window(scene, Window.whole(scene.shape))
    np.testing.assert_array_equal(of_window(scene, window), whole[window.slices])


def test_a_mean_is_that_of_the_valid_pixels_and_the_edge_is_repeated() -> None:
    scene = scene_with_gaps()
    cube = np.pad(scene.read(Window.whole(scene.shape)), ((3, 3), (3, 3), (0, 0)), mode="edge")
    values = of_window(scene, Window.whole(scene.shape))
    for row, col in ((0, 0), (5, 5), (13, 10), (0, 7)):
        square = cube[row : row + 7, col : col + 7].astype(np.float64)
        np.testing.assert_allclose(values[row, col, 9:], np.nanmean(square, (0, 1)), rtol=1e-6)


def test_a_square_without_a_valid_pixel_gives_0() -> None:
    valid = np.zeros((4, 4), dtype=bool)
    np.testing.assert_array_equal(square_means(np.ones((4, 4, 2), np.float32), valid, 3), 0)


def test_a_pixel_keeps_its_own_values_and_means_are_named_by_their_square() -> None:
    scene, window = scene_with_gaps(), Window(3, 4, 2, 2)
    means = {f"{DENOISER_INPUT} 3x3": (3,), f"{DENOISER_INPUT} 7x7": (3,)}
    assert surroundings().kinds(3) == {DENOISER_INPUT: (3,), SPECTRUM: (3,), **means}
    values = of_window(scene, window)
    assert values.shape == (2, 2, 12)
    own = np.nan_to_num(scene.read(window))
    np.testing.assert_array_equal(values[..., :6], np.concatenate([own, 2 * own], axis=-1))


def test_the_halo_and_the_cost_grow_with_the_widest_square() -> None:
    assert surroundings().halo_px == 2 + 3
    assert surroundings(()).halo_px == 2
    assert surroundings(()).cost(3) == Cost(0, 5)
    assert surroundings().cost(3) == Cost(0, 5 + 2 * (3 + 7) * 3)


@pytest.mark.parametrize("scales", [(2,), (1, 3), (5, 3), (3, 3), 5, (3.5,)])
def test_sides_that_have_no_middle_or_no_order_are_refused(scales: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match="scales="):
        surroundings(scales).check()
