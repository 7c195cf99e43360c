"""The cores of this machine: how many there are, and small pieces of work side by side on them."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_cores() -> int:
    """How many cores may be used: those of this process, or fewer if OMP_NUM_THREADS says so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wished = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores or 1, int(wished)) if wished.isdecimal() and int(wished) else cores or 1


@contextmanager
def threads_per_operation(n_threads: int | None) -> Iterator[None]:
    """Among how many threads PyTorch shares an operation; None leaves it."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def side_by_side(
    compute: Callable[[Item], Result], items: Iterable[Item], n_at_once: int
) -> Iterator[Result]:
    """Yield ``compute(item)`` of each item, in their order, several computed at a time.

    Operations too short to be shared among cores leave them waiting for each other. Here each core
    has an item of its own. Items are taken from ``items`` in the caller's thread, one at a time,
    and few results are held.

    Args:
        compute: of which parts may run at once.
        items: what to compute.
        n_at_once: threads; one computes in the caller's, and shares operations as ever.
    """
    if n_at_once == 1:
        yield from map(compute, items)
        return
    tasks: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    begun: deque[Future[Result]] = deque()
    with threads_per_operation(1), _thread_pools().limit(limits=1):
        # Not a pool: it would wait for what is being computed even when the user interrupts.
        for _ in range(n_at_once):
            Thread(target=_work, args=(compute, tasks), daemon=True).start()
        try:
            for item in items:
                begun.append(Future())
                tasks.put((begun[-1], item))
                if len(begun) > n_at_once:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
            for _ in range(n_at_once):
                tasks.put(None)


@cache
def _thread_pools() -> ThreadpoolController:
    """Those of linear algebra, in NumPy and elsewhere; to find them takes 8 milliseconds."""
    return ThreadpoolController()


def _work(
    compute: Callable[[Item], Result], tasks: "SimpleQueue[tuple[Future[Result], Item] | None]"
) -> None:
    """What a thread does: compute what it is given until that is None."""
    torch.set_num_threads(1)
    while (task := tasks.get()) is not None:
        future, item = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(compute(item))
        except BaseException as error:  # for whoever waits for the result
            future.set_exception(error)
