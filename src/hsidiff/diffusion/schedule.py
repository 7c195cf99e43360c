"""How much noise there is at each timestep.

Symbols: ``x_0`` clean values, ``eps`` standard normal noise, and at timestep t

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps          (Ho et al. 2020, eq. 4)

Timesteps run from 1 to T as in the papers; t = 0 is the clean scene (alpha_bar_0 = 1). The
published code of SpectralDiff counts from 0: our t is its t plus 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hsidiff.errors import SettingError


@dataclass(frozen=True)
class NoiseSchedule:
    """The noise level of each timestep.

    Attributes:
        alpha_bar: (T + 1,) float64, share of the signal's power that is left, from 1 downwards.
    """

    alpha_bar: Tensor

    @classmethod
    def linear(
        cls, n_timesteps: int, beta_first: float = 1e-4, beta_last: float = 0.02
    ) -> "NoiseSchedule":
        """Variances beta_t that grow linearly. Source: Ho et al. 2020, section 4."""
        betas = torch.linspace(beta_first, beta_last, n_timesteps, dtype=torch.float64)
        alpha_bar = torch.cumprod(1 - betas, dim=0)
        return cls(torch.cat([torch.ones(1, dtype=torch.float64), alpha_bar]))

    @property
    def n_timesteps(self) -> int:
        """T, the last timestep."""
        return len(self.alpha_bar) - 1

    def check(self, timesteps: Sequence[int]) -> None:
        """Refuse timesteps outside 1..T.

        Raises:
            SettingError: if there is none, or one is out of range.
        """
        if not timesteps or not all(1 <= t <= self.n_timesteps for t in timesteps):
            raise SettingError(
                f"timesteps={tuple(timesteps)}: must lie in 1..{self.n_timesteps} "
                f"(n_timesteps={self.n_timesteps})"
            )

    def signal_and_noise(self, t: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Factors sqrt(alpha_bar_t) and sqrt(1 - alpha_bar_t).

        Args:
            t: (batch,) timesteps, int64.
            like: (batch, ...) what the factors will multiply; gives shape, dtype and device.

        Returns:
            Two tensors (batch, 1, ...) that broadcast against ``like``.
        """
        # The roots are taken in float64, where 1 - alpha_bar keeps its digits at small t.
        signal, noise = self.alpha_bar.sqrt(), (1 - self.alpha_bar).sqrt()
        at_t, shape = t.to(like.device), (-1, *[1] * (like.ndim - 1))
        signal, noise = (factor.to(like.dtype).to(like.device) for factor in (signal, noise))
        return signal[at_t].view(shape), noise[at_t].view(shape)

    def add_noise(self, x_0: Tensor, t: Tensor, eps: Tensor) -> Tensor:
        """x_t in closed form (Ho et al. 2020, eq. 4).

        Args:
            x_0: (batch, ...) clean values.
            t: (batch,) timesteps, 0..T.
            eps: as ``x_0``, standard normal.
        """
        signal, noise = self.signal_and_noise(t, x_0)
        return signal * x_0 + noise * eps

    def without_noise(self, x_0: Tensor, t: Tensor) -> Tensor:
        """The expectation of x_t given x_0: what a noise-free extraction shows the network.

        ``x_0`` is (batch, bands, rows, cols), ``t`` (batch,) timesteps from 1.
        """
        return self.signal_and_noise(t, x_0)[0] * x_0
