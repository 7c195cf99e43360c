"""What every ratio is against: the paper's network as its authors' code runs it, kept plain.

Source: SpectralDiff (Chen, Yue, Fang and Xia, IEEE TGRS 61, 2023), section III, and what its
published code does; written anew here. Nothing is made faster on purpose: fp32, PyTorch's own
layout, every layer computed and kept. Where the code loses time by accident (it keeps the graph of
gradients while it takes features) the reference does not.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.networks.spectral_unet import TIME_WIDTH, TimestepEmbedding, UNetShape

Convolution = type[nn.Conv3d] | type[nn.ConvTranspose3d]


class PlainUNet(nn.Module):
    """The paper's denoiser; its weights have the names of ``SpectralUNet``'s.

    The number of bands must be a multiple of 2**n_levels, as in the authors' code.
    """

    def __init__(self, shape: UNetShape) -> None:
        super().__init__()
        widths = shape.widths
        self.embed_time = TimestepEmbedding(TIME_WIDTH)
        self.conv0 = nn.Conv3d(1, widths[0], shape.first_kernel, padding="same")
        self.down = nn.ModuleList(
            PlainBlock(shape, before, after, nn.Conv3d) for before, after in pairwise(widths)
        )
        self.up = nn.ModuleList(
            PlainBlock(shape, 2 * before, after, nn.ConvTranspose3d)
            for before, after in zip(widths[::-1], widths[-2::-1], strict=False)
        )
        self.out = nn.Conv3d(widths[0], 1, shape.out_kernel, padding="same")

    def forward(self, x_t: Tensor, t: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Prediction, and the input of every decoder block, (batch, channels * spectrum, ...).

        Mirrors ``forward`` of the authors' U-Net, which keeps all of them in a list.
        """
        time = self.embed_time(t)
        h = self.conv0(x_t[:, None])
        skips, taps = [], []
        for down in self.down:
            h = down(h, time)
            skips.append(h)
        for up in self.up:
            h = torch.cat([h, skips.pop()], dim=1)
            taps.append(h.flatten(1, 2))
            h = up(h, time)
        return self.out(h)[:, 0], taps


class PlainBlock(nn.Module):
    """Two convolutions, each with BN and ReLU, the timestep between them; one with stride 2."""

    def __init__(self, shape: UNetShape, n_in: int, n_out: int, strided: Convolution) -> None:
        super().__init__()
        kernel = shape.stride_kernel
        self.conv1 = nn.Conv3d(n_in, n_out, shape.first_kernel, padding="same")
        self.conv2 = nn.Conv3d(n_out, n_out, shape.second_kernel, padding="same")
        self.norm1, self.norm2 = nn.BatchNorm3d(n_out), nn.BatchNorm3d(n_out)
        self.time = nn.Linear(TIME_WIDTH, n_out)
        padding = (1, kernel[1] // 2, kernel[2] // 2)
        self.change_length = strided(n_out, n_out, kernel, stride=(2, 1, 1), padding=padding)

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """(batch, n_in, spectrum, rows, cols) to half or twice the spectrum."""
        h = torch.relu(self.norm1(self.conv1(h)))
        h = h + torch.relu(self.time(time))[:, :, None, None, None]
        h = torch.relu(self.norm2(self.conv2(h)))
        return self.change_length(h)


def training_step(
    network: PlainUNet, optimizer: torch.optim.Optimizer, schedule: NoiseSchedule, x_0: Tensor
) -> float:
    """One step of learning to predict noise from crops x_0 (batch, bands, rows, cols); its loss.

    Mirrors the loop of the authors' training script: a timestep for each crop, L1, Adam.
    """
    t = torch.randint(1, schedule.n_timesteps + 1, (len(x_0),))
    eps = torch.randn_like(x_0)
    said, _ = network(schedule.add_noise(x_0, t, eps), t)
    loss = functional.l1_loss(said, eps)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def tile_corners(shape: tuple[int, int], tile_px: int) -> list[tuple[int, int]]:
    """Upper left corners of tiles that do not overlap, but for the last row and column.

    Mirrors ``light_split`` of the authors' code: ceil(H / K) x ceil(W / K) tiles, of which the last
    are moved back inside.
    """
    rows, cols = ([min(start, n - tile_px) for start in range(0, n, tile_px)] for n in shape)
    return [(row, col) for row in rows for col in cols]


@torch.no_grad()
def features_of_tile(
    network: PlainUNet, x_t: Tensor, corner: tuple[int, int], tile_px: int, timestep: int
) -> list[np.ndarray]:
    """All taps of one tile of a noisy scene, each (n, tile_px, tile_px).

    Mirrors the authors' extraction: a complete pass, every tap copied into an array. Their code
    leaves batch normalisation in training mode, which costs a little more; here it is in
    evaluation mode.

    Args:
        network: in evaluation mode.
        x_t: (bands, rows, cols).
        corner: row and column of the tile.
        tile_px: its side.
        timestep: of the noise.
    """
    row, col = corner
    tile = x_t[None, :, row : row + tile_px, col : col + tile_px].contiguous()
    _, taps = network(tile, torch.tensor([timestep]))
    return [tap[0].numpy().copy() for tap in taps]


@torch.no_grad()
def features_of_pixels(
    network: PlainUNet,
    x_t: Tensor,
    pixels: np.ndarray,
    patch_px: int,
    timestep: int,
    layer: int,
) -> np.ndarray:
    """Features (n, width) of single pixels, each from the patch around it.

    Mirrors what papers describe: every pixel to be classified is the middle of a patch, which runs
    through the whole network on its way.

    Args:
        network: in evaluation mode.
        x_t: (bands, rows, cols).
        pixels: (n, 2) int, rows and columns.
        patch_px: side of a patch; the pixel lies at ``patch_px // 2``.
        timestep: of the noise.
        layer: whose tap is kept.
    """
    half = patch_px // 2
    padded = functional.pad(x_t[None], (half, half, half, half), mode="replicate")[0]
    patches = torch.stack(
        [padded[:, row : row + patch_px, col : col + patch_px] for row, col in pixels.tolist()]
    )
    _, taps = network(patches, torch.full((len(patches),), timestep))
    return taps[layer][:, :, half, half].numpy()
