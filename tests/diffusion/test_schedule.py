import numpy as np
import pytest
import torch

from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.errors import SettingError

# Noise levels of the published settings (T = 500, beta 1e-4 to 0.02), computed apart from this
# code. The published code counts timesteps from 0.
NOISE_AT_CODE_TIMESTEP = {5: 0.035, 10: 0.057, 50: 0.233, 80: 0.358, 100: 0.437, 200: 0.749,
                          400: 0.981}  # fmt: skip


@pytest.fixture(scope="module")
def published() -> NoiseSchedule:
    return NoiseSchedule.linear(500)


@pytest.mark.parametrize(("code_timestep", "noise"), NOISE_AT_CODE_TIMESTEP.items())
def test_the_linear_schedule_has_the_published_noise_levels(
    published: NoiseSchedule, code_timestep: int, noise: float
) -> None:
    _, found = published.signal_and_noise(torch.tensor([code_timestep + 1]), torch.zeros(1))
    assert found.item() == pytest.approx(noise, abs=5e-4)


def test_a_little_signal_is_left_at_the_last_timestep(published: NoiseSchedule) -> None:
    assert published.n_timesteps == 500
    assert published.alpha_bar[500].item() == pytest.approx(0.0064, abs=5e-5)


def test_more_timesteps_mean_less_noise_at_each() -> None:
    _, noise = NoiseSchedule.linear(1000).signal_and_noise(torch.tensor([101, 201]), torch.zeros(2))
    np.testing.assert_allclose(noise, [0.324, 0.586], atol=5e-4)


def test_the_first_timesteps_of_the_linear_schedule_equal_hand_values() -> None:
    schedule = NoiseSchedule.linear(3, beta_first=0.1, beta_last=0.3)
    np.testing.assert_allclose(schedule.alpha_bar, [1, 0.9, 0.9 * 0.8, 0.9 * 0.8 * 0.7], rtol=1e-12)


@pytest.mark.parametrize("schedule", [NoiseSchedule.linear(n) for n in (30, 500)])
def test_signal_starts_whole_and_only_falls(schedule: NoiseSchedule) -> None:
    assert schedule.alpha_bar[0] == 1
    assert (schedule.alpha_bar.diff() < 0).all()
    assert schedule.alpha_bar[-1] > 0


def test_the_noise_of_the_first_timestep_keeps_its_digits_in_float32(
    published: NoiseSchedule,
) -> None:
    _, noise = published.signal_and_noise(torch.tensor([1]), torch.zeros(1))
    assert noise.dtype == torch.float32
    assert noise.item() == pytest.approx(0.01, rel=1e-6)


def test_factors_broadcast_over_a_batch_of_any_shape(published: NoiseSchedule) -> None:
    for shape in [(2,), (2, 3), (2, 3, 4, 5)]:
        signal, noise = published.signal_and_noise(torch.tensor([1, 500]), torch.zeros(shape))
        assert signal.shape == noise.shape == (2, *[1] * (len(shape) - 1))
        torch.testing.assert_close(signal**2 + noise**2, torch.ones_like(signal))


def test_closed_form_noising_is_the_step_by_step_chain_in_distribution() -> None:
    schedule = NoiseSchedule.linear(30, beta_first=0.01, beta_last=0.2)
    generator = torch.Generator().manual_seed(0)
    x_0 = torch.full((200_000,), 1.5, dtype=torch.float64)
    chain = x_0.clone()
    for beta in np.linspace(0.01, 0.2, 30):
        eps = torch.randn(chain.shape, generator=generator, dtype=torch.float64)
        chain = (1 - beta) ** 0.5 * chain + beta**0.5 * eps
    eps = torch.randn(x_0.shape, generator=generator, dtype=torch.float64)
    closed = schedule.add_noise(x_0[None], torch.tensor([30]), eps[None])[0]
    quantiles = torch.tensor([0.01, 0.1, 0.5, 0.9, 0.99], dtype=torch.float64)
    np.testing.assert_allclose(chain.mean(), closed.mean(), atol=0.01)
    np.testing.assert_allclose(chain.std(), closed.std(), atol=0.01)
    np.testing.assert_allclose(chain.quantile(quantiles), closed.quantile(quantiles), atol=0.03)


def test_nothing_is_added_at_timestep_0(published: NoiseSchedule) -> None:
    x_0 = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    noisy = published.add_noise(x_0, torch.tensor([0, 0]), torch.ones_like(x_0))
    assert torch.equal(noisy, x_0)


def test_without_noise_is_the_mean_over_noises(published: NoiseSchedule) -> None:
    x_0, eps = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0)).unbind()
    t = torch.tensor([1, 50, 200, 500])
    both = published.add_noise(x_0, t, eps) + published.add_noise(x_0, t, -eps)
    torch.testing.assert_close(published.without_noise(x_0, t), both / 2)


@pytest.mark.parametrize("timesteps", [(), (0,), (501,), (5, -1)])
def test_timesteps_out_of_range_are_refused_with_the_range(
    published: NoiseSchedule, timesteps: tuple[int, ...]
) -> None:
    with pytest.raises(SettingError, match=r"must lie in 1\.\.500 \(n_timesteps=500\)"):
        published.check(timesteps)


def test_the_first_and_last_timesteps_are_accepted(published: NoiseSchedule) -> None:
    published.check((1, 500))
