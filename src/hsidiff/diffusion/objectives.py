"""What a denoiser predicts, and how its error is counted.

A target turns (x_0, eps) into what the network should say; its inverse turns what the network says
back into x_0. With a = sqrt(alpha_bar_t) and s = sqrt(1 - alpha_bar_t):

    eps:  target eps              x_0 = (x_t - s eps) / a        (Ho et al. 2020, eq. 15)
    x0:   target x_0              x_0 = x_0
    v:    target a eps - s x_0    x_0 = a x_t - s v              (Salimans and Ho 2022, app. D)

A loss counts the error e, prediction minus target, value by value; then comes the mean:

    l1:        |e|
    l2:        e^2
    lae:       log(1 + |e| / c), c = 1    gradient sign(e) / (c + |e|): gross errors pull less
    weighted:  |e| log(1 + |e|)           gross errors pull more
    logcosh:   log cosh e                 e^2 / 2 near 0, |e| - log 2 far from it
    log_mean:  log(1 + mean |e| / d), d = 1e-3    gradient of l1, divided by d + mean |e|

The logarithmic absolute error is named in the abstract of DiffCRN (Zhu and Xu, arXiv 2502.19699),
whose formula was not to be had. ``lae`` is our reading. A summary of the paper says that it
penalises larger errors more, which ``weighted`` does and ``lae`` does not. ``log_mean`` is
log(d + mean |e|) but for a constant, so that it is 0 where there is no error.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from hsidiff.diffusion.schedule import NoiseSchedule

TARGETS = ("eps", "x0", "v")

LAE_SCALE = 1.0
"""c, in units of the target: errors far below it are counted as l1 counts them."""
LOG_MEAN_FLOOR = 1e-3
"""d: a mean error far below it is counted as l1 counts it, so that gradients stay finite."""


def _lae(error: Tensor) -> Tensor:
    return torch.log1p(error.abs() / LAE_SCALE)


def _weighted(error: Tensor) -> Tensor:
    return error.abs() * torch.log1p(error.abs())


def _logcosh(error: Tensor) -> Tensor:
    # Written without cosh, which overflows.
    return error.abs() + functional.softplus(-2 * error.abs()) - math.log(2)


def _log_mean(mean_error: Tensor) -> Tensor:
    return torch.log1p(mean_error / LOG_MEAN_FLOOR)


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "l1": torch.abs,
    "l2": torch.square,
    "lae": _lae,
    "weighted": _weighted,
    "logcosh": _logcosh,
    "log_mean": torch.abs,
}
"""What an error costs, element by element."""

OF_THE_MEAN: dict[str, Callable[[Tensor], Tensor]] = {"log_mean": _log_mean}
"""What becomes of the mean of these costs; the others stay as they are."""


def target_of(kind: str, schedule: NoiseSchedule, x_0: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    """What the network should predict.

    Args:
        kind: one of ``TARGETS``.
        schedule: the noise schedule.
        x_0: (batch, ...) clean values.
        t: (batch,) timesteps.
        eps: as ``x_0``, the noise that was added.
    """
    if kind == "eps":
        return eps
    if kind == "x0":
        return x_0
    signal, noise = schedule.signal_and_noise(t, x_0)
    return signal * eps - noise * x_0


def clean_from(
    kind: str, schedule: NoiseSchedule, x_t: Tensor, t: Tensor, prediction: Tensor
) -> Tensor:
    """The x_0 that a prediction implies, of the shape of ``x_t``.

    Args:
        kind: what was predicted, one of :data:`TARGETS`.
        schedule: the schedule of the noise.
        x_t: (batch, bands, rows, cols) the scene with noise.
        t: (batch,) timesteps, from 1.
        prediction: of the shape of ``x_t``.
    """
    if kind == "x0":
        return prediction
    signal, noise = schedule.signal_and_noise(t, x_t)
    if kind == "eps":
        return (x_t - noise * prediction) / signal
    return signal * x_t - noise * prediction


def mean_loss(kind: str, error: Tensor, valid: Tensor) -> Tensor:
    """Mean cost over the valid pixels, or what the loss makes of it.

    Args:
        kind: a key of ``LOSSES``.
        error: (batch, bands, rows, cols) prediction minus target.
        valid: (batch, rows, cols) bool.

    Returns:
        A scalar; 0 if no pixel is valid.
    """
    weight = valid[:, None].to(error.dtype)
    n_values = (weight.sum() * error.shape[1]).clamp(min=1)
    mean = (LOSSES[kind](error) * weight).sum() / n_values
    return OF_THE_MEAN[kind](mean) if kind in OF_THE_MEAN else mean
