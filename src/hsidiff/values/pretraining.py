"""Learn a scene without labels by denoising crops of it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from hsidiff.diffusion.objectives import clean_from, mean_loss, target_of
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.errors import SettingError, check_whole_number
from hsidiff.scenes.scene import Scene
from hsidiff.training.batch import ShrinkingBatch
from hsidiff.training.budget import Budget
from hsidiff.training.loop import Recipe, pick_device, train
from hsidiff.training.ranks import ALONE, Ranks, ranks
from hsidiff.training.reuse import train_once
from hsidiff.windows.crops import CropPool, grid_centres, turned
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import StreamingMoments

MIN_BFLOAT16_INPUTS = 12
"""Below it the gradients of PyTorch 2.13's bfloat16 3-D convolutions are not finite on CPUs."""
RANGE_LIMIT = 1.0
WHITENED_LIMIT = 5.0
"""Whitened values beyond five standard deviations are cut: outliers would rule the loss."""


@dataclass(frozen=True)
class Denoising:
    """What a denoiser sees, what it predicts, and how it learns.

    Attributes:
        recipe: steps, rate and so on.
        space: what the denoiser sees: bands scaled to -1..1 ("range") or ``n_inputs`` whitened
            averages of neighbouring bands ("whitened").
        n_inputs: number of whitened values; unused with "range".
        n_timesteps: T of the linear schedule.
        noise_timesteps: the timesteps that it learns at; None takes all from 1 to T.
        target: what the denoiser predicts, see :mod:`hsidiff.diffusion.objectives`.
        loss: how its error is counted, there too.
        crop_px: side of the crops it learns from.
        crops: fixed crops on a grid ("grid"), each at most once in a step, or anywhere, turned and
            flipped ("random").
        batch_size: crops per step.
        budget: how long it learns, in place of the recipe's steps; None leaves them. A time makes
            the weights depend on the machine.
    """

    recipe: Recipe
    space: Literal["range", "whitened"] = "range"
    n_inputs: int = 32
    n_timesteps: int = 500
    noise_timesteps: tuple[int, ...] | None = None
    target: str = "eps"
    loss: str = "l1"
    crop_px: int = 16
    crops: Literal["grid", "random"] = "grid"
    batch_size: int = 256
    budget: Budget | None = None

    @property
    def schedule(self) -> NoiseSchedule:
        """The noise schedule."""
        return NoiseSchedule.linear(self.n_timesteps)

    @property
    def limit(self) -> float:
        """Where the values that the denoiser sees are cut."""
        return RANGE_LIMIT if self.space == "range" else WHITENED_LIMIT

    def cut(self, x_0: Tensor) -> Tensor:
        """Values that the denoiser sees, cut at plus and minus the limit."""
        return x_0.clamp(-self.limit, self.limit)

    def estimate_clean(self, denoiser: nn.Module, x_t: Tensor, t: Tensor) -> Tensor:
        """What a denoiser takes for the x_0 of x_t (batch, channels, rows, cols) at t (batch,)."""
        return self.cut(clean_from(self.target, self.schedule, x_t, t, denoiser(x_t, t)))

    def n_seen(self, n_bands: int) -> int:
        """How many values of a pixel with ``n_bands`` bands the denoiser sees."""
        return n_bands if self.space == "range" else min(self.n_inputs, n_bands)

    def transform_of(self, moments: StreamingMoments) -> SpectralTransform:
        """From spectra with these moments to what the denoiser sees."""
        if self.space == "range":
            return SpectralTransform.to_range(moments)
        return SpectralTransform.whitened(moments, self.n_inputs)

    def with_length(self, pretrain_steps: int | None, budget: str | None) -> "Denoising":
        """The same, trained for so long; None of both leaves it.

        Args:
            pretrain_steps: optimiser steps.
            budget: see :meth:`hsidiff.training.budget.Budget.parse`.

        Raises:
            SettingError: if one of them is out of range, or both are given.
        """
        if pretrain_steps is not None and budget is not None:
            raise SettingError(
                f"pretrain_steps={pretrain_steps!r} and budget={budget!r}: both say how long the "
                "denoiser learns; give one of them"
            )
        if budget is not None:
            return replace(self, budget=Budget.parse(budget))
        if pretrain_steps is None:
            return self
        check_whole_number("pretrain_steps", pretrain_steps, 1)
        return replace(self, recipe=replace(self.recipe, n_steps=pretrain_steps))

    def with_budget_spent(self, n_pixels: int, batch_size: int) -> "Denoising":
        """The same, with the budget in the recipe.

        Args:
            n_pixels: valid pixels to learn from.
            batch_size: crops per step, if there are so many.
        """
        if self.budget is None:
            return self
        n_steps = self.budget.n_steps(n_pixels, batch_size * self.crop_px**2)
        n_steps = self.recipe.n_steps if n_steps is None else n_steps
        recipe = replace(self.recipe, n_steps=n_steps, seconds=self.budget.seconds)
        return replace(self, recipe=recipe, budget=None)

    def draw_timesteps(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` of the timesteps that the denoiser learns at, each as likely as the others."""
        if self.noise_timesteps is None:
            return torch.randint(1, self.n_timesteps + 1, (n,), generator=generator)
        chosen = torch.randint(len(self.noise_timesteps), (n,), generator=generator)
        return torch.tensor(self.noise_timesteps)[chosen]


CropLoss = Callable[[nn.Module, Tensor, Tensor, torch.Generator], Tensor]
"""From a network, crops, their validity and a generator to a loss, a scalar."""


def crops_of(
    scene: Scene,
    transform: SpectralTransform,
    denoising: Denoising,
    region: np.ndarray | None,
    random_state: int,
) -> CropPool:
    """The crops of a scene that a denoiser learns from.

    Args:
        scene: the scene.
        transform: from its spectra to what the denoiser sees.
        denoising: which crops.
        region: (rows, cols) bool, the pixels that may be seen; None allows all.
        random_state: chooses the tiles of a scene that is larger than the pool.

    Raises:
        SceneError: if there is no pixel to learn from.
    """
    crop_px = denoising.crop_px
    centres = grid_centres(scene.shape, crop_px) if denoising.crops == "grid" else None
    return CropPool.from_scene(
        scene, transform, crop_px, region=region, centres=centres, random_state=random_state
    )


def pretrain(
    network: nn.Module,
    pool: CropPool,
    denoising: Denoising,
    random_state: int,
    device: str,
    loss_of_crops: CropLoss | None = None,
    loss_name: str = "denoising",
) -> dict[str, Any]:
    """Train a network in place on crops of a scene. No label is used.

    Inside :func:`hsidiff.training.reuse.reuse_networks` the same training is done once.

    Args:
        network: the denoiser.
        pool: the crops, see :func:`crops_of`.
        denoising: how.
        random_state: crops, timesteps and noise follow from it.
        device: where to compute.
        loss_of_crops: what to make small; None takes :func:`denoising_loss`.
        loss_name: tells it from other losses, with its settings.

    Returns:
        How it went, the fields of :class:`hsidiff.training.pace.Trained` as JSON values.
    """
    generator = torch.Generator().manual_seed(int(random_state))
    batch_size = min(denoising.batch_size, len(pool.corners))
    own = _ranks_for(batch_size)
    denoising = denoising.with_budget_spent(pool.n_pixels, batch_size)

    def loss_of_crops_drawn(model: nn.Module, device: torch.device, n_crops: int) -> Tensor:
        # The few crops of a grid are drawn once a step: a batch of all of them is an epoch.
        x_0, valid = pool.sample(n_crops, generator, distinct=denoising.crops == "grid")
        if denoising.crops == "random":
            x_0, valid = turned(x_0, valid, generator)
        x_0 = denoising.cut(x_0).to(device)
        if loss_of_crops is not None:
            x_0, valid = own.share(x_0), own.share(valid).to(device)
            return loss_of_crops(model, x_0, valid, _own_draws(generator, own))
        return denoising_loss(model, denoising, x_0, valid.to(device), generator, own)

    loss_of_step = ShrinkingBatch(loss_of_crops_drawn, batch_size, "crops")
    if pick_device(device) == "cpu":
        loss_of_step.fit_memory(network, generator)
    recipe = replace(denoising.recipe, shared=True)
    if pool.values.shape[1] < MIN_BFLOAT16_INPUTS:
        recipe = replace(recipe, bfloat16=False)
    return train_once(
        network,
        _bytes_of(
            pool, repr((denoising, random_state, pick_device(device), loss_name, loss_of_step.size))
        ),
        lambda unfinished: asdict(
            train(network, loss_of_step, recipe, device, "learn the scene", generator, unfinished)
        ),
    )


def _ranks_for(batch_size: int) -> Ranks:
    """The processes that share a training.

    Raises:
        SettingError: if there are more than crops in a batch.
    """
    own = ranks()
    if own.n > batch_size:
        raise SettingError(
            f"{own.n} processes share a batch of {batch_size} crops: start {batch_size} at most"
        )
    return own


def _own_draws(generator: torch.Generator, own: Ranks) -> torch.Generator:
    """What this process draws for its share; all move on the common generator alike."""
    if own.n == 1:
        return generator
    seed = int(torch.randint(2**31, (), generator=generator))
    return torch.Generator().manual_seed(seed + own.rank)


def _bytes_of(pool: CropPool, settings: str) -> Iterator[bytes | memoryview]:
    """What a training depends on, beside the network; the pool is not copied."""
    yield settings.encode()
    for tensor in (pool.values, pool.valid, pool.corners):
        yield tensor.contiguous().numpy().reshape(-1).view(np.uint8).data


def denoising_loss(
    denoiser: nn.Module,
    denoising: Denoising,
    x_0: Tensor,
    valid: Tensor,
    generator: torch.Generator,
    own: Ranks = ALONE,
) -> Tensor:
    """Add noise to crops and count the error of the denoiser (Ho et al. 2020, algorithm 1).

    Args:
        denoiser: from x_t and t to the target.
        denoising: schedule, target and loss.
        x_0: (batch, channels, rows, cols) clean crops.
        valid: (batch, rows, cols) bool, pixels that count.
        generator: on the CPU, so that the draw is the same on every device.
        own: the processes that share the batch; their losses' mean is the loss of all of it.
    """
    schedule = denoising.schedule
    t = denoising.draw_timesteps(len(x_0), generator).to(x_0.device)
    eps = torch.randn(x_0.shape, generator=generator).to(x_0.device)
    n_valid = valid.sum().clamp(min=1)
    # All draw for the whole batch, so that one process and several see the same noise.
    x_0, t, eps, valid = (own.share(tensor) for tensor in (x_0, t, eps, valid))
    prediction = denoiser(schedule.add_noise(x_0, t, eps), t)
    error = prediction - target_of(denoising.target, schedule, x_0, t, eps)
    loss = mean_loss(denoising.loss, error, valid)
    return loss if own.n == 1 else loss * (own.n * valid.sum() / n_valid)
