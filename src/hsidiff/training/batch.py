"""Batches that become smaller where memory does not suffice."""

import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hsidiff.amounts import in_bytes
from hsidiff.errors import HsidiffWarning, NotEnoughMemoryError
from hsidiff.memory import allowed_bytes, free_bytes, or_none_without_memory

SMALLEST_BATCH = 2
"""A single sample has nothing to be contrasted with, and no statistics of its own."""
PEAK_OF_SAVED = 1.2
"""A step holds at most so many times what its forward pass keeps: 1.0 to 1.1 times were measured of
the ``fast`` U-Net, 0.6 times of the published one (docs/decisions/0035)."""

LossOfBatch = Callable[[nn.Module, torch.device, int], Tensor]
"""From a network, the device to compute on and a number of samples to a loss, a scalar."""


@dataclass
class ShrinkingBatch:
    """The loss of a training step, whose batch may become smaller.

    Attributes:
        loss_of: draws so many samples, and gives their loss.
        size: samples per step.
        samples: what they are, to be told in messages.
    """

    loss_of: LossOfBatch
    size: int
    samples: str = "samples"

    def __call__(self, network: nn.Module, device: torch.device) -> Tensor:
        """The loss of one batch."""
        return self.loss_of(network, device, self.size)

    def fit_memory(self, network: nn.Module, generator: torch.Generator) -> None:
        """Begin with a batch that fits what :func:`hsidiff.memory.limited_to` allows.

        What a pass keeps is counted on the smallest batch, on the CPU; generators and network stay
        as they are.

        Warns:
            HsidiffWarning: if the batch is smaller than it was to be.
        """
        allowed = allowed_bytes()
        if allowed is None or self.size <= SMALLEST_BATCH:
            return
        per_sample = PEAK_OF_SAVED * self._saved_bytes(network, generator) / SMALLEST_BATCH
        fitting = max(int(allowed / max(per_sample, 1)), SMALLEST_BATCH)
        if fitting < self.size:
            self._warn(
                f"{self.size} {self.samples} a step would take "
                f"{in_bytes(per_sample * self.size)}, {in_bytes(allowed)} may be taken",
                fitting,
            )
            self.size = fitting

    def _saved_bytes(self, network: nn.Module, generator: torch.Generator) -> int:
        """What the forward pass of the smallest batch keeps, each storage once."""
        kept: dict[int, int] = {}

        def count(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        state = generator.get_state()
        with torch.random.fork_rng(), torch.autograd.graph.saved_tensors_hooks(count, _as_it_is):
            loss = self.loss_of(deepcopy(network).train(), torch.device("cpu"), SMALLEST_BATCH)
        generator.set_state(state)
        weights = {w.untyped_storage().data_ptr() for w in network.parameters()}
        del loss
        return sum(n_bytes for place, n_bytes in kept.items() if place not in weights)

    def halve(self) -> None:
        """Take half as many samples from now on, and say so.

        Raises:
            NotEnoughMemoryError: if there were no more than the fewest.
        """
        if self.size <= SMALLEST_BATCH:
            raise NotEnoughMemoryError(
                f"memory does not suffice for a training step of {self.size} {self.samples}, the "
                f"fewest; {in_bytes(free_bytes())} is free: close other programs, leave out bands "
                "(--drop-bands), or take a lighter method or --profile fast"
            )
        smaller = max(self.size // 2, SMALLEST_BATCH)
        self._warn(f"memory does not suffice for {self.size} {self.samples} a step", smaller)
        self.size = smaller

    def _warn(self, reason: str, size: int) -> None:
        warnings.warn(
            f"{reason}: going on with {size} a step; the network learns from fewer, and its "
            "weights are others than with more memory",
            HsidiffWarning,
            stacklevel=3,
        )


def _as_it_is(tensor: Tensor) -> Tensor:
    return tensor


def step_within_memory(
    step: Callable[[], Tensor], loss_of: object, generator: torch.Generator | None
) -> Tensor:
    """Take a step; where memory does not suffice, once more with a smaller batch.

    What the failed step drew is drawn again: a training that is resumed meets the same end.

    Args:
        step: computes loss and gradients.
        loss_of: what it computes the loss with; only a :class:`ShrinkingBatch` can become smaller.
        generator: what batches are drawn with, or None.

    Raises:
        NotEnoughMemoryError: if the batch cannot become smaller any more.
    """
    if not isinstance(loss_of, ShrinkingBatch):
        return step()
    state = None if generator is None else generator.get_state()
    while (loss := or_none_without_memory(step)) is None:
        loss_of.halve()
        if generator is not None and state is not None:
            generator.set_state(state)
    return loss
