"""Processes that torchrun or fabric run started together: they share the learning of a scene.

Each learns from its share of every batch, and gradients are averaged. The first then goes on alone.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Ranks:
    """Where this process stands among those that were started together.

    Attributes:
        rank: its number, from 0.
        n: how many there are.
        n_here: how many of them run on this machine.
    """

    rank: int = 0
    n: int = 1
    n_here: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes, and speaks."""
        return self.rank == 0

    def share(self, batch: "Tensor") -> "Tensor":
        """This process's share of a batch: every n-th sample."""
        return batch if self.n == 1 else batch[self.rank :: self.n]


ALONE = Ranks()


class NotTheFirst(BaseException):
    """The scene is learned, and this process is not the one that goes on."""


_ends: ContextVar[bool] = ContextVar("hsidiff_others_end", default=False)


def ranks() -> Ranks:
    """Those that torchrun started, or this process alone."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return Ranks()
    names = ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
    return Ranks(*(int(os.environ[name]) for name in names))


@contextmanager
def first_goes_on_alone() -> Iterator[None]:
    """Within the block the other processes end where :func:`end_others` is called."""
    token = _ends.set(True)
    try:
        yield
    finally:
        _ends.reset(token)


def end_others() -> None:
    """What follows, one process does better alone: it learns from labels, or writes.

    Raises:
        NotTheFirst: in all others, within :func:`first_goes_on_alone`.
    """
    own = ranks()
    if own.n == 1 or not _ends.get():
        return
    from torch import distributed  # noqa: PLC0415  (a second that only torchrun should wait for)

    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
    if not own.is_first:
        raise NotTheFirst
