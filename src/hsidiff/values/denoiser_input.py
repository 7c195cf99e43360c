"""What a denoiser is shown when its features are taken."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hsidiff.diffusion.noise import pixel_noise
from hsidiff.training.loop import pick_device
from hsidiff.values.pretraining import Denoising
from hsidiff.windows.normalise import SpectralTransform


@dataclass(frozen=True)
class DenoiserInput:
    """From spectra to what a denoiser is shown at a timestep.

    Attributes:
        transform: from spectra to x_0.
        denoising: how the denoiser was trained; x_0 is cut at its limit.
        extraction: a key of :data:`EXTRACTIONS`.
        random_state: of the noise, if any.
        device: where to compute.
    """

    transform: SpectralTransform
    denoising: Denoising
    extraction: str
    random_state: int
    device: str

    def clean(self, cube: np.ndarray) -> Tensor:
        """x_0 (1, channels, rows, cols) of spectra (rows, cols, n_bands); 0 where invalid."""
        values = np.nan_to_num(self.transform.apply(cube), nan=0.0)
        x_0 = torch.from_numpy(values).permute(2, 0, 1)[None].to(pick_device(self.device))
        return self.denoising.cut(x_0)

    def at(self, x_0: Tensor, corners: np.ndarray, timestep: int) -> Tensor:
        """What the denoiser is shown of x_0 (n, channels, rows, cols) at a timestep.

        Args:
            x_0: clean windows.
            corners: (n, 2) row and column in the scene of each window's upper left pixel.
            timestep: from 1 to T.
        """
        return EXTRACTIONS[self.extraction](self, x_0, corners, timestep)

    def noise(self, corners: np.ndarray, shape: tuple[int, int], timestep: int) -> Tensor:
        """Noise (n, channels, *shape) that belongs to the pixels of windows."""
        device = pick_device(self.device)
        # Apple's GPUs have no float64, which the noise is computed in.
        first = torch.from_numpy(corners).to("cpu" if device == "mps" else device)
        rows, cols = (
            start[:, None] + torch.arange(n, device=first.device)
            for start, n in zip(first.T, shape, strict=True)
        )
        n_channels = self.transform.n_outputs
        return pixel_noise(rows, cols, n_channels, timestep, self.random_state).to(device)


def _noisy(shown: DenoiserInput, x_0: Tensor, corners: np.ndarray, timestep: int) -> Tensor:
    """The scene with one draw of noise, as in the papers."""
    eps = shown.noise(corners, (x_0.shape[-2], x_0.shape[-1]), timestep)
    return shown.denoising.schedule.add_noise(x_0, _each(x_0, timestep), eps)


def _clean(shown: DenoiserInput, x_0: Tensor, corners: np.ndarray, timestep: int) -> Tensor:
    """The scene scaled as at the timestep, without noise: its expected value."""
    return shown.denoising.schedule.without_noise(x_0, _each(x_0, timestep))


def _each(x_0: Tensor, timestep: int) -> Tensor:
    return torch.full((len(x_0),), timestep, device=x_0.device)


EXTRACTIONS: dict[str, Callable[[DenoiserInput, Tensor, np.ndarray, int], Tensor]] = {
    "noisy": _noisy,
    "clean": _clean,
}
"""What a denoiser is shown when features are taken: the setting ``extraction``.

Averages over draws of noise, and an extractor that was taught all timesteps, gained nothing on any
scene and are gone (docs/decisions/0021).
"""
