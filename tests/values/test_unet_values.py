import json
from copy import copy, deepcopy
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from hsidiff.diffusion.noise import pixel_noise
from hsidiff.errors import SettingError
from hsidiff.kinds import DENOISER_INPUT, FEATURES, SPECTRUM, columns_of
from hsidiff.networks.denoiser import Denoiser
from hsidiff.networks.spectral_unet import SpectralUNet, UNetShape
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.weights import weights
from hsidiff.values.components import principal_components
from hsidiff.values.pretraining import Denoising
from hsidiff.values.unet_values import UNetValues
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


def made(**settings: object) -> UNetValues:
    """Values of a tiny denoiser, nothing learned."""
    own = {
        "denoising": Denoising(recipe=Recipe(2, 1e-3), crop_px=8, batch_size=4),
        "unet": TINY,
        "timesteps": (5, 200),
        "layers": LAYERS,
        "extraction": "clean",
        "n_components": 3,
        "random_state": 3,
        "device": "cpu",
    }
    return UNetValues(**(own | settings))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def features(scene: Scene) -> UNetValues:
    """Values whose denoiser, of random weights, normalises as if it had been trained."""
    values = made()
    values.transform_ = SpectralTransform.to_range(scene_moments(scene))
    with seeded(0):
        values.denoiser_ = SpectralUNet(TINY).eval()
        for module in values.denoiser_.modules():
            if isinstance(module, torch.nn.BatchNorm3d):
                torch.nn.init.normal_(module.running_mean, std=0.1)
    return values


def with_settings(values: UNetValues, **settings: object) -> UNetValues:
    """A copy that learned the same, with other settings (or another denoiser)."""
    other = copy(values)
    for name, value in settings.items():
        setattr(other, name, value)
    return other


class Says(Denoiser):
    """A denoiser that says what a function of (x_t, t) says, and whose taps are what it sees."""

    def __init__(self, said: object = None) -> None:
        super().__init__()
        self.said = said

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        return self.said(x_t, t)  # type: ignore[operator]

    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        return [x_t + 100 * layer for layer in layers]


def of(features: UNetValues, scene: Scene, window: Window) -> np.ndarray:
    """Features of all timesteps and layers, side by side."""
    found = features.features(read_with_halo(scene, window, features.halo_px), window)
    return np.concatenate(found, axis=-1)


def test_features_are_timesteps_in_order_and_in_each_the_layers_in_order(
    features: UNetValues, scene: Scene
) -> None:
    found = of(with_settings(features, denoiser_=Says()), scene, WHOLE)
    x_0 = np.nan_to_num(features.transform_.apply(scene.read()), nan=0)
    blocks = []
    for timestep in features.timesteps:
        seen = features.denoising.schedule.alpha_bar[timestep].item() ** 0.5 * x_0
        blocks += [seen + 100 * layer for layer in LAYERS]
    np.testing.assert_allclose(found, np.concatenate(blocks, axis=-1), atol=1e-5)
    assert found.dtype == np.float32


def test_noisy_features_see_the_noise_of_their_pixels(features: UNetValues, scene: Scene) -> None:
    window = Window(4, 7, 5, 6)
    noisy = with_settings(
        features, denoiser_=Says(), extraction="noisy", timesteps=(80,), layers=(0,)
    )
    x_0 = np.nan_to_num(features.transform_.apply(scene.read(window)), nan=0)
    eps = pixel_noise(torch.arange(4, 9), torch.arange(7, 13), N_BANDS, 80, seed=3)
    alpha_bar = features.denoising.schedule.alpha_bar[80].item()
    expected = alpha_bar**0.5 * x_0 + (1 - alpha_bar) ** 0.5 * eps.permute(1, 2, 0).numpy()
    np.testing.assert_allclose(of(noisy, scene, window), expected, atol=1e-5)


def test_half_of_the_bits_are_enough(features: UNetValues, scene: Scene) -> None:
    exact = of(features, scene, WHOLE)
    halved = of(with_settings(features, bfloat16=True), scene, WHOLE)
    assert np.abs(halved - exact).max() < 0.02 * exact.std()
    assert halved.dtype == np.float32


