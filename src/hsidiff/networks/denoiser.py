"""What every denoiser can do: predict, and be tapped for features."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Denoiser(nn.Module, ABC):
    """Predicts noise (or another target) of x_t (batch, channels, rows, cols) at t (batch,)."""

    @abstractmethod
    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        """Predict what is shaped like ``x_t``, (batch, bands, rows, cols); ``t`` is (batch,)."""

    @abstractmethod
    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        """Features (batch, n, rows, cols) at each of ``layers``."""

    def taps_inside(
        self, x_t: Tensor, t: Tensor, layers: tuple[int, ...], margin_px: int
    ) -> list[Tensor]:
        """Features (batch, n, rows, cols) of each layer, without ``margin_px`` on each side.

        A denoiser may leave out what only the margin would need.
        """
        return [without_margin(tap, margin_px) for tap in self.taps(x_t, t, layers)]


def without_margin(values: Tensor, margin_px: int) -> Tensor:
    """``values`` (..., rows, cols) without ``margin_px`` pixels on each side."""
    rows, cols = values.shape[-2:]
    return values[..., margin_px : rows - margin_px, margin_px : cols - margin_px]
