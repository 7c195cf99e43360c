import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows import statistics
from hsidiff.windows.statistics import (
    PrincipalComponents,
    StreamingMoments,
    band_list,
    scene_moments,
    valid_pixels,
)
from hsidiff.windows.tiles import sampled_tile_windows, tile_windows
from small_scenes import scene_of, small_cube


def correlated(n: int = 200, d: int = 6, seed: int = 0, offset: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(d, d)) * np.geomspace(1, 0.05, d)
    return (rng.normal(size=(n, d)) @ mixing.T + offset).astype(np.float32)


def moments_of(*batches: np.ndarray) -> StreamingMoments:
    moments = StreamingMoments()
    for batch in batches:
        moments.update(batch)
    return moments


def assert_moments_equal_numpy(moments: StreamingMoments, values: np.ndarray) -> None:
    values = values.astype(np.float64)
    spread = values.std(axis=0).max()
    assert moments.n_samples_ == len(values)
    np.testing.assert_allclose(moments.mean_, values.mean(axis=0), rtol=1e-12, atol=1e-9)
    covariance = np.cov(values, rowvar=False).reshape(values.shape[1], -1)
    np.testing.assert_allclose(moments.covariance_, covariance, rtol=1e-8, atol=1e-9 * spread**2)
    np.testing.assert_array_equal(moments.min_, values.min(axis=0))
    np.testing.assert_array_equal(moments.max_, values.max(axis=0))


@given(
    cuts=st.lists(st.integers(0, 60), max_size=6),
    seed=st.integers(0, 1000),
    d=st.integers(1, 5),
    offset=st.sampled_from([0.0, -3.0, 1e4]),
)
@settings(max_examples=60)
def test_streamed_moments_equal_numpy_for_any_batches_in_any_order(
    cuts: list[int], seed: int, d: int, offset: float
) -> None:
    values = correlated(60, d, seed, offset)
    batches = np.split(values, sorted(cuts))
    np.random.default_rng(seed).shuffle(batches)
    assert_moments_equal_numpy(moments_of(*batches), values)


def test_a_huge_offset_leaves_the_covariance_alone() -> None:
    values = np.random.default_rng(0).normal(size=(500, 3)) + 1e9
    batches = np.array_split(values, 7)
    np.testing.assert_allclose(
        moments_of(*batches).covariance_, np.cov(values - 1e9, rowvar=False), atol=1e-5
    )


def test_one_sample_has_no_spread_and_an_empty_batch_counts_nothing() -> None:
    moments = moments_of(np.zeros((0, 3)), np.array([[1.0, 2.0, 3.0]]))
    assert moments.n_samples_ == 1
    np.testing.assert_array_equal(moments.covariance_, np.zeros((3, 3)))


@pytest.mark.parametrize("unit_range", [False, True])
@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_principal_components_equal_those_of_scikit_learn(
    unit_range: bool, whiten: bool, offset: float
) -> None:
    values = correlated(offset=offset)
    ours = PrincipalComponents.from_moments(
        moments_of(*np.array_split(values, 3)), 4, whiten=whiten, unit_range=unit_range
    )
    scaled = MinMaxScaler().fit_transform(values.astype(np.float64)) if unit_range else values
    pca = PCA(4, whiten=whiten, svd_solver="full")
    theirs = pca.fit_transform(scaled.astype(np.float64))
    found = ours.project(values)
    signs = np.sign((found * theirs).sum(axis=0))
    np.testing.assert_allclose(found * signs, theirs, atol=2e-4 * np.abs(theirs).max())
    assert ours.n_components == 4
    assert found.dtype == np.float32


def test_a_large_mean_does_not_drown_the_components_of_float32_features() -> None:
    values = correlated(offset=0.0)
    far = values + np.float32(4096)
    near = far.astype(np.float64) - 4096
    ours = PrincipalComponents.from_moments(moments_of(far), 6, whiten=True)
    expected = PCA(6, whiten=True, svd_solver="full").fit_transform(near)
    found = ours.project(far)
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=0.02)


