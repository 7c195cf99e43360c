from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler
from torch import Tensor

from hsidiff.diffusion.noise import pixel_noise
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.errors import SceneError, SettingError
from hsidiff.features import denoiser_features
from hsidiff.features.denoiser_features import N_DRAWS, DenoiserFeatures
from hsidiff.networks.denoiser import Denoiser
from hsidiff.networks.spectral_unet import SpectralUNet, UNetShape
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import seeded
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from hsidiff.windows.tiles import read_with_halo
from small_scenes import scene_of, small_cube, small_invalid, small_scene

SHAPE = (30, 34)
N_BANDS = 6
TINY = UNetShape(widths=(2, 3, 4), first_kernel=(1, 3, 3), stride_kernel=(4, 1, 1))
LAYERS = (1, 0)
HALO_PX = TINY.halo_px(1)
WHOLE = Window.whole(SHAPE)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


@pytest.fixture(scope="module")
def features(scene: Scene) -> DenoiserFeatures:
    with seeded(0):
        denoiser = SpectralUNet(TINY).eval()
        for module in denoiser.modules():
            if isinstance(module, torch.nn.BatchNorm3d):
                torch.nn.init.normal_(module.running_mean, std=0.1)
    return DenoiserFeatures(
        transform=SpectralTransform.to_range(scene_moments(scene)),
        denoiser=denoiser,
        schedule=NoiseSchedule.linear(500),
        target="eps",
        timesteps=(5, 200),
        layers=LAYERS,
        extraction="clean",
        bfloat16=False,
        limit=1.0,
        halo_px=HALO_PX,
        seed=3,
        device="cpu",
    )


class Says(Denoiser):
    """A denoiser that says what a function of (x_t, t) says, and whose taps are what it sees."""

    def __init__(self, said: object = None) -> None:
        super().__init__()
        self.said = said

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        return self.said(x_t, t)  # type: ignore[operator]

    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        return [x_t + 100 * layer for layer in layers]


def of(features: DenoiserFeatures, scene: Scene, window: Window) -> np.ndarray:
    """Features of all timesteps and layers, side by side."""
    found = features.of(read_with_halo(scene, window, features.halo_px), window)
    return np.concatenate(found, axis=-1)


def test_features_are_timesteps_in_order_and_in_each_the_layers_in_order(
    features: DenoiserFeatures, scene: Scene
) -> None:
    found = of(replace(features, denoiser=Says()), scene, WHOLE)
    x_0 = np.nan_to_num(features.transform.apply(scene.read()), nan=0)
    blocks = []
    for timestep in features.timesteps:
        seen = features.schedule.alpha_bar[timestep].item() ** 0.5 * x_0
        blocks += [seen + 100 * layer for layer in LAYERS]
    np.testing.assert_allclose(found, np.concatenate(blocks, axis=-1), atol=1e-5)
    assert found.dtype == np.float32


def test_noisy_features_see_the_noise_of_their_pixels(
    features: DenoiserFeatures, scene: Scene
) -> None:
    window = Window(4, 7, 5, 6)
    noisy = replace(features, denoiser=Says(), extraction="noisy", timesteps=(80,), layers=(0,))
    x_0 = np.nan_to_num(features.transform.apply(scene.read(window)), nan=0)
    eps = pixel_noise(torch.arange(4, 9), torch.arange(7, 13), N_BANDS, 80, seed=3)
    alpha_bar = features.schedule.alpha_bar[80].item()
    expected = alpha_bar**0.5 * x_0 + (1 - alpha_bar) ** 0.5 * eps.permute(1, 2, 0).numpy()
    np.testing.assert_allclose(of(noisy, scene, window), expected, atol=1e-5)


def test_mean_features_are_the_mean_over_draws(features: DenoiserFeatures, scene: Scene) -> None:
    window = Window(4, 7, 5, 6)
    mean = replace(features, denoiser=Says(), extraction="mean", timesteps=(80,), layers=(0,))
    x_0 = np.nan_to_num(features.transform.apply(scene.read(window)), nan=0)
    draws = [
        pixel_noise(torch.arange(4, 9), torch.arange(7, 13), N_BANDS, 80 + 501 * draw, seed=3)
        for draw in range(N_DRAWS)
    ]
    eps = torch.stack(draws).mean(dim=0).permute(1, 2, 0).numpy()
    alpha_bar = features.schedule.alpha_bar[80].item()
    expected = alpha_bar**0.5 * x_0 + (1 - alpha_bar) ** 0.5 * eps
    np.testing.assert_allclose(of(mean, scene, window), expected, atol=1e-5)


