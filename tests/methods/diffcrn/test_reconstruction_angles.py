import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.methods.diffcrn.contrastive_pretraining import PhysicalSpectra
from hsidiff.methods.diffcrn.reconstruction_angles import (
    equally_spaced,
    probed_timesteps,
    reconstruction_angles,
)
from hsidiff.networks.denoiser import Denoiser
from hsidiff.training.loop import Recipe
from hsidiff.values.pretraining import Denoising
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from small_scenes import scene_of, small_cube

DENOISING = Denoising(recipe=Recipe(1, 1e-3), n_timesteps=300, target="x0")
CUBE = small_cube((8, 8), n_bands=6)


class SaysX0(Denoiser):
    """Predicts x_t times a factor, as x_0."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor))

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        return self.factor * x_t

    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        return [x_t]


def seen() -> tuple[SpectralTransform, PhysicalSpectra, tuple[Tensor, Tensor]]:
    moments = scene_moments(scene_of(CUBE))
    transform = SpectralTransform.to_range(moments)
    x_0 = torch.from_numpy(transform.apply(CUBE)).permute(2, 0, 1)[None]
    valid = torch.ones(1, 8, 8, dtype=torch.bool)
    return transform, PhysicalSpectra.from_transform(transform, moments.min_), (x_0, valid)


def test_probed_timesteps_are_evenly_spaced_in_log_sigma() -> None:
    schedule = NoiseSchedule.linear(1000)
    found = probed_timesteps(schedule, 1000)
    assert (found[0], found[-1]) == (1, 1000)
    assert (np.diff(found) > 0).all()
    alpha_bar = schedule.alpha_bar[found[4:]].numpy()
    steps = np.diff(0.5 * np.log((1 - alpha_bar) / alpha_bar))
    assert steps.std() < 0.05 * steps.mean()  # below, whole numbers are coarse


def test_a_denoiser_that_says_the_mean_spectrum_has_the_angle_to_it() -> None:
    _, physical, crops = seen()
    found = reconstruction_angles(SaysX0(0.0), DENOISING, physical, crops, np.array([1, 200]), 0)
    middle = (CUBE.min(axis=(0, 1)) + CUBE.max(axis=(0, 1))) / 2  # what 0 in -1..1 stands for
    cosine = (CUBE @ middle) / np.linalg.norm(CUBE, axis=-1) / np.linalg.norm(middle)
    np.testing.assert_allclose(found, np.arccos(cosine).mean(), rtol=1e-3)


def test_the_angle_grows_with_the_noise_that_is_left() -> None:
    _, physical, crops = seen()
    timesteps = np.array([1, 30, 100, 250])
    found = reconstruction_angles(SaysX0(1.0), DENOISING, physical, crops, timesteps, 0)
    assert (np.diff(found) > 0).all()
    again = reconstruction_angles(SaysX0(1.0), DENOISING, physical, crops, timesteps, 0)
    np.testing.assert_array_equal(found, again)


def test_invalid_pixels_do_not_count() -> None:
    _, physical, (x_0, valid) = seen()
    expected = reconstruction_angles(
        SaysX0(1.0), DENOISING, physical, (x_0, valid), np.array([1]), 0
    )
    x_0, valid = x_0.clone(), valid.clone()
    x_0[..., :4, :], valid[:, :4] = -0.9, False
    found = reconstruction_angles(SaysX0(1.0), DENOISING, physical, (x_0, valid), np.array([1]), 0)
    assert found != pytest.approx(expected, abs=1e-7)
    assert found == pytest.approx(expected, rel=0.2)


def test_candidates_lie_at_equal_steps_of_angle_up_to_the_cap() -> None:
    timesteps = np.arange(1, 101)
    angles = (timesteps / 100) ** 2
    found, of_found = equally_spaced(timesteps, angles, 5, cap_quantile=0.5)
    cap = np.quantile(angles, 0.5)
    np.testing.assert_allclose(of_found, np.linspace(angles[0], cap, 5), atol=0.01)
    np.testing.assert_allclose(found, 100 * np.sqrt(np.linspace(1e-4, cap, 5)), atol=1)


@given(
    st.lists(st.floats(0.001, 1), min_size=2, max_size=20),
    st.integers(1, 12),
    st.floats(0.1, 1),
)
def test_candidates_are_increasing_and_in_range_whatever_the_angles(
    angles: list[float], n: int, cap: float
) -> None:
    timesteps = np.unique(np.geomspace(1, 400, len(angles)).astype(int))
    found, of_found = equally_spaced(timesteps, np.array(angles[: len(timesteps)]), n, cap)
    assert 1 <= len(found) <= n
    assert found[0] >= timesteps[0]
    assert found[-1] <= timesteps[-1]
    assert (np.diff(found) > 0).all()
    assert (np.diff(of_found) >= 0).all()
