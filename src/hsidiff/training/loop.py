"""The one training loop, on Lightning Fabric: it knows devices and precision, not methods."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import torch
from torch import Tensor, nn

from hsidiff.cores import threads_per_operation
from hsidiff.errors import SettingError, TrainingError
from hsidiff.progress import track
from hsidiff.training.batch import step_within_memory
from hsidiff.training.checkpoint import Checkpoint, TrainingState
from hsidiff.training.ema import WeightAverage
from hsidiff.training.pace import Pace, Trained
from hsidiff.training.precision import has_fast_bfloat16
from hsidiff.training.ranks import ALONE, Ranks, ranks

if TYPE_CHECKING:
    from lightning_fabric import Fabric

STEPS_BETWEEN_CHECKS = 50
"""A loss is looked at so rarely, and at the end, since a GPU would have to wait for it."""

LossOf = Callable[[nn.Module, torch.device], Tensor]
"""From a network and the device to compute on to a loss, a scalar."""


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        n_steps: optimiser steps; with ``seconds``, what rates that count steps are given in.
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
        bfloat16: whether to compute in bfloat16 where PyTorch's autocast allows it and the device
            is fast with it.
        n_threads: CPU threads; None takes PyTorch's default, as many as there are cores. More than
            one changes the last digits, hence the weights, and slows small networks down many
            times when another program keeps a core busy.
        seconds: wall-clock time after which the training ends, at the next boundary of steps, in
            place of ``n_steps``; the rate then follows the elapsed share of the time. How many
            steps that allows, hence the weights, depends on the machine and its load.
        shared: whether the processes that torchrun started share the training.
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
    seconds: float | None = None
    shared: bool = False


def train(
    network: nn.Module,
    loss_of: LossOf,
    recipe: Recipe,
    device: str,
    step_name: str,
    generator: torch.Generator | None = None,
    checkpoint_path: Path | None = None,
) -> Trained:
    """Train a network in place; it ends on the CPU, in evaluation mode.

    Its weights are those of the last step, or their average if the recipe says so.

    Args:
        network: what to train.
        loss_of: draws a batch, gives its loss as a scalar; called once per step with the network
            and the device to compute on. A :class:`~hsidiff.training.batch.ShrinkingBatch` takes
            fewer samples where memory does not suffice.
        recipe: how.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        step_name: the name under which progress is reported.
        generator: what ``loss_of`` draws its batches with; only a checkpoint needs it.
        checkpoint_path: a file that keeps the state every minute, so that a training that was
            stopped goes on from there, to the same weights; it is gone when the training is over.
            None keeps nothing.

    Returns:
        How many steps were taken, and why it ended there.

    Raises:
        TrainingError: if the loss is no number any more; the last checkpoint stays.
    """
    own = ranks() if recipe.shared else ALONE
    fabric = _fabric_on(pick_device(device), recipe.bfloat16, own)
    learner = _Learner(network, loss_of, recipe, fabric)
    with threads_per_operation(recipe.n_threads):
        pace = Pace(recipe.n_steps, recipe.seconds, fabric.broadcast if own.n > 1 else None)
        state = TrainingState(network, learner.optimizer, learner.average, generator, pace)
        checkpoint = Checkpoint(checkpoint_path if own.is_first else None, state)
        checkpoint.resume()
        if own.n > 1:
            state.become(*fabric.broadcast(state.everything()))
        for position in track(pace.positions(), step_name, pace.n_units, pace.n_units_done):
            loss = step_within_memory(learner.learn_batch, loss_of, generator)
            with _run_away(loss, step_name, pace.n_taken + 1):
                learner.take_step(_rate_at(position, recipe))
            pace.step_taken()
            is_time = checkpoint.is_due and own.n == 1  # clocks of several would not agree
            is_over = pace.position >= pace.n_steps
            if is_time or is_over or pace.n_taken % STEPS_BETWEEN_CHECKS == 0:
                # The mean is no number if the loss of one process is none.
                mean = cast(Tensor, fabric.all_reduce(loss.detach()))
                _check_loss(mean, step_name, pace.n_taken)
                checkpoint.save_if_due()
    learner.end()
    checkpoint.remove()
    return pace.trained()


class _Learner:
    """A network on its device, with its optimiser and the average of its weights, if there is one.

    Fabric's own model and optimiser stand around both: they share and scale what is computed.
    """

    def __init__(
        self, network: nn.Module, loss_of: LossOf, recipe: Recipe, fabric: "Fabric"
    ) -> None:
        make_optimizer = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[recipe.optimizer]
        self.optimizer = make_optimizer(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.average = WeightAverage(network, recipe.ema_decay) if recipe.ema_decay else None
        if self.average is not None:
            self.average.network.to(fabric.device)
        self._network, self._loss_of, self._fabric = network, loss_of, fabric
        self._max_norm = recipe.max_gradient_norm
        self._model, self._around_optimizer = fabric.setup(network, self.optimizer)
        self._model.train()

    def learn_batch(self) -> Tensor:
        """The loss of a batch, a scalar; its gradients are computed."""
        loss = self._loss_of(self._model, self._fabric.device)
        self._around_optimizer.zero_grad(set_to_none=True)
        self._fabric.backward(loss)
        return loss.detach()

    def take_step(self, rate: float) -> None:
        """Change the weights, and their average, at a learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        if self._max_norm is not None:
            self._fabric.clip_gradients(
                self._model, self._around_optimizer, max_norm=self._max_norm
            )
        self._around_optimizer.step()
        if self.average is not None:
            self.average.update(self._network)

    def end(self) -> None:
        """Leave the network on the CPU, in evaluation mode, with the weights that are wanted."""
        if self.average is not None:
            self._network.load_state_dict(self.average.network.state_dict())
        self._network.cpu().eval()


