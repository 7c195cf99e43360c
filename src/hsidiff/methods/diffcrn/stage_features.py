"""Features of patches: the stages of a trained denoiser, at some timesteps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hsidiff.methods.diffcrn.patches import (
    LabelledPatches,
    Patches,
    PatchGrid,
    joined_middles,
    patches_over,
)
from hsidiff.methods.diffcrn.staged_denoiser import StagedDenoiser
from hsidiff.scenes.window import Window
from hsidiff.training.loop import pick_device
from hsidiff.training.precision import without_tf32
from hsidiff.values.denoiser_input import DenoiserInput

PATCHES_AT_ONCE = 64
"""64 patches of 16 x 16 pixels, 4 stages of 128 channels and 5 timesteps are 170 MB."""


@dataclass(frozen=True)
class StageFeatures:
    """Takes the features.

    Attributes:
        denoiser: in evaluation mode, on the device of its input.
        n_stages: of the denoiser.
        grid: where patches lie.
        shown: what the denoiser is shown.
        timesteps: where features are taken.
    """

    denoiser: StagedDenoiser
    n_stages: int
    grid: PatchGrid
    shown: DenoiserInput
    timesteps: tuple[int, ...]

    def of(self, patches: Patches) -> Iterator[Tensor]:
        """Features (batch, timesteps, stages, width, P, P) of a few patches after the other."""
        for first in range(0, len(patches), PATCHES_AT_ONCE):
            some = patches[first : first + PATCHES_AT_ONCE]
            yield torch.stack([self._at(some, timestep) for timestep in self.timesteps], dim=1)

    def _at(self, patches: Patches, timestep: int) -> Tensor:
        """Features (batch, stages, width, P, P) of patches at one timestep."""
        x_0 = patches.x_0.to(pick_device(self.shown.device))
        x_t = self.shown.at(x_0, patches.corners, timestep)
        t = torch.full((len(x_0),), timestep, device=x_0.device)
        with without_tf32(x_t.device):
            taps = self.denoiser.taps(x_t, t, tuple(range(self.n_stages)))
        return torch.stack([tap.float() for tap in taps], dim=1)

    @torch.no_grad()
    def at_labels(self, labelled: LabelledPatches) -> tuple[Tensor, Tensor]:
        """Features of the labelled pixel of each patch, and their means over the patch.

        Returns:
            Two tensors (n, timesteps, stages, width), on the CPU.
        """
        at_pixel, pooled = [], []
        few_pixels = labelled.pixels.split(PATCHES_AT_ONCE)
        for features, pixels in zip(self.of(labelled.patches), few_pixels, strict=True):
            flat = features.flatten(-2)
            at_pixel.append(flat[torch.arange(len(flat)), ..., pixels].cpu())
            pooled.append(flat.mean(dim=-1).cpu())
        return torch.cat(at_pixel), torch.cat(pooled)

    @torch.inference_mode()
    def by_patch(
        self, inputs: np.ndarray, window: Window, values_of: Callable[[Tensor], Tensor]
    ) -> np.ndarray:
        """Something that is computed patch by patch, for every pixel of a window.

        Args:
            inputs: (rows + 2 grid.halo_px, cols + 2 grid.halo_px, n_inputs) what the denoiser sees;
                NaN where invalid.
            window: where it lies in the scene, without the halo.
            values_of: from features (batch, timesteps, stages, width, P, P) to values (batch, S *
                S, n) of the pixels in the middle.

        Returns:
            (rows, cols, n) float32.
        """
        x_0 = self.shown.denoising.cut(torch.from_numpy(np.nan_to_num(inputs, nan=0.0)))
        patches, n_down, n_right = patches_over(self.grid, x_0, window)
        parts = torch.cat([values_of(features).cpu() for features in self.of(patches)])
        parts = parts.view(n_down, n_right, -1, parts.shape[-1])
        return joined_middles(self.grid, parts, window).numpy()
