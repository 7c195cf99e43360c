"""How far a training is, and when it ends: after its steps, or when its time is over."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

clock = time.perf_counter
"""Seconds since some moment; a test puts another clock in its place."""


@dataclass(frozen=True)
class Trained:
    """How a training went.

    Attributes:
        steps: optimiser steps that were taken.
        seconds: how long they took, on the machine that took them.
        stopped: why it ended there: all "steps" of the recipe were taken, or the "budget" of time
            was over.
    """

    steps: int
    seconds: float
    stopped: Literal["steps", "budget"]


class Pace:
    """Counts the steps of a training, and says how far each one is on the way of its rate.

    The position is in steps of the recipe, whatever ends the training, and the learning rate
    follows it: the steps taken; or, with a time budget, the elapsed share of the time, times
    ``n_steps``.

    Args:
        n_steps: of the recipe.
        seconds: the time after which the training ends, at the next boundary of steps; None ends
            it after ``n_steps``.
        agree: gives the position of the first of several processes, whose clocks differ; None if
            there is one.

    Attributes:
        position: of the next step, from 0; the training is over at ``n_steps``.
        n_taken: steps so far.
    """

    def __init__(
        self,
        n_steps: int,
        seconds: float | None = None,
        agree: Callable[[float], float] | None = None,
    ) -> None:
        self.n_steps, self.seconds, self._agree = n_steps, seconds, agree
        self.position: float = 0
        self.n_taken = 0
        self._began = clock()
        self._elapsed_s = 0.0

    def go_on(self, n_taken: int, elapsed_s: float) -> None:
        """Stand where an earlier training stood, which had taken so many steps and seconds."""
        self._began = clock() - elapsed_s
        self.n_taken = n_taken
        self._locate()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the training began, without those in which it was stopped."""
        return clock() - self._began

    def positions(self) -> Iterator[float]:
        """The position of each step; :meth:`step_taken` is called after it."""
        while self.position < self.n_steps:
            yield self.position

    def step_taken(self) -> None:
        """Count a step."""
        self.n_taken += 1
        self._locate()

    def _locate(self) -> None:
        """Find the position of the next step."""
        self.position = self.n_taken
        if self.seconds is not None:
            self._elapsed_s = self.elapsed_s
            self.position = self.n_steps * min(self._elapsed_s / self.seconds, 1.0)
            if self._agree is not None:
                self.position = self._agree(self.position)

    def trained(self) -> Trained:
        """How it went, now that it is over."""
        stopped: Literal["steps", "budget"] = "steps" if self.seconds is None else "budget"
        return Trained(self.n_taken, round(self.elapsed_s, 3), stopped)

    @property
    def n_units(self) -> int:
        """Steps, or whole seconds, that are shown as the length of the training."""
        return self.n_steps if self.seconds is None else math.ceil(self.seconds)

    def n_units_done(self) -> int:
        """Of them, those that are over."""
        if self.position >= self.n_steps:
            return self.n_units
        return self.n_taken if self.seconds is None else int(self._elapsed_s)
