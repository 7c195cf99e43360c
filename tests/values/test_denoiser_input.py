from dataclasses import replace

import numpy as np
import pytest
import torch

from hsidiff.diffusion.noise import pixel_noise
from hsidiff.training.loop import Recipe
from hsidiff.values.denoiser_input import EXTRACTIONS, DenoiserInput
from hsidiff.values.pretraining import Denoising
from hsidiff.windows.normalise import SpectralTransform

N_BANDS = 5
T = 80


@pytest.fixture
def shown() -> DenoiserInput:
    rng = np.random.default_rng(0)
    transform = SpectralTransform(
        rng.normal(size=N_BANDS).astype(np.float32), rng.normal(size=(3, N_BANDS)) / 3
    )
    denoising = Denoising(Recipe(n_steps=1, learning_rate=1e-3))
    return DenoiserInput(transform, denoising, "clean", 3, "cpu")


def spectra(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(*shape, N_BANDS)).astype(np.float32)


def windows() -> torch.Tensor:
    return torch.randn(2, 3, 4, 6, generator=torch.Generator().manual_seed(0))


def test_x_0_is_the_transformed_scene_cut_at_the_limit(shown: DenoiserInput) -> None:
    cube = spectra(4, 6)
    values = shown.transform.apply(cube)
    assert np.abs(values).max() > 1
    x_0 = shown.clean(cube)
    assert x_0.shape == (1, 3, 4, 6)
    assert x_0.dtype == torch.float32
    np.testing.assert_array_equal(x_0[0].permute(1, 2, 0), values.clip(-1, 1))


def test_invalid_pixels_are_0(shown: DenoiserInput) -> None:
    cube = spectra(4, 6)
    expected = shown.clean(cube)
    cube[1, 2] = np.nan
    found = shown.clean(cube)
    assert (found[..., 1, 2] == 0).all()
    found[..., 1, 2] = expected[..., 1, 2]
    assert torch.equal(found, expected)


def test_the_clean_scene_is_the_expectation_at_the_timestep(shown: DenoiserInput) -> None:
    x_0, corners = windows(), np.array([[0, 0], [7, 9]])
    alpha_bar = shown.denoising.schedule.alpha_bar[T].item()
    torch.testing.assert_close(shown.at(x_0, corners, T), alpha_bar**0.5 * x_0)
    noisy = replace(shown, extraction="noisy")
    draws = [replace(noisy, random_state=seed).at(x_0, corners, T) for seed in range(100)]
    torch.testing.assert_close(sum(draws) / 100, alpha_bar**0.5 * x_0, atol=0.2, rtol=0)


def test_the_noisy_scene_has_the_noise_of_its_pixels(shown: DenoiserInput) -> None:
    noisy, x_0 = replace(shown, extraction="noisy"), windows()
    alpha_bar = shown.denoising.schedule.alpha_bar[T].item()
    found = noisy.at(x_0, np.array([[-2, 5], [7, 9]]), T)
    for window, (row, col) in enumerate([(-2, 5), (7, 9)]):
        eps = pixel_noise(torch.arange(row, row + 4), torch.arange(col, col + 6), 3, T, seed=3)
        expected = alpha_bar**0.5 * x_0[window] + (1 - alpha_bar) ** 0.5 * eps
        torch.testing.assert_close(found[window], expected)


def test_windows_that_overlap_share_their_noise(shown: DenoiserInput) -> None:
    first, second = shown.noise(np.array([[10, 20], [12, 21]]), (8, 9), T)
    assert torch.equal(first[:, 2:, 1:], second[:, :-2, :-1])
    assert not torch.equal(first, second)
    assert not torch.equal(shown.noise(np.array([[10, 20]]), (8, 9), T + 1)[0], first)


@pytest.mark.parametrize("extraction", EXTRACTIONS)
def test_no_global_random_state_is_used_or_changed(shown: DenoiserInput, extraction: str) -> None:
    shown, x_0 = replace(shown, extraction=extraction), torch.ones(1, 3, 4, 6)
    state = torch.get_rng_state()
    first = shown.at(x_0, np.array([[0, 0]]), T)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert torch.equal(shown.at(x_0, np.array([[0, 0]]), T), first)
