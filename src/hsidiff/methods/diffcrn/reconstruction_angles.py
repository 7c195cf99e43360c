"""How much of a scene's spectra a denoiser still finds at a timestep, as spectral angles.

The angle between a spectrum and what the denoiser makes of its noisy copy in one step grows with
the timestep. Taking the timesteps with the smallest angles would always mean the smallest ones; so
the angle is used as a coordinate here: candidates lie at equal steps of angle, not of t.

No label is used. Source: DiffCRN (Zhu and Xu, arXiv 2502.19699) chooses timesteps by the spectral
angle of pixels; its formula could not be had.
"""

import numpy as np
import torch
from torch import Tensor

from hsidiff.diffusion.objectives import clean_from
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.diffusion.spectral_angle import spectral_angle
from hsidiff.methods.diffcrn.contrastive_pretraining import PhysicalSpectra
from hsidiff.networks.denoiser import Denoiser
from hsidiff.values.pretraining import Denoising

N_PROBED = 20


def probed_timesteps(schedule: NoiseSchedule, last: int, n: int = N_PROBED) -> np.ndarray:
    """At most ``n`` timesteps from 1 to ``last``, evenly spaced in the logarithm of sigma.

    sigma = sqrt(1 - alpha_bar) / sqrt(alpha_bar) is the noise over the signal.
    """
    alpha_bar = schedule.alpha_bar[1 : last + 1].numpy()
    log_sigma = 0.5 * np.log((1 - alpha_bar) / alpha_bar)
    wanted = np.linspace(log_sigma[0], log_sigma[-1], n)
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
    """Mean spectral angle of one-step reconstructions, in radians, at each timestep.

    Args:
        denoiser: in evaluation mode.
        denoising: its schedule, target and limit.
        physical: back to the scene's units, where angles are taken.
        crops: x_0 (n, channels, P, P) and validity (n, P, P).
        timesteps: (n_timesteps,) where.
        random_state: of the noise, the same draw at every timestep.
    """
    device = next(denoiser.parameters()).device
    x_0, valid = (part.to(device) for part in crops)
    x_0 = x_0.clamp(-denoising.limit, denoising.limit)
    generator = torch.Generator().manual_seed(int(random_state))
    eps = torch.randn(x_0.shape, generator=generator).to(x_0.device)
    clean, angles = physical(x_0), []
    for timestep in timesteps.tolist():
        t = torch.full((len(x_0),), timestep, device=x_0.device)
        x_t = denoising.schedule.add_noise(x_0, t, eps)
        estimate = clean_from(denoising.target, denoising.schedule, x_t, t, denoiser(x_t, t))
        angle = spectral_angle(physical(estimate.clamp(-denoising.limit, denoising.limit)), clean)
        angles.append(angle[valid].mean().item())
    return np.array(angles)


def equally_spaced(
    timesteps: np.ndarray, angles: np.ndarray, n: int, cap_quantile: float
) -> tuple[np.ndarray, np.ndarray]:
    """Timesteps at equal steps of angle, from the smallest timestep's to a cap.

    Args:
        timesteps: (m,) increasing, where angles are known; between them they are interpolated.
        angles: (m,) in radians; where they fall, they are taken to stay.
        n: how many are wanted; there are fewer where two would be the same timestep.
        cap_quantile: the cap is this quantile of the angles of all timesteps up to the last.

    Returns:
        Timesteps (at most n,), increasing, and their angles.
    """
    # A tiny slope keeps the inverse unique where the angle does not grow.
    rising = np.maximum.accumulate(angles) + 1e-9 * np.arange(len(angles))
    every = np.arange(timesteps[0], timesteps[-1] + 1)
    angle_of_every = np.interp(every, timesteps, rising)
    levels = np.linspace(rising[0], np.quantile(angle_of_every, cap_quantile), n)
    chosen = np.unique(np.rint(np.interp(levels, angle_of_every, every)).astype(int))
    return chosen, angle_of_every[chosen - every[0]]
