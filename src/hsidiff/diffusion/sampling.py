"""The reverse process: from a noisy scene back to a clean one, one timestep at a time."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from hsidiff.diffusion.schedule import NoiseSchedule


def posterior(schedule: NoiseSchedule, x_0: Tensor, x_t: Tensor, t: int) -> tuple[Tensor, float]:
    """Mean and variance of x_{t-1} given x_t and x_0 (Ho et al. 2020, eqs. 6 and 7).

    Args:
        schedule: the noise schedule.
        x_0: (...) clean values, or the network's estimate of them.
        x_t: (...) values at timestep t.
        t: timestep, 1..T.
    """
    alpha_bar, alpha_bar_before = schedule.alpha_bar[t].item(), schedule.alpha_bar[t - 1].item()
    alpha = alpha_bar / alpha_bar_before
    beta = 1 - alpha
    from_clean = alpha_bar_before**0.5 * beta / (1 - alpha_bar)
    from_noisy = alpha**0.5 * (1 - alpha_bar_before) / (1 - alpha_bar)
    variance = beta * (1 - alpha_bar_before) / (1 - alpha_bar)
    return from_clean * x_0 + from_noisy * x_t, variance


def ancestral_steps(
    schedule: NoiseSchedule,
    estimate_clean: Callable[[Tensor, Tensor], Tensor],
    x_t: Tensor,
    timesteps: Iterable[int],
    noise: Callable[[int], Tensor],
) -> Iterator[tuple[int, Tensor]]:
    """Walk down the timesteps (Ho et al. 2020, algorithm 2).

    Args:
        schedule: the noise schedule.
        estimate_clean: from x_t (batch, ...) and t (batch,) to the network's estimate of x_0.
        x_t: (batch, ...) where to start, at the first of ``timesteps``.
        timesteps: t, t - 1, ..., 1.
        noise: from a timestep to standard normal noise of the shape of ``x_t``.

    Yields:
        (t - 1, x_{t-1}) after each step; the last is (0, the reconstruction).
    """
    for t in timesteps:
        x_0 = estimate_clean(x_t, torch.full((len(x_t),), t, device=x_t.device))
        mean, variance = posterior(schedule, x_0, x_t, t)
        x_t = mean + variance**0.5 * noise(t - 1) if t > 1 else mean
        yield t - 1, x_t