@pytest.mark.parametrize("extraction", ["clean", "noisy"])
def test_features_of_a_pixel_do_not_depend_on_the_window(
    features: UNetValues, scene: Scene, extraction: str
) -> None:
    features = with_settings(features, extraction=extraction)
    whole = of(features, scene, WHOLE)

    @given(st.integers(0, 29), st.integers(0, 33), st.integers(1, 30), st.integers(1, 34))
    @settings(max_examples=10)
    def check(row: int, col: int, n_rows: int, n_cols: int) -> None:
        window = Window(row, col, n_rows, n_cols).clipped(SHAPE)
        np.testing.assert_allclose(of(features, scene, window), whole[window.slices], atol=1e-5)

    check()


def test_a_change_reaches_as_far_as_the_halo_and_no_further(features: UNetValues) -> None:
    cube = small_cube(SHAPE, N_BANDS)
    changed = cube.copy()
    changed[15, 13] = cube.min(axis=(0, 1))
    features = with_settings(features, layers=(1,))
    difference = np.abs(
        of(features, scene_of(cube), WHOLE) - of(features, scene_of(changed), WHOLE)
    ).max(axis=-1)
    rows, cols = np.nonzero(difference > 0)
    assert np.abs(rows - 15).max() <= HALO_PX
    assert np.abs(cols - 13).max() <= HALO_PX
    assert difference[15 - HALO_PX : 16 + HALO_PX, 13 - HALO_PX : 14 + HALO_PX].max() > 0


def test_features_are_the_draw_of_their_seed(features: UNetValues, scene: Scene) -> None:
    noisy = with_settings(features, extraction="noisy")
    first = of(noisy, scene, WHOLE)
    torch.rand(3)
    np.testing.assert_array_equal(of(noisy, scene, WHOLE), first)
    assert np.abs(of(with_settings(noisy, random_state=4), scene, WHOLE) - first).max() > 0.01


def test_extraction_leaves_running_statistics_and_global_random_state_alone(
    features: UNetValues, scene: Scene
) -> None:
    state = {name: value.clone() for name, value in features.denoiser_.state_dict().items()}
    before = torch.get_rng_state()
    of(with_settings(features, extraction="noisy"), scene, WHOLE)
    after = features.denoiser_.state_dict()
    assert all(torch.equal(state[name], after[name]) for name in state)
    assert torch.equal(torch.get_rng_state(), before)


def test_invalid_pixels_are_seen_as_0(features: UNetValues, scene: Scene) -> None:
    found = of(with_settings(features, denoiser_=Says(), layers=(0,)), scene, WHOLE)
    invalid = small_invalid(SHAPE)
    assert np.isfinite(found).all()
    assert (found[invalid] == 0).all()


def test_what_the_denoiser_sees_is_cut_at_the_limit(features: UNetValues) -> None:
    bright = scene_of(1000 * small_cube(SHAPE, N_BANDS))
    found = of(
        with_settings(features, denoiser_=Says(), layers=(0,), timesteps=(1,)), bright, WHOLE
    )
    assert np.abs(found).max() == pytest.approx(1, abs=1e-3)


def oracle(features: UNetValues, scene: Scene) -> Denoiser:
    """Says the very noise that stands between x_t and the scene."""
    seen = np.nan_to_num(features.transform_.apply(scene.read()), nan=0)
    x_0 = torch.from_numpy(seen).permute(2, 0, 1)[None]

    def said(x_t: Tensor, t: Tensor) -> Tensor:
        signal, noise = features.denoising.schedule.signal_and_noise(t, x_t)
        return (x_t - signal * x_0) / noise

    return Says(said)


def test_reconstructing_with_an_oracle_gives_the_scene(features: UNetValues, scene: Scene) -> None:
    features = with_settings(features, denoiser_=oracle(features, scene))
    found = features.reconstruct(scene, WHOLE, start=300, keep=(0,))[0]
    np.testing.assert_allclose(found, scene.read(), atol=1e-3)
    assert found.dtype == np.float32


