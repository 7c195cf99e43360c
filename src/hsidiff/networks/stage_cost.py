"""What the stages and the parts that bring timesteps together cost."""

import torch

from hsidiff.about import Cost
from hsidiff.networks.counting import cost_of
from hsidiff.networks.staged_denoiser import StagedDenoiser, StagesShape
from hsidiff.networks.timestep_fusion import AdaptiveAddition, CrossTimestepFusion


def cost_of_stages(shape: StagesShape, n_inputs: int, n_timesteps: int, n_kept: int) -> Cost:
    """Cost of the features of a patch at some timesteps, for each of its ``n_kept`` pixels."""
    side, stages = shape.patch_px, tuple(range(shape.n_stages))

    def take_features(denoiser: StagedDenoiser) -> None:
        for _ in range(n_timesteps):
            denoiser.taps(torch.empty(1, n_inputs, side, side), torch.empty(1), stages)

    return cost_of(lambda: StagedDenoiser(shape, n_inputs), take_features, n_kept)


def cost_of_addition(addition: AdaptiveAddition, patch_px: int, n_kept: int) -> Cost:
    """Cost of adding the features of a patch over its timesteps; ``addition`` is on "meta"."""
    patch = (1, *addition.sizes, patch_px, patch_px)
    return cost_of(lambda: addition, lambda add: add(torch.empty(patch)), n_kept)


def cost_of_fusion(head: CrossTimestepFusion, patch_px: int, n_kept: int) -> Cost:
    """Cost of CTSSFM, AWAM among it, for ``n_kept`` pixels; ``head`` is on "meta"."""
    patch = (1, *head.addition.sizes, patch_px, patch_px)
    pixels = torch.arange(n_kept, device="meta")[None]
    return cost_of(lambda: head, lambda fuse: fuse(torch.empty(patch), pixels), n_kept)
