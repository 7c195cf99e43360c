"""Long steps report how far they are; whoever started the program decides how to show it.

The library never prints. It wraps its long loops in :func:`track`; the command line listens with
:func:`listen` and draws a bar. Without a listener nothing happens, as with a logger.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")

Listener = Callable[[str, int, int], None]
"""Called as ``listener(step_name, n_done, n_total)``, first with ``n_done=0``."""

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