def test_the_sign_of_a_component_is_fixed() -> None:
    components = PrincipalComponents.from_moments(moments_of(correlated()), 6, whiten=False)
    largest = np.abs(components.components).argmax(axis=1)
    assert (components.components[np.arange(6), largest] > 0).all()


def test_components_come_by_decreasing_variance() -> None:
    values = correlated()
    variances = (
        PrincipalComponents.from_moments(moments_of(values), 6, whiten=False)
        .project(values)
        .var(axis=0)
    )
    assert (np.diff(variances) < 0).all()


def test_directions_without_variance_are_left_out() -> None:
    values = correlated(d=3)
    flat = np.concatenate([values, values[:, :1] + values[:, 1:2], np.ones((200, 1))], axis=1)
    for unit_range in (False, True):
        components = PrincipalComponents.from_moments(
            moments_of(flat.astype(np.float64)), 5, whiten=True, unit_range=unit_range
        )
        assert components.n_components == 3
        assert np.isfinite(components.project(flat)).all()


def test_more_components_than_values_keep_all() -> None:
    components = PrincipalComponents.from_moments(moments_of(correlated(d=2)), 99, whiten=False)
    assert components.n_components == 2


def test_projecting_keeps_the_shape_of_an_image() -> None:
    values = correlated(d=3)
    components = PrincipalComponents.from_moments(moments_of(values), 2, whiten=False)
    image = components.project(values.reshape(10, 20, 3))
    np.testing.assert_allclose(
        image.reshape(-1, 2), components.project(values), rtol=1e-5, atol=1e-6
    )


def test_scene_moments_take_all_valid_pixels_over_all_tiles() -> None:
    cube = small_cube((20, 300), n_bands=3)
    cube[2:5, 250:260, 1] = np.nan
    valid = np.isfinite(cube).all(axis=-1)
    assert_moments_equal_numpy(scene_moments(scene_of(cube)), cube[valid])


def test_scene_moments_of_a_region_see_nothing_else() -> None:
    cube = small_cube((20, 30), n_bands=3)
    region = np.zeros((20, 30), dtype=bool)
    region[3:9, 5:20] = True
    inside = cube[region].copy()
    cube[~region] = 1e30
    assert_moments_equal_numpy(scene_moments(scene_of(cube), region), inside)


def test_valid_pixels_are_those_with_a_value_in_every_usable_band() -> None:
    cube = small_cube((20, 300), n_bands=4)
    cube[2:5, 250:260, 1] = np.nan
    cube[7, 3, 0] = -9999
    cube[..., 2] = np.nan
    expected = np.ones((20, 300), dtype=bool)
    expected[2:5, 250:260] = False
    expected[7, 3] = False
    scene = scene_of(cube, nodata=-9999).without_bands([3])
    np.testing.assert_array_equal(valid_pixels(scene), expected)


@pytest.mark.parametrize("look", [valid_pixels, scene_moments])
def test_constant_bands_are_named_with_the_way_out(look: Callable[[Scene], object]) -> None:
    cube = small_cube((6, 6), n_bands=5)
    cube[..., [1, 2, 4]] = 7
    with pytest.raises(SceneError, match=r"band 2-3,5 holds one value only.*--drop-bands 2-3,5"):
        look(scene_of(cube))


def test_bands_are_named_by_their_number_in_the_file() -> None:
    cube = small_cube((6, 6), n_bands=5)
    cube[..., 3] = np.nan
    with pytest.raises(SceneError, match="band 4 holds no value at all"):
        valid_pixels(scene_of(cube).without_bands([1]))


def test_bands_of_nodata_only_are_named_too() -> None:
    cube = small_cube((6, 6), n_bands=3)
    cube[..., 0] = -9999
    with pytest.raises(SceneError, match="band 1 holds no value at all"):
        valid_pixels(scene_of(cube, nodata=-9999))


