"""Run tasks in worker processes, so that a task that kills its process harms no other task.

``concurrent.futures`` gives up all tasks when one worker dies, and its workers outlive a parent
that was killed; those of pebble do, too, and know neither a device of their own nor a Ctrl-C that
comes while they load PyTorch. Here each worker has a pipe of its own: a dead one is replaced, and a
worker whose parent is gone ends at once.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

import torch
from threadpoolctl import threadpool_limits

from hsidiff.cores import usable_cores

Task = TypeVar("Task")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class DeadWorker:
    """A worker ended before it gave an answer; ``reason`` says how."""

    reason: str


def run_in_workers(
    tasks: Sequence[Task], work: Callable[[Task], Answer], n_workers: int
) -> Iterator[tuple[Task, Answer | DeadWorker]]:
    """Answer tasks in worker processes, which are kept from task to task.

    The cores of the machine are shared out evenly; so are CUDA devices, one per worker, where there
    are several.

    Args:
        tasks: in the order in which they are begun.
        work: gives the answer to a task, and does not raise. Tasks, ``work`` and answers can be
            pickled.
        n_workers: how many processes, at least 1.

    Yields:
        Each task with its answer, in the order in which they end.
    """
    waiting = deque(tasks)
    n_workers = min(n_workers, len(tasks))
    workers = [_Worker[Task, Answer](work, place, n_workers) for place in range(n_workers)]
    try:
        for worker in workers:
            worker.begin(waiting)
        while busy := {worker.connection: worker for worker in workers if worker.busy}:
            for ready in wait(list(busy)):
                worker = busy[ready]  # type: ignore[index]
                task, answer = worker.finish()
                if isinstance(answer, DeadWorker) and waiting:
                    place = workers.index(worker)
                    worker = workers[place] = _Worker(work, place, n_workers)
                worker.begin(waiting)
                yield task, answer
    finally:
        for worker in workers:
            worker.stop()


class _Worker(Generic[Task, Answer]):
    """One process that answers tasks, one after the other.

    Attributes:
        connection: the pipe to it.
        busy: whether it has a task.
    """

    def __init__(self, work: Callable[[Task], Answer], place: int, n_workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other_end = context.Pipe()
        n_threads = max(usable_cores() // n_workers, 1)
        arguments = (other_end, work, n_threads, _device_of(place))
        self._process = context.Process(target=_serve, args=arguments)
        with _ignoring_interrupts():
            self._process.start()
        other_end.close()
        self.busy = False

    def begin(self, waiting: deque[Task]) -> None:
        """Take the next task, if there is one."""
        if waiting:
            self._task, self.busy = waiting.popleft(), True
            with suppress(OSError):  # it has died: finish() will say so
                self.connection.send(self._task)

    def finish(self) -> tuple[Task, Answer | DeadWorker]:
        """The task and its answer, once the pipe has something to read."""
        self.busy = False
        try:
            return self._task, self.connection.recv()
        except (EOFError, OSError):
            return self._task, self._dead()

    def _dead(self) -> DeadWorker:
        self._process.join()
        code = self._process.exitcode or 0
        if code >= 0:
            return DeadWorker(f"the worker process ended with exit code {code}")
        name = signal.Signals(-code).name
        cause = "; the machine may have run out of memory" if name == "SIGKILL" else ""
        return DeadWorker(f"the worker process was ended by {name}{cause}")

    def stop(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _serve(
    connection: Any, work: Callable[[Any], Any], n_threads: int, device: dict[str, str]
) -> None:
    """What a worker process does: answer what comes through the pipe until it closes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # PyTorch looks for devices when it first needs one, so it is not too late for their variable.
    os.environ.update({"OMP_NUM_THREADS": str(n_threads), **device})
    torch.set_num_threads(n_threads)
    threadpool_limits(n_threads)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(work(task))


def _end_with_parent() -> None:
    """End this process when its parent has ended, whatever it is doing."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _device_of(place: int) -> dict[str, str]:
    """The environment that shows one CUDA device of several to a worker; empty with one or none."""
    n_devices = torch.cuda.device_count()
    if n_devices < 2:
        return {}
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = shown.split(",") if shown else [str(number) for number in range(n_devices)]
    return {"CUDA_VISIBLE_DEVICES": names[place % n_devices]}


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C for the ``with`` block; a process that begins in it goes on ignoring it.

    Ctrl-C reaches all processes of a terminal, and the parent decides what it means.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set this
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
