"""One clean pass that carries the features of all timesteps.

A copy of the denoiser, the extractor, sees the scene without noise. It is trained so that a small
projection of its features, told the timestep, points where the features of the frozen denoiser
point, which sees the same crop with noise. The projections are thrown away afterwards.

Source: N. Stracke, S. A. Baumann, K. Bauer, F. Fundel, B. Ommer, "CleanDIFT: Diffusion Features
without Noise", CVPR 2025, arXiv 2412.03439: a trainable copy, projection heads with the timestep,
the cosine of features as the loss. The widths of the heads and the training are ours.
"""

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.features.pretraining import Denoising, pretrain
from hsidiff.networks.spectral_unet import TIME_WIDTH, SpectralUNet, TimestepEmbedding
from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.precision import bfloat16_where_fast
from hsidiff.windows.crops import CropPool

CLEAN_TIMESTEP = 1
"""The extractor is told the timestep of least noise, always."""


class TimestepProjection(nn.Module):
    """The extractor's features of a layer to the denoiser's at a timestep, value by value.

    A linear layer over the channels, scaled and shifted as the timestep says, GELU, another, and a
    skip around them. The last layer starts at 0: at first the features are passed on.
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.embed_time = TimestepEmbedding(TIME_WIDTH)
        self.scale_and_shift = nn.Linear(TIME_WIDTH, 2 * n_channels)
        self.inner = nn.Conv3d(n_channels, n_channels, 1)
        self.outer = nn.Conv3d(n_channels, n_channels, 1)
        for parameter in self.outer.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor, t: Tensor) -> Tensor:
        """Features (batch, n_channels, spectrum, rows, cols) at t (batch,) to the same shape."""
        told = self.scale_and_shift(self.embed_time(t))[:, :, None, None, None]
        scale, shift = told.chunk(2, dim=1)
        return features + self.outer(functional.gelu(self.inner(features) * (1 + scale) + shift))


class Lesson(nn.Module):
    """What is trained: the extractor, and a projection of each layer.

    Attributes:
        extractor: a network of the denoiser's shape; it is to be shown clean scenes at
            :data:`CLEAN_TIMESTEP`.
    """

    def __init__(self, extractor: SpectralUNet, layers: tuple[int, ...]) -> None:
        super().__init__()
        self.extractor = extractor
        self.layers = layers
        self.n_channels = [extractor.tap_channels(layer) for layer in layers]
        self.projections = nn.ModuleList(map(TimestepProjection, self.n_channels))

    def forward(self, x_0: Tensor, t: Tensor) -> list[Tensor]:
        """Guesses (batch, n, rows, cols) of what the denoiser's layers hold at ``t``."""
        taps = self.extractor.taps(x_0, torch.full_like(t, CLEAN_TIMESTEP), self.layers)
        by_channel = (
            tap.unflatten(1, (n, -1)) for tap, n in zip(taps, self.n_channels, strict=True)
        )
        guesses = zip(self.projections, by_channel, strict=True)
        return [projection(features, t).flatten(1, 2) for projection, features in guesses]


def distil(
    denoiser: SpectralUNet,
    layers: tuple[int, ...],
    pool: CropPool,
    denoising: Denoising,
    recipe: Recipe,
    random_state: int,
    device: str,
) -> Lesson:
    """Teach an extractor what a denoiser knows. No label is used.

    Args:
        denoiser: the trained denoiser, in evaluation mode; it stays as it is.
        layers: which of its layers are taught.
        pool: crops to learn from.
        denoising: how the denoiser was trained: its crops, timesteps and schedule are taken again.
        recipe: how the extractor is trained.
        random_state: crops, timesteps, noise and first weights follow from it.
        device: where to compute.

    Returns:
        The extractor with its projections, on the CPU in evaluation mode.
    """
    teacher = copy.deepcopy(denoiser).requires_grad_(False)
    with seeded(random_state):
        lesson = Lesson(copy.deepcopy(denoiser), layers)

    def loss_of_crops(
        model: nn.Module, x_0: Tensor, valid: Tensor, generator: torch.Generator
    ) -> Tensor:
        t = denoising.draw_timesteps(len(x_0), generator).to(x_0.device)
        eps = torch.randn(x_0.shape, generator=generator).to(x_0.device)
        x_t = denoising.schedule.add_noise(x_0, t, eps)
        with torch.no_grad(), bfloat16_where_fast(recipe.bfloat16, x_0.device):
            taught = teacher.to(x_0.device).taps(x_t, t, layers)
        return distance(model(x_0, t), taught, valid)

    lessons = replace(denoising, recipe=recipe, budget=None, stop_when_flat=False)
    pretrain(lesson, pool, lessons, random_state, device, loss_of_crops, f"distilled {layers}")
    return lesson


def distance(guessed: list[Tensor], taught: list[Tensor], valid: Tensor) -> Tensor:
    """One minus the cosine between features (batch, n, rows, cols), the mean over all layers.

    Only pixels of ``valid``, (batch, rows, cols) bool, count.
    """
    return torch.stack(
        [
            1 - functional.cosine_similarity(guess.float(), target.float())[valid].mean()
            for guess, target in zip(guessed, taught, strict=True)
        ]
    ).mean()
