"""Measure things side by side: A B A B ..., so that a slow minute of the machine hits both."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

Run = Callable[[], float]
"""Does something once and gives the seconds that it took."""


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs of one thing."""

    seconds: tuple[float, ...]

    @property
    def fastest(self) -> float:
        """The run that other programs disturbed least."""
        return min(self.seconds)

    def to_json(self) -> dict[str, Any]:
        """Minimum, median and number of runs."""
        return {
            "min_s": self.fastest,
            "median_s": median(self.seconds),
            "n_runs": len(self.seconds),
        }


def timed(action: Callable[[], object], synchronize: Callable[[], object] | None = None) -> Run:
    """A run that times ``action``.

    Args:
        action: what to do.
        synchronize: waits until a GPU has done what it was told; None where none is used.
    """

    def run() -> float:
        gc.collect()
        began = time.perf_counter()
        action()
        if synchronize is not None:
            synchronize()
        return time.perf_counter() - began

    return run


def interleaved(runs: Mapping[str, Run], n_repeats: int) -> dict[str, Timing]:
    """Run each once in turn, ``n_repeats`` times over.

    Warming up (first calls choose algorithms and fill caches) is the caller's business.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(n_repeats):
        for name, run in runs.items():
            seconds[name].append(run())
    return {name: Timing(tuple(found)) for name, found in seconds.items()}


def ratio(reference: Timing, ours: Timing) -> float:
    """How many times faster ours is: ratio of the minima."""
    return reference.fastest / ours.fastest