def _check_loss(loss: Tensor, step_name: str, n_taken: int) -> None:
    """Stop a training that has run away.

    Raises:
        TrainingError: if the loss is not finite.
    """
    if not torch.isfinite(loss):
        raise TrainingError(
            f"{step_name}: the loss is {loss.item()} at step {n_taken}: look for values of the "
            "scene that lie far beyond all others (hsidiff info)"
        )


@contextmanager
def _run_away(loss: Tensor, step_name: str, step: int) -> Iterator[None]:
    """Stop a training whose gradients PyTorch cannot clip.

    Raises:
        TrainingError: if they are not finite.
    """
    try:
        yield
    except RuntimeError as error:
        if "non-finite" not in str(error):
            raise
        _check_loss(loss, step_name, step)
        raise TrainingError(
            f"{step_name}: the gradients are no numbers at step {step}: learn more slowly, or look "
            "for values of the scene that lie far beyond all others (hsidiff info)"
        ) from error


def _fabric_on(accelerator: str, bfloat16: bool, own: Ranks) -> "Fabric":
    # Imported here, since it loads PyTorch's compiler: a second that only training should wait for.
    from lightning_fabric import Fabric  # noqa: PLC0415
    from lightning_fabric.strategies import DDPStrategy  # noqa: PLC0415

    # Fabric announces its precision on standard error at each start.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    halved = bfloat16 and has_fast_bfloat16(torch.device(accelerator))
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed" if halved else "32-true"
    with _nothing_from_fabric_run():
        if own.n == 1:
            return Fabric(accelerator=accelerator, devices=1, precision=precision)
        _check_devices(accelerator, own)
        fabric = Fabric(
            accelerator=accelerator,
            devices=own.n_here,
            num_nodes=own.n // own.n_here,
            # A loss may show the network two views of a batch: nothing may change in between.
            strategy=DDPStrategy(broadcast_buffers=False),
            precision=precision,
        )
        fabric.launch()
    return fabric


@contextmanager
def _nothing_from_fabric_run() -> Iterator[None]:
    """Hide what ``fabric run`` says of devices: :mod:`hsidiff.training.ranks` knows it, too."""
    said = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("LT_")}
    try:
        yield
    finally:
        os.environ.update(said)


def _check_devices(accelerator: str, own: Ranks) -> None:
    """Refuse more processes on a machine than it has devices.

    Raises:
        SettingError: naming both numbers.
    """
    n_devices = torch.cuda.device_count() if accelerator == "cuda" else own.n_here
    if accelerator == "mps" or n_devices < own.n_here:
        raise SettingError(
            f"{own.n_here} processes of this machine share a training, it has {n_devices} devices "
            f"of the kind {accelerator}: start as many processes, or give device='cpu'"
        )


def _rate_at(position: float, recipe: Recipe) -> float:
    """The learning rate of the step at a position from 0 to below ``n_steps``."""
    if recipe.rate == "steps":
        return recipe.learning_rate * recipe.fall_factor ** (position // recipe.fall_every)
    if recipe.rate == "cosine":
        done = torch.tensor(position / recipe.n_steps)
        warm_up = min(1.0, (position + 1) / max(recipe.n_steps / 20, 1))
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
