"""What every denoiser can do: predict, and be tapped for features."""

from abc import abstractmethod

from torch import Tensor, nn


class Denoiser(nn.Module):
    """Predicts noise (or another target) of x_t (batch, channels, rows, cols) at t (batch,)."""

    @abstractmethod
    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        """Predict something of the shape of ``x_t``."""

    @abstractmethod
    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        """Features (batch, n, rows, cols) at each of ``layers``."""
