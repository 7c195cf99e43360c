"""How much of a pixel's spectrum a denoiser still finds at a timestep, as a spectral angle.

The angle between a pixel and what the denoiser makes of its noisy copy in one step grows with the
timestep. Taking the timesteps with the smallest angles would always mean the smallest ones; so the
angle is used as a coordinate here: candidates lie at equal steps of angle, not of t, from the
smallest timestep to where the angle grows no more. Each pixel has its own scale of angles, and its
own timestep for each step; the median over the pixels is the candidate. So a few dark pixels, whose
angles are many times as large, decide no more than others.

No label is used. Source: DiffCRN (Zhu and Xu, arXiv 2502.19699) chooses timesteps by the spectral
angle of pixels; its formula could not be had.
"""

import numpy as np
import torch
from torch import Tensor

from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.diffusion.spectral_angle import spectral_angle
from hsidiff.methods.diffcrn.contrastive_pretraining import PhysicalSpectra
from hsidiff.networks.denoiser import Denoiser
from hsidiff.values.pretraining import Denoising

N_PROBED = 20


def probed_timesteps(schedule: NoiseSchedule, last: int) -> np.ndarray:
    """At most :data:`N_PROBED` timesteps up to ``last``, evenly spaced in the logarithm of sigma.

    sigma = sqrt(1 - alpha_bar) / sqrt(alpha_bar) is the noise over the signal.
    """
    alpha_bar = schedule.alpha_bar[1 : last + 1].numpy()
    log_sigma = 0.5 * np.log((1 - alpha_bar) / alpha_bar)
    wanted = np.linspace(log_sigma[0], log_sigma[-1], N_PROBED)
    nearest = np.abs(log_sigma[:, None] - wanted).argmin(axis=0)
    return np.unique(nearest) + 1


@torch.inference_mode()
def reconstruction_angles(
    denoiser: Denoiser,
    denoising: Denoising,
    physical: PhysicalSpectra,
    crops: tuple[Tensor, Tensor],
    timesteps: np.ndarray,
    random_state: int,
) -> np.ndarray:
    """Spectral angles between pixels and their one-step reconstruction at each timestep.

    Args:
        denoiser: in evaluation mode.
        denoising: its schedule, target and limit.
        physical: back to the scene's units, where angles are taken.
        crops: x_0 (n, channels, P, P) and validity (n, P, P).
        timesteps: (n_timesteps,) where.
        random_state: of the noise, the same draw at every timestep.

    Returns:
        (n_timesteps, n_pixels) radians, of the valid pixels.
    """
    device = next(denoiser.parameters()).device
    x_0, valid = (part.to(device) for part in crops)
    x_0 = denoising.cut(x_0)
    generator = torch.Generator().manual_seed(int(random_state))
    eps = torch.randn(x_0.shape, generator=generator).to(x_0.device)
    clean, angles = physical(x_0), []
    for timestep in timesteps.tolist():
        t = torch.full((len(x_0),), timestep, device=x_0.device)
        x_t = denoising.schedule.add_noise(x_0, t, eps)
        estimate = denoising.estimate_clean(denoiser, x_t, t)
        angles.append(spectral_angle(physical(estimate), clean)[valid].cpu().numpy())
    return np.stack(angles)


def at_equal_steps_of_angle(timesteps: np.ndarray, angles: np.ndarray, n: int) -> np.ndarray:
    """Timesteps at equal steps of the pixels' angles, see the module.

    Args:
        timesteps: (m,) increasing, where angles are known; between them they are interpolated.
        angles: (m, n_pixels) in radians; where they fall, they are taken to stay.
        n: how many are wanted; there are fewer where two would be the same timestep.

    Returns:
        (at most n,) int, increasing; at equal steps of t if no angle grows.
    """
    rising = np.maximum.accumulate(angles, axis=0)
    growth = rising[-1] - rising[0]
    scaled = (rising - rising[0])[:, growth > 0] / growth[growth > 0]
    if scaled.size == 0:
        return at_equal_steps_of_t(int(timesteps[0]), int(timesteps[-1]), n)
    levels = np.linspace(0, 1, n)
    reached = [np.median(_where_reached(timesteps, scaled, level)) for level in levels]
    return np.unique(np.rint(reached).astype(int))


def at_equal_steps_of_t(first: int, last: int, n: int) -> np.ndarray:
    """(at most n,) timesteps from the first to the last, as a control of those by angle."""
    return np.unique(np.rint(np.linspace(first, last, n)).astype(int))


def _where_reached(timesteps: np.ndarray, rising: np.ndarray, level: float) -> np.ndarray:
    """The timestep (n_pixels,) where each column of (m, n_pixels), from 0 to 1, reaches a level."""
    after = np.maximum((rising < level).sum(axis=0), 1)
    pixels = np.arange(rising.shape[1])
    low, high = rising[after - 1, pixels], rising[after, pixels]
    share = (level - low) / np.where(high > low, high - low, 1)
    return timesteps[after - 1] + share * (timesteps[after] - timesteps[after - 1])
