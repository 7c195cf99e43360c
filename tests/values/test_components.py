import numpy as np
import pytest
from scipy import ndimage
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler

from hsidiff.errors import SceneError
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.values import components as components_module
from hsidiff.values.components import principal_components
from hsidiff.windows.tiles import read_with_halo, without_margin
from small_scenes import scene_of, small_cube, small_invalid, small_scene

SHAPE, N_BANDS, HALO_PX = (30, 34), 6, 2
WHOLE = Window.whole(SHAPE)


def around(cube: np.ndarray, window: Window) -> list[np.ndarray]:
    """Features of two layers that see as far as the halo: highest and mean value around a pixel."""
    seen = np.nan_to_num(cube, nan=0.0).astype(np.float32)
    size = (2 * HALO_PX + 1, 2 * HALO_PX + 1, 1)
    highest = ndimage.maximum_filter(seen, size)
    mean = ndimage.uniform_filter(seen, size)
    return [without_margin(values, HALO_PX) for values in (highest, np.tanh(mean))]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


@pytest.mark.parametrize("whiten", [False, True])
def test_they_equal_scikit_learns_on_all_features(
    scene: Scene, whiten: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components_module, "FEATURE_TILE_PX", 11)
    valid = ~small_invalid(SHAPE)
    projections = principal_components(scene, around, HALO_PX, 3, whiten=whiten)
    layers = around(read_with_halo(scene, WHOLE, HALO_PX), WHOLE)
    assert len(projections) == len(layers) == 2
    for projection, layer in zip(projections, layers, strict=True):
        values = layer[valid].astype(np.float64)
        scaled = MinMaxScaler().fit_transform(values) if whiten else values
        expected = PCA(3, whiten=whiten, svd_solver="full").fit_transform(scaled)
        found = projection.project(values.astype(np.float32))
        signs = np.sign((found * expected).sum(axis=0))
        np.testing.assert_allclose(found * signs, expected, atol=5e-3 * np.abs(expected).max())


def test_of_a_large_scene_a_sample_of_tiles_is_used(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components_module, "FEATURE_TILE_PX", 8)
    monkeypatch.setattr(components_module, "MAX_TILES", 4)
    asked: list[Window] = []

    def of(cube: np.ndarray, window: Window) -> list[np.ndarray]:
        asked.append(window)
        return around(cube, window)

    first, again, other = (
        principal_components(scene, of, HALO_PX, 3, random_state=seed)[0] for seed in (0, 0, 1)
    )
    assert len(asked) == 3 * 4
    assert asked[:4] == asked[4:8] != asked[8:]
    np.testing.assert_array_equal(first.components, again.components)
    assert not np.array_equal(first.mean, other.mean)


def test_those_of_a_region_do_not_see_beyond_it() -> None:
    cube = small_cube(SHAPE, N_BANDS)
    region = np.zeros(SHAPE, dtype=bool)
    region[:14, 3:20] = True
    changed = np.where(region[..., None], cube, cube[::-1, ::-1] + 0.1)
    found = [
        principal_components(scene_of(values), around, HALO_PX, 3, region=region)
        for values in (cube, changed)
    ]
    for first, second in zip(*found, strict=True):
        np.testing.assert_array_equal(first.components, second.components)
        np.testing.assert_array_equal(first.mean, second.mean)


def test_without_a_pixel_they_are_one_clear_error(scene: Scene) -> None:
    with pytest.raises(SceneError, match="small scene: no valid pixel to learn from"):
        principal_components(scene, around, HALO_PX, 3, region=small_invalid(SHAPE))