def test_reconstruction_starts_at_the_noisy_scene(features: UNetValues, scene: Scene) -> None:
    window = Window(2, 3, 8, 9)
    found = features.reconstruct(scene, window, start=20, keep=(20, 400, 0, 7))
    assert list(found) == [20, 7, 0]
    eps = pixel_noise(torch.arange(2, 10), torch.arange(3, 12), N_BANDS, 20, seed=3)
    alpha_bar = features.denoising.schedule.alpha_bar[20].item()
    x_0 = features.transform_.apply(scene.read(window))
    x_t = alpha_bar**0.5 * x_0 + (1 - alpha_bar) ** 0.5 * eps.permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found[20], features.transform_.invert(x_t), atol=1e-4)
    invalid = small_invalid(SHAPE)[window.slices]
    for values in found.values():
        assert np.array_equal(np.isnan(values).all(axis=-1), invalid)
        assert np.isfinite(values[~invalid]).all()


@pytest.mark.parametrize(("start", "keep"), [(0, (0,)), (501, (0,)), (10, (-1,)), (10, (999,))])
def test_reconstruction_refuses_timesteps_out_of_range(
    features: UNetValues, scene: Scene, start: int, keep: tuple[int, ...]
) -> None:
    with pytest.raises(SettingError, match=r"must lie in 1\.\.500"):
        features.reconstruct(scene, WHOLE, start, keep)


# Learning


@pytest.fixture(scope="module")
def learned(scene: Scene) -> UNetValues:
    values = made()
    values.learn(scene, None)
    return values


def values_of(values: UNetValues, scene: Scene, window: Window = WHOLE) -> np.ndarray:
    return values.of_window(read_with_halo(scene, window, values.halo_px), window)


def test_values_are_components_the_denoisers_input_and_the_spectrum(
    learned: UNetValues, scene: Scene
) -> None:
    window = Window(5, 3, 8, 9)
    found = values_of(learned, scene, window)
    cube, features = scene.read(window), of(learned, scene, window)
    spectra = np.nan_to_num(cube, nan=0)
    layers = np.split(features, np.cumsum([a.mean.size for a in learned.projections_])[:-1], -1)
    expected = [
        *(a.project(layer) for a, layer in zip(learned.projections_, layers, strict=True)),
        learned.transform_.apply(spectra),
        spectra,
    ]
    np.testing.assert_allclose(found, np.concatenate(expected, axis=-1), atol=1e-5)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_the_components_are_those_of_the_learned_features(
    learned: UNetValues, scene: Scene
) -> None:
    expected = principal_components(scene, learned.features, learned.halo_px, 3, random_state=3)
    assert len(expected) == len(learned.projections_) == 4
    for projection, again in zip(learned.projections_, expected, strict=True):
        np.testing.assert_array_equal(projection.components, again.components)


@pytest.mark.parametrize("apart", [False, True])
def test_features_are_one_kind_or_each_timestep_and_layer_is(
    learned: UNetValues, scene: Scene, apart: bool
) -> None:
    kinds = with_settings(learned, apart=apart).kinds(N_BANDS)
    features = {FEATURES: (3, 3, 3, 3)}
    if apart:
        features = {f"t={t} layer {layer}": (3,) for t in (5, 200) for layer in LAYERS}
    expected = {**features, DENOISER_INPUT: (N_BANDS,), SPECTRUM: (N_BANDS,)}
    assert list(kinds.items()) == list(expected.items())
    assert made(apart=apart).kinds(N_BANDS) == kinds
    columns = list(columns_of(kinds).values())
    assert all(one.stop == other.start for one, other in pairwise(columns))
    assert columns[-1].stop == values_of(learned, scene, Window(0, 0, 1, 1)).shape[-1]


def test_there_are_no_more_components_than_features(scene: Scene) -> None:
    values = made(n_components=10_000, layers=(0,), timesteps=(9,))
    at_most = values.kinds(N_BANDS)[FEATURES]
    values.learn(scene, None)
    (n_learned,) = values.kinds(N_BANDS)[FEATURES]
    n_features = values.projections_[0].mean.size
    assert at_most == (n_features,)
    assert 0 < n_learned <= n_features < 10_000


