import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.methods.diffcrn.contrastive_pretraining import PhysicalSpectra
from hsidiff.methods.diffcrn.reconstruction_angles import (
    at_equal_steps_of_angle,
    at_equal_steps_of_t,
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
    np.testing.assert_allclose(
        found, np.tile(np.arccos(cosine).ravel(), (2, 1)), rtol=1e-3, atol=2e-3
    )


def test_the_angle_grows_with_the_noise_that_is_left() -> None:
    _, physical, crops = seen()
    timesteps = np.array([1, 30, 100, 250])
    found = reconstruction_angles(SaysX0(1.0), DENOISING, physical, crops, timesteps, 0)
    assert found.shape == (4, 64)
    assert (np.diff(found.mean(axis=1)) > 0).all()
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
    assert found.shape == (1, 32)
    assert found.mean() == pytest.approx(expected.mean(), rel=0.2)


def test_candidates_lie_at_equal_steps_of_angle_over_all_timesteps() -> None:
    timesteps = np.arange(1, 101)
    angles = (timesteps / 100) ** 2
    found = at_equal_steps_of_angle(timesteps, angles[:, None], 5)
    expected = 100 * np.sqrt(np.linspace(angles[0], angles[-1], 5))
    np.testing.assert_allclose(found, expected, atol=1)
    assert (found[0], found[-1]) == (1, 100)


def test_candidates_follow_the_angles_and_end_where_these_grow_no_more() -> None:
    timesteps = np.arange(1, 101)
    early, late = np.clip(timesteps / 30, 0, 1), np.clip((timesteps - 70) / 30, 0, 1)
    assert at_equal_steps_of_angle(timesteps, early[:, None], 5)[-1] == 30
    assert at_equal_steps_of_angle(timesteps, late[:, None], 5)[1] > 70
    assert at_equal_steps_of_t(1, 100, 4).tolist() == [1, 34, 67, 100]


def test_each_pixel_has_its_own_scale_and_few_of_large_angles_decide_nothing() -> None:
    timesteps = np.arange(1, 101)
    usual = np.stack([size * (timesteps / 100) ** 2 for size in (0.1, 0.2, 0.3)], axis=1)
    odd = np.clip(timesteps[:, None] / 5, 0, 1)
    found = at_equal_steps_of_angle(timesteps, usual, 5)
    with_odd = at_equal_steps_of_angle(timesteps, np.hstack([usual, odd]), 5)
    of_the_mean = at_equal_steps_of_angle(timesteps, np.hstack([usual, odd]).mean(1)[:, None], 5)
    assert abs(with_odd[2] - found[2]) < 10 < abs(of_the_mean[2] - found[2])


def test_angles_that_never_grow_give_equal_steps_of_t() -> None:
    timesteps = np.array([1, 50, 101])
    assert at_equal_steps_of_angle(timesteps, np.full((3, 4), 0.2), 3).tolist() == [1, 51, 101]


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=20), st.integers(1, 12))
def test_candidates_are_increasing_and_in_range_whatever_the_angles(
    angles: list[float], n: int
) -> None:
    timesteps = np.unique(np.geomspace(1, 400, len(angles)).astype(int))
    found = at_equal_steps_of_angle(timesteps, np.array(angles[: len(timesteps)])[:, None], n)
    assert 1 <= len(found) <= n
    assert found[0] >= timesteps[0]
    assert found[-1] <= timesteps[-1]
    assert (np.diff(found) > 0).all()
