import numpy as np
import pytest
import torch

from hsidiff.diffusion.sampling import ancestral_steps, posterior
from hsidiff.diffusion.schedule import NoiseSchedule

N_TIMESTEPS = 40
BETAS = np.linspace(1e-4, 0.02, 500)
SCHEDULE = NoiseSchedule.linear(N_TIMESTEPS, beta_first=0.01, beta_last=0.2)


@pytest.mark.parametrize("t", [2, 6, 101, 500])
def test_the_posterior_is_the_product_of_two_gaussians(t: int) -> None:
    """Bayes: q(x_{t-1} | x_0) as prior, q(x_t | x_{t-1}) as likelihood."""
    x_0, x_t = torch.tensor([0.7, -1.2]).double(), torch.tensor([0.1, 2.0]).double()
    beta, alpha_bar_before = BETAS[t - 1], np.prod(1 - BETAS[: t - 1])
    prior_precision, likelihood_precision = 1 / (1 - alpha_bar_before), (1 - beta) / beta
    variance = 1 / (prior_precision + likelihood_precision)
    expected = variance * (
        prior_precision * alpha_bar_before**0.5 * x_0
        + likelihood_precision * x_t / (1 - beta) ** 0.5
    )
    mean, found_variance = posterior(NoiseSchedule.linear(500), x_0, x_t, t)
    torch.testing.assert_close(mean, expected)
    assert found_variance == pytest.approx(variance)


def test_the_last_step_gives_the_clean_values_without_noise() -> None:
    mean, variance = posterior(SCHEDULE, torch.tensor([3.0]), torch.tensor([-8.0]), 1)
    assert mean.item() == pytest.approx(3)
    assert variance == 0


def draw(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def test_sampling_with_an_oracle_recovers_the_clean_values() -> None:
    x_0 = draw((2, 3, 4, 4), seed=0)
    steps = ancestral_steps(
        SCHEDULE,
        lambda x_t, t: x_0,
        draw(x_0.shape, seed=1),
        range(N_TIMESTEPS, 0, -1),
        lambda t: draw(x_0.shape, seed=100 + t),
    )
    *_, (timestep, last) = steps
    assert timestep == 0
    torch.testing.assert_close(last, x_0)


def test_sampling_with_an_oracle_meets_every_noise_level_on_its_way() -> None:
    x_0 = torch.full((1, 100_000), 2.0, dtype=torch.float64)
    start = SCHEDULE.add_noise(x_0, torch.tensor([N_TIMESTEPS]), draw(x_0.shape, seed=1))
    walked = ancestral_steps(
        SCHEDULE,
        lambda x_t, t: x_0,
        start,
        range(N_TIMESTEPS, 0, -1),
        lambda t: draw(x_0.shape, seed=100 + t),
    )
    for timestep, x_t in walked:
        alpha_bar = SCHEDULE.alpha_bar[timestep].item()
        assert x_t.mean().item() == pytest.approx(2 * alpha_bar**0.5, abs=0.02)
        assert x_t.std().item() == pytest.approx((1 - alpha_bar) ** 0.5, abs=0.02)


def test_the_estimate_is_asked_once_per_timestep_with_its_number() -> None:
    asked = []

    def estimate(x_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        asked.append(t.tolist())
        return x_t

    x_t = torch.zeros(2, 1)
    steps = ancestral_steps(SCHEDULE, estimate, x_t, [3, 2, 1], lambda t: torch.zeros(2, 1))
    assert [timestep for timestep, _ in steps] == [2, 1, 0]
    assert asked == [[3, 3], [2, 2], [1, 1]]
