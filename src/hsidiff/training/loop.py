"""The one training loop, on Lightning Fabric: it knows devices and precision, not methods."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from hsidiff.errors import SettingError
from hsidiff.progress import track
from hsidiff.training.ema import WeightAverage

# Fabric announces its precision on standard error at each start.
logging.getLogger("lightning_fabric").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        n_steps: optimiser steps.
        learning_rate: of Adam.
        rate: whether the rate stays ("constant"); rises over the first twentieth of the steps and
            then falls towards 0 as a cosine ("cosine"); or is multiplied by ``fall_factor`` after
            every ``fall_every`` steps ("steps").
        fall_every: unused unless ``rate`` is "steps", as is ``fall_factor``.
        fall_factor: see ``rate``.
        weight_decay: share of each weight that pulls it towards 0; 0 is plain Adam.
        optimizer: how it pulls: directly ("adamw"), or as the gradient of an L2 penalty ("adam"),
            which is far stronger, since Adam scales gradients to the size of the rate.
        max_gradient_norm: gradients are clipped to this norm; None does not clip.
        ema_decay: of the average of the weights; None takes the last step's weights.
        bfloat16: whether to compute in bfloat16 where PyTorch's autocast allows it.
        n_threads: CPU threads; None takes PyTorch's default, as many as there are cores. More than
            one changes the last digits, hence the weights, and slows small networks down many
            times when another program keeps a core busy.
    """

    n_steps: int
    learning_rate: float
    rate: Literal["constant", "cosine", "steps"] = "constant"
    fall_every: int = 1
    fall_factor: float = 1.0
    weight_decay: float = 0.0
    optimizer: Literal["adamw", "adam"] = "adamw"
    max_gradient_norm: float | None = None
    ema_decay: float | None = None
    bfloat16: bool = False
    n_threads: int | None = None


def train(
    network: nn.Module,
    loss_of: Callable[[nn.Module, torch.device], Tensor],
    recipe: Recipe,
    device: str,
    step_name: str,
) -> None:
    """Train a network in place; it ends on the CPU, in evaluation mode.

    Its weights are those of the last step, or their average if the recipe says so.

    Args:
        network: what to train.
        loss_of: draws a batch, gives its loss as a scalar; called once per step with the network
            and the device to compute on.
        recipe: how.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        step_name: the name under which progress is reported.
    """
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed" if recipe.bfloat16 else "32-true"
    fabric = Fabric(accelerator=pick_device(device), devices=1, precision=precision)
    make_optimizer = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[recipe.optimizer]
    optimizer = make_optimizer(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    average = WeightAverage(network, recipe.ema_decay) if recipe.ema_decay else None
    if average is not None:
        average.network.to(fabric.device)
    model, wrapped_optimizer = fabric.setup(network, optimizer)
    model.train()
    with _threads(recipe.n_threads):
        for step in track(range(recipe.n_steps), step_name, recipe.n_steps):
            for group in optimizer.param_groups:
                group["lr"] = _rate_at(step, recipe)
            loss = loss_of(model, fabric.device)
            wrapped_optimizer.zero_grad(set_to_none=True)
            fabric.backward(loss)
            if recipe.max_gradient_norm is not None:
                fabric.clip_gradients(model, wrapped_optimizer, max_norm=recipe.max_gradient_norm)
            wrapped_optimizer.step()
            if average is not None:
                average.update(network)
    if average is not None:
        network.load_state_dict(average.network.state_dict())
    network.cpu().eval()


@contextmanager
def _threads(n_threads: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _rate_at(step: int, recipe: Recipe) -> float:
    """The learning rate of one step, counted from 0."""
    if recipe.rate == "steps":
        return recipe.learning_rate * recipe.fall_factor ** (step // recipe.fall_every)
    if recipe.rate == "cosine":
        done = torch.tensor(step / recipe.n_steps)
        warm_up = min(1.0, (step + 1) / max(recipe.n_steps / 20, 1))
        return recipe.learning_rate * warm_up * 0.5 * (1 + torch.cos(torch.pi * done)).item()
    return recipe.learning_rate


def pick_device(device: str) -> str:
    """The accelerator that ``device`` means on this machine: ``cpu``, ``cuda`` or ``mps``.

    Raises:
        SettingError: if the name is unknown or the machine lacks the device.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available()}
    available["mps"] = torch.backends.mps.is_available()
    if device == "auto":
        return "cuda" if available["cuda"] else "cpu"
    if device not in available:
        raise SettingError(f"device={device!r}: expected auto, cpu, cuda or mps")
    if not available[device]:
        raise SettingError(f"device={device!r}: this machine has none; use device='auto'")
    return device


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Start PyTorch's global generators at ``seed``; afterwards they go on as if nothing happened.

    For what can only be drawn from them: initial weights and dropout.
    """
    with torch.random.fork_rng():
        torch.manual_seed(int(seed))  # PyTorch refuses the whole numbers of NumPy
        yield
