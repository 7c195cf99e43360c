"""A 3-D U-Net over patches that halves the spectral axis and never the spatial ones.

Source: SpectralDiff (Chen, Yue, Fang and Xia), section III-B and its published code.

Shapes for n_bands = 200 and the paper's widths, S = spectral axis after padding to a multiple of 8:

| stage  | output (channels x S) | layer tap (both inputs of the decoder block, concatenated) |
|--------|-----------------------|-------------------------------------------------------------|
| conv0  | 16 x 200              |                                                             |
| down 1 | 32 x 100              |                                                             |
| down 2 | 64 x 50               |                                                             |
| down 3 | 128 x 25              | layer 0: 256 x 25                                           |
| up 1   | 64 x 50               | layer 1: 128 x 50                                           |
| up 2   | 32 x 100              | layer 2: 64 x 100                                           |
| up 3   | 16 x 200              |                                                             |
| out    | 1 x 200               | the prediction                                              |
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from hsidiff.errors import SettingError
from hsidiff.networks.denoiser import Denoiser, without_margin

TIME_WIDTH = 32

Kernel = tuple[int, int, int]
"""Kernel size along (spectrum, rows, cols)."""


@dataclass(frozen=True)
class UNetShape:
    """What can differ between two such networks.

    Attributes:
        widths: channels of conv0 and of each level below it.
        first_kernel: of conv0 and of the first convolution of each block.
        second_kernel: of the second convolution of each block.
        stride_kernel: of the (transposed) convolution that halves (doubles) the spectrum; its
            spectral size must be 4.
        out_kernel: of the last convolution.
        order: what follows a convolution: the paper says "norm-act", its code does "act-norm".
    """

    widths: tuple[int, ...] = (16, 32, 64, 128)
    first_kernel: Kernel = (3, 3, 3)
    second_kernel: Kernel = (3, 3, 3)
    stride_kernel: Kernel = (4, 5, 5)
    out_kernel: Kernel = (3, 3, 3)
    order: Literal["norm-act", "act-norm"] = "norm-act"

    @property
    def n_levels(self) -> int:
        """How often the spectrum is halved; also the number of layers with a tap."""
        return len(self.widths) - 1

    def halo_px(self, layer: int) -> int:
        """How far a pixel's features at a layer's tap see; ``layer=n_levels`` is the output."""
        block = sum(
            kernel[1] // 2 for kernel in (self.first_kernel, self.second_kernel, self.stride_kernel)
        )
        halo = self.first_kernel[1] // 2 + block * (self.n_levels + layer)
        return halo + self.out_kernel[1] // 2 if layer == self.n_levels else halo

    def check_layers(self, layers: tuple[int, ...]) -> None:
        """Refuse layers that have no tap.

        Raises:
            SettingError: if there is none, or one is out of range.
        """
        if not layers or not all(0 <= layer < self.n_levels for layer in layers):
            raise SettingError(f"layers={layers}: must lie in 0..{self.n_levels - 1}")


Convolution = nn.Conv3d | nn.ConvTranspose3d
Convolve = Callable[[Convolution, Tensor, nn.BatchNorm3d | None], Tensor]
"""How a convolution, and normalisation after it if any, is applied: one of the next two."""


def _padded(layer: Convolution, h: Tensor, norm: nn.BatchNorm3d | None) -> Tensor:
    """With zeros around the input, so that rows and columns stay as many."""
    h = layer(h)
    return h if norm is None else norm(h)


def _unpadded(layer: Convolution, h: Tensor, norm: nn.BatchNorm3d | None) -> Tensor:
    """Without: pixels remain all of whose surroundings are known. Nothing can be learned."""
    weights, bias = layer.weight, layer.bias
    if norm is not None:  # a linear map after another one: one pass over memory less
        assert norm.running_mean is not None
        assert norm.running_var is not None
        weights, bias = fuse_conv_bn_weights(
            weights, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
    bands, rows, cols = layer.kernel_size
    along_spectrum = 1 if layer.stride[0] == 2 else bands // 2
    if isinstance(layer, nn.ConvTranspose3d):
        padding = (along_spectrum, rows - 1, cols - 1)
        return functional.conv_transpose3d(h, weights, bias, layer.stride, padding)
    return functional.conv3d(h, weights, bias, layer.stride, (along_spectrum, 0, 0))


class SpectralUNet(Denoiser):
    """The denoiser: from x_t (batch, bands, rows, cols) and t (batch,) to a prediction like x_t.

    Any number of bands: the spectrum is padded to a multiple of 2**n_levels (8 in the paper) by
    repeating its first and last band (the paper's code repeats the last, or adds zeros), and the
    prediction is cut back.
    """

    def __init__(self, shape: UNetShape) -> None:
        super().__init__()
        self.shape, widths = shape, shape.widths
        self.embed_time = TimestepEmbedding(TIME_WIDTH)
        self.conv0 = nn.Conv3d(1, widths[0], shape.first_kernel, padding="same")
        self.down = nn.ModuleList(
            _Block(shape, before, after, nn.Conv3d) for before, after in pairwise(widths)
        )
        # A decoder block sees the layer below and the encoder's output of its level side by side.
        self.up = nn.ModuleList(
            _Block(shape, 2 * before, after, nn.ConvTranspose3d)
            for before, after in zip(widths[::-1], widths[-2::-1], strict=False)
        )
        self.out = nn.Conv3d(widths[0], 1, shape.out_kernel, padding="same")
        # The channels of a voxel lie side by side: up to a third faster in bfloat16.
        nn.utils.convert_conv3d_weight_memory_format(self, torch.channels_last_3d)

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        """Predict noise (or another target) of the shape of ``x_t``."""
        *_, prediction = self._stages(x_t, t, _padded)
        first, _ = self._padding(x_t.shape[1])
        return prediction[:, 0, first : first + x_t.shape[1]]

    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        """Features at the decoder's layers; nothing beyond the last one is computed.

        Layer 0 is the bottleneck. The paper concatenates it with itself there (the skip that is
        popped first is the bottleneck); here it is taken once.

        Returns:
            For each layer, in the order given, (batch, channels * spectrum, rows, cols); index
            ``channel * spectrum_length + spectrum``.
        """
        return self._taps(x_t, t, layers, _padded)

    def taps_inside(
        self, x_t: Tensor, t: Tensor, layers: tuple[int, ...], margin_px: int
    ) -> list[Tensor]:
        """As :meth:`taps`, without ``margin_px`` pixels on each side.

        Where the margin holds all that the features see, each convolution takes its part of it
        away: the same features, and the deeper a layer, the less is computed in vain.
        """
        reach_px = self.shape.halo_px(max(layers))
        learning = self.training or torch.is_grad_enabled()
        if learning or margin_px < reach_px:
            return super().taps_inside(x_t, t, layers, margin_px)
        seen = without_margin(x_t, margin_px - reach_px)
        taps = self._taps(seen, t, layers, _unpadded)
        beyond_px = [reach_px - self.shape.halo_px(layer) for layer in layers]
        return [without_margin(tap, px) for tap, px in zip(taps, beyond_px, strict=True)]

    def _taps(
        self, x_t: Tensor, t: Tensor, layers: tuple[int, ...], convolve: Convolve
    ) -> list[Tensor]:
        wanted: dict[int, Tensor] = {}
        for layer, features in enumerate(self._stages(x_t, t, convolve)):
            if layer in layers:
                once = features[:, : features.shape[1] // 2] if layer == 0 else features
                wanted[layer] = once.flatten(1, 2)
            if layer == max(layers):
                break
        return [wanted[layer] for layer in layers]

    def _stages(self, x_t: Tensor, t: Tensor, convolve: Convolve) -> Iterator[Tensor]:
        """Inputs of the decoder blocks, then the prediction, each when it is asked for."""
        time = self.embed_time(t)
        first, last = self._padding(x_t.shape[1])
        h = functional.pad(x_t[:, None], (0, 0, 0, 0, first, last), mode="replicate")
        h = convolve(self.conv0, h, None)
        skips = []
        for down in self.down:
            h = down(h, time, convolve)
            skips.append(h)
        for up in self.up:
            skip = skips.pop()
            skip = without_margin(skip, (skip.shape[-1] - h.shape[-1]) // 2)
            h = torch.cat([h, skip], dim=1)
            yield h
            h = up(h, time, convolve)
        yield convolve(self.out, h, None)

    def _padding(self, n_bands: int) -> tuple[int, int]:
        missing = -n_bands % 2**self.shape.n_levels
        return missing // 2, missing - missing // 2


def _shifted(h: Tensor, shift: Tensor) -> Tensor:
    """``h`` (batch, channels, spectrum, rows, cols) plus ``shift`` (batch, channels).

    In place where nothing is learned, and added to whole rows of pixels: where the channels of a
    voxel lie side by side, PyTorch would go voxel by voxel, ten times slower.
    """
    if torch.is_grad_enabled():
        return h + shift[:, :, None, None, None]
    row = shift[:, None, None, None].repeat(1, 1, 1, h.shape[-1], 1)
    h.permute(0, 2, 3, 4, 1).add_(row)
    return h


class _Block(nn.Module):
    """Two convolutions with the timestep between them, then one that halves or doubles."""

    def __init__(
        self,
        shape: UNetShape,
        n_in: int,
        n_out: int,
        strided: type[Convolution],
    ) -> None:
        super().__init__()
        _, rows, cols = shape.stride_kernel
        self.conv1 = nn.Conv3d(n_in, n_out, shape.first_kernel, padding="same")
        self.conv2 = nn.Conv3d(n_out, n_out, shape.second_kernel, padding="same")
        self.norm1, self.norm2 = nn.BatchNorm3d(n_out), nn.BatchNorm3d(n_out)
        self.time = nn.Linear(TIME_WIDTH, n_out)
        self.change_length = strided(
            n_out,
            n_out,
            shape.stride_kernel,
            stride=(2, 1, 1),
            padding=(1, rows // 2, cols // 2),
        )
        self.norm_first = shape.order == "norm-act"

    def forward(self, h: Tensor, time: Tensor, convolve: Convolve) -> Tensor:
        h = self._activated(h, self.conv1, self.norm1, convolve)
        h = _shifted(h, torch.relu(self.time(time)))
        h = self._activated(h, self.conv2, self.norm2, convolve)
        return convolve(self.change_length, h, None)

    def _activated(
        self, h: Tensor, layer: nn.Conv3d, norm: nn.BatchNorm3d, convolve: Convolve
    ) -> Tensor:
        # In place, since memory is what small networks wait for. No backward pass needs it.
        if self.norm_first:
            return torch.relu_(convolve(layer, h, norm))
        return norm(torch.relu_(convolve(layer, h, None)))


class TimestepEmbedding(nn.Module):
    """Sinusoids of the timestep (Vaswani et al. 2017), a linear layer, ReLU: (batch, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.linear = nn.Linear(width, width)

    def forward(self, t: Tensor) -> Tensor:
        """Embed timesteps (batch,)."""
        return torch.relu(self.linear(sinusoids(t, self.width)))


def sinusoids(t: Tensor, width: int) -> Tensor:
    """Sines and cosines of timesteps (batch,) at ``width / 2`` frequencies: (batch, width)."""
    half = width // 2
    steps = torch.arange(half, device=t.device) / (half - 1)
    angles = t[:, None] * torch.exp(-math.log(10000) * steps)
    return torch.cat([angles.sin(), angles.cos()], dim=1)
