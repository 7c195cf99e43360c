"""Noise that belongs to the pixel.

The noise of a pixel is a function of (seed, timestep, row, col, band) and of nothing else, so it
does not depend on the tile that the pixel is read in, on the order of tiles, or on the machine.
"""

import math

import torch
from torch import Tensor

BANDS_AT_ONCE = 4
"""For so many bands noise is computed at once."""

_MASK_32 = 0xFFFFFFFF


def pixel_noise(rows: Tensor, cols: Tensor, n_bands: int, timestep: int, seed: int) -> Tensor:
    """Standard normal noise of the pixels in given rows and columns.

    Args:
        rows: (..., n_rows) int64 rows in the scene; negative ones are fine (beyond the edge).
        cols: (..., n_cols) int64 columns in the scene, on the same device.
        n_bands: number of bands.
        timestep: draws of different timesteps are independent.
        seed: draws of different seeds are independent.

    Returns:
        (..., n_bands, n_rows, n_cols) float32 on the device of ``rows``.
    """
    state = _mix(torch.tensor(seed, device=rows.device))
    state = _mix(state ^ (timestep & _MASK_32))
    state = _mix(state ^ (rows & _MASK_32))[..., None]
    state = _mix(state ^ (cols & _MASK_32)[..., None, :])[..., None, :, :]
    bands = torch.arange(n_bands, device=rows.device)
    # A few bands at a time: what comes in between then stays in a processor's cache.
    parts = [_normal(_mix(state ^ some[:, None, None])) for some in bands.split(BANDS_AT_ONCE)]
    return torch.cat(parts, dim=-3)


def _normal(state: Tensor) -> Tensor:
    """One normal number of each 32-bit number, by the transform of Box and Muller; float32."""
    radius = (_mix(state ^ 0x5851F42D).double() + 1) / (_MASK_32 + 1)  # above 0
    angle = _mix(state ^ 0x14057B7E).double() / (_MASK_32 + 1)
    return (torch.sqrt(-2 * torch.log(radius)) * torch.cos(2 * math.pi * angle)).float()


def _mix(state: Tensor) -> Tensor:
    """Scatter a 32-bit number, kept in int64, over all 32-bit numbers, one to one.

    Source: the "lowbias32" integer hash of Chris Wellons (github.com/skeeto/hash-prospector).
    """
    state = (state + 0x9E3779B9) & _MASK_32
    state = ((state ^ (state >> 16)) * 0x21F0AAAD) & _MASK_32
    state = ((state ^ (state >> 15)) * 0x735A2D97) & _MASK_32
    return state ^ (state >> 15)
