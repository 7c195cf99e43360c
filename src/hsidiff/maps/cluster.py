"""The tiles of a map, shared out among the workers of a Dask cluster that is running already.

Tasks are numbers of tiles: workers read the scene and write their tiles themselves, so nothing
large travels, and a worker that is lost takes with it only the tile that it was drawing.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from hsidiff.errors import HsidiffError, SettingError

SECONDS_TO_ANSWER = 5
"""A scheduler that runs answers at once."""
SECONDS_FOR_A_WORKER = 15
MOST_ATTEMPTS = 3
_MOST_BEGUN = 1000
"""The scheduler holds so many tasks at most, whatever the size of the archive."""

_GO_ON = "what is done is kept, the same command goes on with it"

Draw = Callable[[int], None]
"""Draws a tile by its number. It can be pickled, and so can what it holds."""


class _Outcome(NamedTuple):
    """How a tile went: the worker that had it, and what went wrong, if anything did."""

    worker: str
    error: str | None


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to the scheduler of a cluster; gives a ``distributed.Client``.

    Raises:
        SettingError: if ``distributed`` is not installed, nobody answers, or there is no worker.
    """
    try:
        from distributed import Client  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingError(
            f"--scheduler {address} needs the extra dask: pip install 'hsidiff[dask]', "
            "or leave it out to draw the map here"
        ) from error
    for name in ("distributed", "tornado"):  # what is wrong is said once, below
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        raise SettingError(
            f"--scheduler {address}: no scheduler answers there: give the address that "
            "`dask scheduler` shows, such as tcp://HOST:8786"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS_FOR_A_WORKER)
        except TimeoutError as error:
            raise SettingError(
                f"--scheduler {address}: it has no worker: start some with `dask worker {address}`"
            ) from error
        yield client


def drawn_by(client: Any, draw: Draw, numbers: Iterable[int]) -> Iterator[int]:
    """Have tiles drawn by the workers of a cluster; yield the number of each that is whole.

    One that fails is tried again, by another worker if there is one. Those of a worker that is lost
    go to others.

    Raises:
        HsidiffError: if a tile fails on every attempt, or the scheduler is gone.
    """
    from distributed import as_completed  # noqa: PLC0415

    waiting = iter(numbers)
    number_of: dict[str, int] = {}
    tried: dict[int, list[str]] = {}
    begun = as_completed(loop=client.loop)

    def begin(number: int) -> None:
        others = list(set(client.nthreads()) - set(tried[number])) if number in tried else []
        future = client.submit(
            _attempt,
            draw,
            number,
            pure=False,
            workers=others or None,
            allow_other_workers=bool(others),
        )
        number_of[future.key] = number
        begun.add(future)

    for number in islice(waiting, _MOST_BEGUN):
        begin(number)
    for future in begun:
        number = number_of.pop(future.key)
        outcome = _outcome_of(future)
        if outcome.error is None:
            yield number
            for further in islice(waiting, 1):
                begin(further)
            continue
        if client.status != "running":
            raise HsidiffError(f"the scheduler is gone: {_GO_ON}")
        tried.setdefault(number, []).append(outcome.worker)
        if len(tried[number]) == MOST_ATTEMPTS:
            raise HsidiffError(
                f"tile {number} failed {MOST_ATTEMPTS} times, the last time on {outcome.worker} "
                f"({outcome.error}): {_GO_ON}"
            )
        begin(number)


def _attempt(draw: Draw, number: int) -> _Outcome:
    """What a worker does."""
    from distributed import get_worker  # noqa: PLC0415

    error = None
    try:
        draw(number)
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
    return _Outcome(get_worker().address, error)


def _outcome_of(future: Any) -> _Outcome:
    """What came back; a worker that could not even begin, or died of it, says nothing itself."""
    try:
        outcome: _Outcome = future.result()
        return outcome
    except (Exception, CancelledError) as error:
        return _Outcome("a worker", f"{type(error).__name__}: {error}")
