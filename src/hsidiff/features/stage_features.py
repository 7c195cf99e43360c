"""Features of the stages of a patch-wise denoiser, for any window of a scene.

The network sees patches of P x P pixels and nothing around them. Patches lie on one grid over the
scene, every S = stride_px pixels from its upper left corner, and of each the middle S x S pixels
are kept. So a pixel's features depend on its patch, never on the window that was asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hsidiff.errors import SettingError
from hsidiff.features.denoiser_features import DenoiserFeatures
from hsidiff.labels.label_map import LabelMap
from hsidiff.networks.timestep_fusion import AdaptiveAddition
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import pick_device
from hsidiff.windows.gather import gather_patches
from hsidiff.windows.tiles import read_with_halo

PATCHES_AT_ONCE = 64
"""64 patches of 16 x 16 pixels, 4 stages of 128 channels and 5 timesteps are 170 MB."""


@dataclass(frozen=True)
class PatchGrid:
    """Where patches lie.

    Attributes:
        patch_px: P, side of a patch.
        stride_px: S, from one patch to the next; the same parity as P.
    """

    patch_px: int
    stride_px: int

    def check(self) -> None:
        """Refuse a grid whose patches have no middle.

        Raises:
            SettingError: if the stride is larger than the patch, or odd where it is even.
        """
        margin, odd = divmod(self.patch_px - self.stride_px, 2)
        if margin < 0 or odd:
            raise SettingError(
                f"stride_px={self.stride_px}: must be at most patch_px={self.patch_px}, and both "
                "odd or both even"
            )

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


@dataclass(frozen=True)
class StageFeatures(DenoiserFeatures):
    """How the features of a pixel are computed; ``layers`` are the stages.

    Attributes:
        grid: where the patches lie; ``halo_px`` must be its own.
        addition: how features of the timesteps are added, in evaluation mode.
    """

    grid: PatchGrid
    addition: AdaptiveAddition

    def of(self, cube: np.ndarray, window: Window) -> list[np.ndarray]:
        """Features of a window, added over the timesteps.

        Args:
            cube: (rows + 2 halo_px, cols + 2 halo_px, n_bands); NaN where invalid.
            window: where it lies in the scene, without the halo.

        Returns:
            One array (rows, cols, width) float32 for each stage.
        """
        addition, middle = self.addition.to(self._device), self.grid.middle().to(self._device)

        def added(features: Tensor) -> Tensor:
            return addition(features).flatten(1, 2).flatten(2)[:, :, middle].transpose(1, 2)

        values = self.by_patch(cube, window, added)
        return np.split(values, len(self.layers), axis=-1)

    @torch.inference_mode()
    def by_patch(
        self, cube: np.ndarray, window: Window, values_of: Callable[[Tensor], Tensor]
    ) -> np.ndarray:
        """Something that is computed patch by patch, for every pixel of a window.

        Args:
            cube: as in :meth:`of`.
            window: as there.
            values_of: from features (batch, timesteps, stages, width, P, P) to values (batch, S *
                S, n) of the pixels in the middle.

        Returns:
            (rows, cols, n) float32.
        """
        stride = self.grid.stride_px
        patches, n_down, n_right = self._cut(cube, window)
        found = torch.cat([values_of(features).cpu() for features in self.of_patches(patches)])
        found = found.view(n_down, n_right, stride, stride, -1).transpose(1, 2)
        values = found.reshape(n_down * stride, n_right * stride, -1).numpy()
        row, col = window.row % stride, window.col % stride
        return values[row : row + window.n_rows, col : col + window.n_cols]

    def of_patches(self, patches: Patches) -> Iterator[Tensor]:
        """Features (batch, timesteps, stages, width, P, P) of a few patches after the other."""
        self.denoiser.to(self._device)
        for first in range(0, len(patches), PATCHES_AT_ONCE):
            some = patches[first : first + PATCHES_AT_ONCE]
            at_timesteps = [self._at(some, timestep) for timestep in self.timesteps]
            yield torch.stack(at_timesteps, dim=1)

    def _at(self, patches: Patches, timestep: int) -> Tensor:
        """Features (batch, stages, width, P, P) of patches at one timestep."""
        x_0 = patches.x_0.to(self._device)
        t = torch.full((len(x_0),), timestep, device=x_0.device)
        if self.extraction == "noisy":
            sides = (self.grid.patch_px, self.grid.patch_px)
            eps = self._noise_at(patches.corners, sides, timestep)
            x_t = self.schedule.add_noise(x_0, t, eps)
        else:
            x_t = self.schedule.without_noise(x_0, t)
        return torch.stack(self._taps_of(x_t, t), dim=1)

    def _cut(self, cube: np.ndarray, window: Window) -> tuple[Patches, int, int]:
        """The patches that cover a window, row by row; how many down, how many to the right."""
        grid = self.grid
        rows = grid.starts_of_patches(window.row, window.n_rows)
        cols = grid.starts_of_patches(window.col, window.n_cols)
        top, left = window.row - self.halo_px, window.col - self.halo_px
        seen = self._seen(cube)[0, :, rows[0] - top :, cols[0] - left :]
        cut = seen.unfold(1, grid.patch_px, grid.stride_px).unfold(2, grid.patch_px, grid.stride_px)
        cut = cut[:, : len(rows), : len(cols)].permute(1, 2, 0, 3, 4).flatten(0, 1)
        corners = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)
        return Patches(cut, corners), len(rows), len(cols)

    @torch.no_grad()
    def at_labels(self, labelled: LabelledPatches) -> tuple[Tensor, Tensor]:
        """Features of the labelled pixel of each patch, and their means over the patch.

        Returns:
            Two tensors (n, timesteps, stages, width), on the CPU.
        """
        at_pixel, pooled = [], []
        batches = zip(
            self.of_patches(labelled.patches), labelled.pixels.split(PATCHES_AT_ONCE), strict=True
        )
        for features, pixels in batches:
            flat = features.flatten(-2)
            at_pixel.append(flat[torch.arange(len(flat)), ..., pixels].cpu())
            pooled.append(flat.mean(dim=-1).cpu())
        return torch.cat(at_pixel), torch.cat(pooled)

    def gather(self, scene: Scene, labels: LabelMap) -> LabelledPatches:
        """Gather the patch of each labelled pixel; all labels lie on valid pixels."""

        def seen(window: Window, margin_px: int) -> np.ndarray:
            return self.transform.apply(read_with_halo(scene, window, margin_px))

        reach, side = self.halo_px, self.grid.patch_px
        samples = gather_patches(scene, labels, 2 * reach + 1, seen)
        pixels = np.stack([samples.rows, samples.cols], axis=1)
        corners = self.grid.start_of_patch(pixels)
        inside = pixels - corners
        views = np.lib.stride_tricks.sliding_window_view(samples.values, (side, side), axis=(1, 2))
        rows, cols = (reach - inside).T
        values = np.nan_to_num(views[np.arange(len(samples)), rows, cols], nan=0.0)
        x_0 = torch.from_numpy(values).clamp(-self.limit, self.limit)
        positions = inside[:, 0] * side + inside[:, 1]
        classes = np.unique(samples.class_ids, return_inverse=True)[1]
        return LabelledPatches(
            Patches(x_0, corners), torch.from_numpy(positions), torch.from_numpy(classes)
        )

    @property
    def _device(self) -> torch.device:
        return torch.device(pick_device(self.device))