def test_a_scene_without_a_valid_pixel_says_so() -> None:
    scene = scene_of(np.full((6, 6, 3), np.nan, dtype=np.float32))
    with pytest.raises(SceneError, match="no pixel has a value in each of its 3 bands"):
        valid_pixels(scene)
    with pytest.raises(SceneError, match="no pixel that may be learned from is valid"):
        scene_moments(scene)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([1, 2, 3, 7], "1-3,7"), ([4], "4"), ([1, 3, 5], "1,3,5"), ([8, 9], "8-9")],
)
def test_band_numbers_are_written_as_people_do(numbers: list[int], text: str) -> None:
    assert band_list(np.array(numbers)) == text


@pytest.mark.parametrize(
    ("n_pixels", "n_bands", "noted"), [(40, 12, True), (9, 12, False), (40, 2, False)]
)
def test_many_flat_spectra_of_one_number_are_noted(
    n_pixels: int, n_bands: int, noted: bool
) -> None:
    cube = small_cube(n_bands=n_bands)
    cube.reshape(-1, n_bands)[:n_pixels] = -9999
    scene = replace(scene_of(cube), scale=0.0001, offset=2.0)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", HsidiffWarning)
        assert valid_pixels(scene).all()
    texts = [str(warning.message) for warning in found]
    assert len(texts) == noted
    for text in texts:
        assert "40 pixels hold the number -9999 in all bands" in text
        assert "nodata=-9999 (--nodata -9999)" in text


@dataclass(frozen=True)
class Endless:
    """A scene of any size that is made when it is read, and counts how often that is."""

    shape: tuple[int, int, int]
    n_read: list[int]
    constant_but_at: tuple[int, int] | None = None
    dtype = np.dtype("float32")

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        self.n_read.append(window.n_rows * window.n_cols)
        rng = np.random.default_rng([window.row, window.col])
        cube = rng.random((window.n_rows, window.n_cols, len(bands)), dtype=np.float32)
        if self.constant_but_at is not None:
            cube[..., 0] = 3
            row, col = self.constant_but_at
            if 0 <= row - window.row < window.n_rows and 0 <= col - window.col < window.n_cols:
                cube[row - window.row, col - window.col, 0] = 4
        return cube


def endless(side: int, **about: tuple[int, int]) -> tuple[Scene, list[int]]:
    n_read: list[int] = []
    return Scene("endless", Endless((side, side, 2), n_read, **about), np.ones(2, bool)), n_read


@pytest.fixture
def few_tiles(monkeypatch: pytest.MonkeyPatch) -> int:
    """Pixels of the sample: so few that a large scene is read quickly."""
    monkeypatch.setattr(statistics, "MAX_READ_TILES", 3)
    return 3 * statistics.READ_SIZE_PX**2


def test_a_larger_scene_costs_no_more_to_look_at(few_tiles: int) -> None:
    scene, n_read = endless(1024)
    moments = scene_moments(scene)
    assert sum(n_read) == few_tiles == moments.n_samples_
    n_read.clear()
    wanted = np.zeros(scene.shape, dtype=bool)
    wanted[[0, 1000], [10, 1000]] = True
    valid = valid_pixels(scene, wanted)
    assert valid[wanted].all()
    assert few_tiles <= sum(n_read) <= few_tiles + 2 * statistics.READ_SIZE_PX**2
    assert valid.sum() == sum(n_read)


def test_what_a_sample_would_refuse_is_looked_at_as_a_whole(few_tiles: int) -> None:
    side = statistics.READ_SIZE_PX
    sampled = sampled_tile_windows((1024, 1024), side, 3, 0)
    missed = next(w for w in tile_windows((1024, 1024), side) if w not in sampled)
    place = (missed.row + 7, missed.col + 9)
    scene, _ = endless(1024, constant_but_at=place)
    assert scene_moments(scene).max_[0] == 4
    assert valid_pixels(scene, np.zeros(scene.shape, dtype=bool)).all()