def test_a_distilled_extractor_sees_the_scene_as_it_is(
    features: DenoiserFeatures, scene: Scene
) -> None:
    distilled = replace(features, denoiser=Says(), extraction="distilled", layers=(0,))
    x_0 = np.nan_to_num(features.transform.apply(scene.read()), nan=0)
    expected = np.concatenate([x_0, x_0], axis=-1)  # at both timesteps
    np.testing.assert_allclose(of(distilled, scene, WHOLE), expected, atol=1e-6)


def test_half_of_the_bits_are_enough(features: DenoiserFeatures, scene: Scene) -> None:
    exact = of(features, scene, WHOLE)
    halved = of(replace(features, bfloat16=True), scene, WHOLE)
    assert np.abs(halved - exact).max() < 0.02 * exact.std()
    assert halved.dtype == np.float32


@pytest.mark.parametrize("extraction", ["clean", "noisy", "mean", "distilled"])
def test_features_of_a_pixel_do_not_depend_on_the_window(
    features: DenoiserFeatures, scene: Scene, extraction: str
) -> None:
    features = replace(features, extraction=extraction)
    whole = of(features, scene, WHOLE)

    @given(st.integers(0, 29), st.integers(0, 33), st.integers(1, 30), st.integers(1, 34))
    @settings(max_examples=15, deadline=None)
    def check(row: int, col: int, n_rows: int, n_cols: int) -> None:
        window = Window(row, col, n_rows, n_cols).clipped(SHAPE)
        np.testing.assert_allclose(of(features, scene, window), whole[window.slices], atol=1e-5)

    check()


def test_a_change_reaches_as_far_as_the_halo_and_no_further(features: DenoiserFeatures) -> None:
    cube = small_cube(SHAPE, N_BANDS)
    changed = cube.copy()
    changed[15, 13] = cube.min(axis=(0, 1))
    features = replace(features, layers=(1,))
    difference = np.abs(
        of(features, scene_of(cube), WHOLE) - of(features, scene_of(changed), WHOLE)
    ).max(axis=-1)
    rows, cols = np.nonzero(difference > 0)
    assert np.abs(rows - 15).max() <= HALO_PX
    assert np.abs(cols - 13).max() <= HALO_PX
    assert difference[15 - HALO_PX : 16 + HALO_PX, 13 - HALO_PX : 14 + HALO_PX].max() > 0


def test_features_are_the_draw_of_their_seed(features: DenoiserFeatures, scene: Scene) -> None:
    noisy = replace(features, extraction="noisy")
    first = of(noisy, scene, WHOLE)
    torch.rand(3)
    np.testing.assert_array_equal(of(noisy, scene, WHOLE), first)
    assert np.abs(of(replace(noisy, seed=4), scene, WHOLE) - first).max() > 0.01


def test_extraction_leaves_running_statistics_and_global_random_state_alone(
    features: DenoiserFeatures, scene: Scene
) -> None:
    state = {name: value.clone() for name, value in features.denoiser.state_dict().items()}
    before = torch.get_rng_state()
    of(replace(features, extraction="noisy"), scene, WHOLE)
    features.principal_components(scene, 3, whiten=True)
    after = features.denoiser.state_dict()
    assert all(torch.equal(state[name], after[name]) for name in state)
    assert torch.equal(torch.get_rng_state(), before)


def test_invalid_pixels_are_seen_as_0(features: DenoiserFeatures, scene: Scene) -> None:
    found = of(replace(features, denoiser=Says(), layers=(0,)), scene, WHOLE)
    invalid = small_invalid(SHAPE)
    assert np.isfinite(found).all()
    assert (found[invalid] == 0).all()


def test_what_the_denoiser_sees_is_cut_at_the_limit(features: DenoiserFeatures) -> None:
    bright = scene_of(1000 * small_cube(SHAPE, N_BANDS))
    found = of(replace(features, denoiser=Says(), layers=(0,), timesteps=(1,)), bright, WHOLE)
    assert np.abs(found).max() == pytest.approx(1, abs=1e-3)


