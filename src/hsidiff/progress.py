"""Long steps report how far they are; whoever started the program decides how to show it.

The library never prints unasked. It wraps its long loops in :func:`track`; :func:`listen` hears
them, and :func:`show_progress` draws bars, as the command line does. Without a listener nothing
happens, as with a logger.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Item = TypeVar("Item")

Listener = Callable[[str, int, int], None]
"""Called as ``listener(step_name, n_done, n_total)``, first with ``n_done=0``."""

SECONDS_BETWEEN_LINES = 30.0

_listener: ContextVar[Listener | None] = ContextVar("hsidiff_progress", default=None)


def track(
    items: Iterable[Item],
    step_name: str,
    n_total: int,
    n_units_done: Callable[[], int] | None = None,
) -> Iterator[Item]:
    """Yield ``items`` and report each finished one to the listener, if there is one.

    Args:
        items: what to go through.
        step_name: what the loop does, in a word or two: ``"pretrain"``.
        n_total: how many items there are; or how many units of something else, if
        n_units_done: says how many of these are over; None counts the items.
    """
    listener = _listener.get()
    if listener is None:
        yield from items
        return
    listener(step_name, 0, n_total)
    for n_done, item in enumerate(items, start=1):
        yield item
        listener(step_name, n_units_done() if n_units_done else n_done, n_total)


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Send the progress of everything that runs inside the ``with`` block to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def show_progress(console: Console | None = None) -> Iterator[None]:
    """Draw a bar for each long step of everything that runs inside the ``with`` block.

    ::

        with hsidiff.show_progress():
            model.fit(scene, labels)

    A bar is for eyes: where nobody watches, as in a log file, there is a line now and then.

    Args:
        console: where to draw; None takes standard error. A notebook needs ipywidgets for bars.
    """
    console = console or Console(stderr=True, highlight=False)
    has_bars = console.is_terminal or console.is_jupyter
    bars = _bars(console, disable=not has_bars)
    with bars, listen(_BarListener(bars) if has_bars else _LineListener(console)):
        yield


def _bars(console: Console, disable: bool) -> Progress:
    return Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("took"),
        TimeElapsedColumn(),
        console=console,
        refresh_per_second=4,
        disable=disable,
    )


class _BarListener:
    """Draws each step that :func:`track` reports as one bar."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step_name: str, n_done: int, n_total: int) -> None:
        if step_name not in self._tasks:
            self._tasks[step_name] = self._bars.add_task(step_name, total=n_total)
        elif n_done == 0:
            self._bars.reset(self._tasks[step_name], total=n_total)
        self._bars.update(self._tasks[step_name], completed=n_done, total=n_total)


class _LineListener:
    """Where nobody watches: a line now and then, so that a log shows that work goes on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_line_s = time.monotonic()

    def __call__(self, step_name: str, n_done: int, n_total: int) -> None:
        if time.monotonic() - self._last_line_s > SECONDS_BETWEEN_LINES:
            self._last_line_s = time.monotonic()
            self._console.print(f"{step_name}: {n_done} of {n_total}", soft_wrap=True, markup=False)