def test_untrained_values_have_the_weights_that_training_starts_from(scene: Scene) -> None:
    values = made(trained=False)
    values.learn(scene, None)
    with seeded(3):
        expected = weights("", SpectralUNet(TINY))
    for name, array in weights("", values.denoiser_).items():
        np.testing.assert_array_equal(array, expected[name])
    assert "pretraining" not in values.learned().facts


def test_all_follows_from_the_random_state_and_no_other_is_touched(
    learned: UNetValues, scene: Scene
) -> None:
    state, again = torch.get_rng_state(), made()
    again.learn(scene, None)
    assert torch.equal(torch.get_rng_state(), state)
    first, second = learned.learned().arrays, again.learned().arrays
    assert all(np.array_equal(first[name], second[name]) for name in first)
    again.configure(4, "cpu")
    again.learn(scene, None)
    assert not np.array_equal(values_of(again, scene), values_of(learned, scene))


def test_only_the_region_is_learned_from() -> None:
    cube, region = small_cube(SHAPE, N_BANDS), np.zeros(SHAPE, dtype=bool)
    region[:, :20] = True
    other = np.where(region[..., None], cube, 5 + 40 * cube[::-1, ::-1])
    found = []
    for seen in (cube, other):
        values = made()
        values.learn(scene_of(seen), region)
        found.append(values.learned().arrays)
    for name, array in found[0].items():
        np.testing.assert_array_equal(found[1][name], array)


def test_they_come_back_from_what_was_learned_among_other_facts(
    learned: UNetValues, scene: Scene
) -> None:
    stored, again = learned.learned(), made()
    assert stored.facts["pretraining"]["steps"] == 2
    facts = json.loads(json.dumps({"experts": {}, **stored.facts}))
    again.restore(Learned(deepcopy(stored.arrays), facts))
    np.testing.assert_array_equal(values_of(again, scene), values_of(learned, scene))
    assert again.learned().facts == stored.facts
    assert again.kinds(N_BANDS) == learned.kinds(N_BANDS)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"timesteps": (0,)}, r"timesteps=\(0,\): must lie in 1\.\.500"),
        ({"timesteps": ()}, "timesteps="),
        ({"timesteps": 5}, "timesteps=5: must be a tuple of whole numbers"),
        ({"layers": (2,)}, r"layers=\(2,\): must lie in 0\.\.1"),
        ({"layers": (0.5,)}, "layers=.*whole numbers"),
        ({"extraction": "mean"}, "extraction='mean': expected one of noisy, clean"),
        ({"n_components": 0}, "n_components=0: must be at least 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting: dict[str, object], message: str) -> None:
    made().check()
    with pytest.raises(SettingError, match=message):
        made(**setting).check()


def test_values_of_whitened_averages_are_light() -> None:
    assert not made().light
    assert made(denoising=Denoising(recipe=Recipe(1, 1e-3), space="whitened")).light


@pytest.mark.parametrize(("n_bands", "n_components"), [(5, 2), (40, 300)])
def test_the_cost_is_that_of_what_was_learned(n_bands: int, n_components: int) -> None:
    whitened = Denoising(recipe=Recipe(1, 1e-3), space="whitened", crop_px=8, batch_size=2)
    values = made(denoising=whitened, n_components=n_components)
    cost = values.cost(n_bands)
    values.learn(small_scene(SHAPE, n_bands), None)
    assert values.cost(n_bands) == cost
    assert cost.n_parameters == sum(w.numel() for w in values.denoiser_.parameters())

    # Convolutions as they run; their count grows with the tile, up to what knows no pixel.
    counts = []
    for side in (6, 12):
        x_t = torch.zeros(1, values.transform_.n_outputs, side, side)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            values.denoiser_.taps(x_t, torch.tensor([200]), LAYERS)
        counts.append(counter.get_total_flops() / 2)
    features = 2 * (counts[1] - counts[0]) / (12**2 - 6**2)
    components = sum(
        projection.mean.size * min(n_components, projection.mean.size)
        for projection in values.projections_
    )
    expected = features + values.transform_.matrix.size + components
    assert cost.macs_per_pixel == pytest.approx(expected, abs=5)