def test_principal_components_equal_scikit_learns_on_all_features(
    features: DenoiserFeatures, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denoiser_features, "FEATURE_TILE_PX", 11)
    valid = ~small_invalid(SHAPE)
    per_layer = features.of(read_with_halo(scene, WHOLE, HALO_PX), WHOLE)
    for whiten in (False, True):
        projections = features.principal_components(scene, 3, whiten=whiten)
        assert len(projections) == len(per_layer) == 4
        for projection, layer in zip(projections, per_layer, strict=True):
            values = layer[valid].astype(np.float64)
            scaled = MinMaxScaler().fit_transform(values) if whiten else values
            expected = PCA(3, whiten=whiten, svd_solver="full").fit_transform(scaled)
            found = projection.project(values.astype(np.float32))
            signs = np.sign((found * expected).sum(axis=0))
            np.testing.assert_allclose(found * signs, expected, atol=5e-3 * np.abs(expected).max())


def test_principal_components_of_a_region_do_not_see_beyond_it(features: DenoiserFeatures) -> None:
    cube = small_cube(SHAPE, N_BANDS)
    region = np.zeros(SHAPE, dtype=bool)
    region[:14, 3:20] = True
    changed = np.where(region[..., None], cube, cube[::-1, ::-1] + 0.1)
    found = [
        features.principal_components(scene_of(values), 3, whiten=False, region=region)
        for values in (cube, changed)
    ]
    for first, second in zip(*found, strict=True):
        np.testing.assert_array_equal(first.components, second.components)
        np.testing.assert_array_equal(first.mean, second.mean)


def test_principal_components_without_a_pixel_are_one_clear_error(
    features: DenoiserFeatures, scene: Scene
) -> None:
    with pytest.raises(SceneError, match="no valid pixel to learn from"):
        features.principal_components(scene, 3, whiten=False, region=small_invalid(SHAPE))


def oracle(features: DenoiserFeatures, scene: Scene) -> Denoiser:
    """Says the very noise that stands between x_t and the scene."""
    seen = np.nan_to_num(features.transform.apply(scene.read()), nan=0)
    x_0 = torch.from_numpy(seen).permute(2, 0, 1)[None]

    def said(x_t: Tensor, t: Tensor) -> Tensor:
        signal, noise = features.schedule.signal_and_noise(t, x_t)
        return (x_t - signal * x_0) / noise

    return Says(said)


def test_reconstructing_with_an_oracle_gives_the_scene(
    features: DenoiserFeatures, scene: Scene
) -> None:
    features = replace(features, denoiser=oracle(features, scene))
    found = features.reconstruct(scene, WHOLE, start=300, keep=(0,))[0]
    np.testing.assert_allclose(found, scene.read(), atol=1e-3)
    assert found.dtype == np.float32


def test_reconstruction_starts_at_the_noisy_scene(features: DenoiserFeatures, scene: Scene) -> None:
    window = Window(2, 3, 8, 9)
    found = features.reconstruct(scene, window, start=20, keep=(20, 400, 0, 7))
    assert list(found) == [20, 7, 0]
    eps = pixel_noise(torch.arange(2, 10), torch.arange(3, 12), N_BANDS, 20, seed=3)
    alpha_bar = features.schedule.alpha_bar[20].item()
    x_0 = features.transform.apply(scene.read(window))
    x_t = alpha_bar**0.5 * x_0 + (1 - alpha_bar) ** 0.5 * eps.permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found[20], features.transform.invert(x_t), atol=1e-4)
    invalid = small_invalid(SHAPE)[window.slices]
    for values in found.values():
        assert np.array_equal(np.isnan(values).all(axis=-1), invalid)
        assert np.isfinite(values[~invalid]).all()


@pytest.mark.parametrize(("start", "keep"), [(0, (0,)), (501, (0,)), (10, (-1,)), (10, (999,))])
def test_reconstruction_refuses_timesteps_out_of_range(
    features: DenoiserFeatures, scene: Scene, start: int, keep: tuple[int, ...]
) -> None:
    with pytest.raises(SettingError, match=r"must lie in 1\.\.500"):
        features.reconstruct(scene, WHOLE, start, keep)
