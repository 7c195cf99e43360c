"""What a denoiser predicts, and how its error is counted.

A target turns (x_0, eps) into what the network should say; its inverse turns what the network says
back into x_0. With a = sqrt(alpha_bar_t) and s = sqrt(1 - alpha_bar_t):

    eps:  target eps              x_0 = (x_t - s eps) / a        (Ho et al. 2020, eq. 15)
    x0:   target x_0              x_0 = x_0
    v:    target a eps - s x_0    x_0 = a x_t - s v              (Salimans and Ho 2022, app. D)
"""

from collections.abc import Callable

import torch
from torch import Tensor

from hsidiff.diffusion.schedule import NoiseSchedule

TARGETS = ("eps", "x0", "v")

LOSSES: dict[str, Callable[[Tensor], Tensor]] = {"l1": torch.abs, "l2": torch.square}
"""What an error costs, element by element."""


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
    """The x_0 that a prediction implies; arguments as in :func:`target_of`."""
    if kind == "x0":
        return prediction
    signal, noise = schedule.signal_and_noise(t, x_t)
    if kind == "eps":
        return (x_t - noise * prediction) / signal
    return signal * x_t - noise * prediction


def mean_loss(kind: str, error: Tensor, valid: Tensor) -> Tensor:
    """Mean cost over the valid pixels.

    Args:
        kind: a key of ``LOSSES``.
        error: (batch, bands, rows, cols) prediction minus target.
        valid: (batch, rows, cols) bool.

    Returns:
        A scalar; 0 if no pixel is valid.
    """
    weight = valid[:, None].to(error.dtype)
    n_values = (weight.sum() * error.shape[1]).clamp(min=1)
    return (LOSSES[kind](error) * weight).sum() / n_values
