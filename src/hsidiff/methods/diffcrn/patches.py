"""Patches of a scene, as a patch-wise denoiser sees them.

Patches lie on one grid over the scene, every S = stride_px pixels from its upper left corner, and
of each the middle S x S pixels are kept. So what is known of a pixel depends on its patch, never on
the window that was asked for.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hsidiff.scenes.window import Window


@dataclass(frozen=True)
class PatchGrid:
    """Where patches lie.

    Attributes:
        patch_px: P, side of a patch.
        stride_px: S, from one patch to the next; at most P, and both odd or both even.
    """

    patch_px: int
    stride_px: int

    @classmethod
    def with_half_steps(cls, patch_px: int) -> "PatchGrid":
        """Patches every half patch, or a little less."""
        half = patch_px // 2 - (patch_px - patch_px // 2) % 2
        return cls(patch_px, half if half > 0 else patch_px)

    @property
    def margin_px(self) -> int:
        """Pixels of a patch before, and after, its middle."""
        return (self.patch_px - self.stride_px) // 2

    @property
    def halo_px(self) -> int:
        """How far a pixel's patch reaches at most: from one side of the middle over the other."""
        return self.margin_px + self.stride_px - 1

    def start_of_patch(self, pixel: np.ndarray) -> np.ndarray:
        """First row (or column) of the patch whose middle holds a row (or column)."""
        return pixel // self.stride_px * self.stride_px - self.margin_px

    def starts_of_patches(self, first: int, n: int) -> np.ndarray:
        """First rows (or columns) of the patches whose middles cover ``n`` from ``first`` on."""
        before, last = first // self.stride_px, (first + n - 1) // self.stride_px
        return self.start_of_patch(np.arange(before, last + 1) * self.stride_px)

    def middle(self) -> Tensor:
        """Positions row * P + col of the middle in a patch, (S * S,) int64."""
        inside = torch.arange(self.margin_px, self.margin_px + self.stride_px)
        return (inside[:, None] * self.patch_px + inside).flatten()


@dataclass(frozen=True)
class Patches:
    """Patches as the denoiser sees them without noise.

    Attributes:
        x_0: (n, channels, P, P).
        corners: (n, 2) int, row and column of the upper left pixel in the scene.
    """

    x_0: Tensor
    corners: np.ndarray

    def __getitem__(self, chosen: slice | np.ndarray) -> "Patches":
        """Some of them."""
        return Patches(self.x_0[chosen], self.corners[chosen])

    def __len__(self) -> int:
        """How many there are."""
        return len(self.x_0)


@dataclass(frozen=True)
class LabelledPatches:
    """Patches, one pixel of each labelled.

    Attributes:
        patches: n patches.
        pixels: (n,) int64, the position row * P + col of the labelled pixel in its patch.
        classes: (n,) int64, positions of the labels among those that occur, in order.
    """

    patches: Patches
    pixels: Tensor
    classes: Tensor


def patches_at(
    grid: PatchGrid, values: np.ndarray, rows: np.ndarray, cols: np.ndarray, classes: np.ndarray
) -> LabelledPatches:
    """The patch of the grid that each labelled pixel belongs to.

    Args:
        grid: where patches lie.
        values: (n, side, side, channels) around each pixel, ``side = 2 grid.halo_px + 1``; NaN
            where invalid, which becomes 0.
        rows: (n,) int, rows of the pixels in the scene.
        cols: (n,) int, their columns.
        classes: (n,) int, positions of their classes.
    """
    side = grid.patch_px
    pixels = np.stack([rows, cols], axis=1)
    corners = grid.start_of_patch(pixels)
    inside = pixels - corners
    views = np.lib.stride_tricks.sliding_window_view(values, (side, side), axis=(1, 2))
    first_rows, first_cols = (grid.halo_px - inside).T
    x_0 = np.nan_to_num(views[np.arange(len(pixels)), first_rows, first_cols], nan=0.0)
    positions = inside[:, 0] * side + inside[:, 1]
    patches = Patches(torch.from_numpy(x_0), corners)
    return LabelledPatches(patches, torch.from_numpy(positions), torch.from_numpy(classes))


def patches_over(grid: PatchGrid, inputs: Tensor, window: Window) -> tuple[Patches, int, int]:
    """The patches that cover a window, row by row; how many down, how many to the right.

    ``inputs`` are (rows + 2 grid.halo_px, cols + 2 grid.halo_px, channels).
    """
    rows = grid.starts_of_patches(window.row, window.n_rows)
    cols = grid.starts_of_patches(window.col, window.n_cols)
    top, left = window.row - grid.halo_px, window.col - grid.halo_px
    seen = inputs.permute(2, 0, 1)[:, rows[0] - top :, cols[0] - left :]
    cut = seen.unfold(1, grid.patch_px, grid.stride_px).unfold(2, grid.patch_px, grid.stride_px)
    cut = cut[:, : len(rows), : len(cols)].permute(1, 2, 0, 3, 4).flatten(0, 1)
    corners = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)
    return Patches(cut, corners), len(rows), len(cols)


def joined_middles(grid: PatchGrid, parts: Tensor, window: Window) -> Tensor:
    """Middles (n_down, n_right, S * S, n) of patches as (rows, cols, n) of a window."""
    stride = grid.stride_px
    parts = parts.unflatten(2, (stride, stride)).transpose(1, 2)
    values = parts.flatten(2, 3).flatten(0, 1)
    row, col = window.row % stride, window.col % stride
    return values[row : row + window.n_rows, col : col + window.n_cols]
