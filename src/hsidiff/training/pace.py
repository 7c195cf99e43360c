"""How far a training is, and when it ends: after its steps, when its time is over, or when flat."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

clock = time.perf_counter
"""Seconds since some moment; a test puts another clock in its place."""

N_LOOKS = 20
"""The held-out loss is looked at after every twentieth of the training."""
FLAT_GAIN = 0.005
"""A loss that is better than the best so far by less than this share of it did not fall."""
FLAT_LOOKS = 3
"""So many looks in a row without a fall mean that the loss is flat."""
RUN_OUT = 0.2
"""Share of the steps taken so far in which the rate then runs out."""


@dataclass(frozen=True)
class Trained:
    """How a training went.

    Attributes:
        steps: optimiser steps that were taken.
        seconds: how long they took, on the machine that took them.
        stopped: why it ended there: all "steps" of the recipe were taken, the "budget" of time was
            over, or the held-out loss was "flat".
        held_out_loss: of the trained network on crops that it was not trained on; None if nothing
            was held out.
    """

    steps: int
    seconds: float
    stopped: Literal["steps", "budget", "flat"]
    held_out_loss: float | None


class Flatness:
    """Whether a loss has stopped falling."""

    def __init__(self) -> None:
        self._best = math.inf
        self._n_flat = 0

    def after(self, loss: float) -> bool:
        """Whether it is flat, now that it is ``loss``."""
        falls = loss < self._best * (1 - FLAT_GAIN)
        self._n_flat = 0 if falls else self._n_flat + 1
        self._best = min(self._best, loss)
        return self._n_flat >= FLAT_LOOKS


class Pace:
    """Counts the steps of a training, and says how far each one is on the way of its rate.

    The position is in steps of the recipe, whatever ends the training, and the learning rate
    follows it: the steps taken; or, with a time budget, the elapsed share of the time, times
    ``n_steps``. When the held-out loss is flat, the rest of the way is gone in ``RUN_OUT`` of the
    steps taken so far, so that the rate still falls to its end.

    Args:
        n_steps: of the recipe.
        seconds: the time after which the training ends, at the next boundary of steps; None ends
            it after ``n_steps``.
        held_out_loss: looks at the loss; None never looks.

    Attributes:
        position: of the next step, from 0; the training is over at ``n_steps``.
        n_taken: steps so far.
    """

    def __init__(
        self,
        n_steps: int,
        seconds: float | None = None,
        held_out_loss: Callable[[], float] | None = None,
    ) -> None:
        self.n_steps, self.seconds = n_steps, seconds
        self.position: float = 0
        self.n_taken = 0
        self._held_out_loss = held_out_loss
        self._n_looks = 0
        self._flatness = Flatness()
        self._run_out: tuple[float, int, int] | None = None  # position, first step, last step
        self._began = clock()
        self._elapsed_s = 0.0

    def positions(self) -> Iterator[float]:
        """The position of each step; :meth:`step_taken` is called after it."""
        while self.position < self.n_steps:
            yield self.position

    def step_taken(self) -> None:
        """Count a step, and look at the held-out loss if it is time to."""
        self.n_taken += 1
        self._move()
        if self._run_out is None and self._held_out_loss is not None and self._is_look_due():
            if self._flatness.after(self._held_out_loss()):
                self._start_run_out()
            self._move()  # looking takes time, too

    def _move(self) -> None:
        self.position = self.n_taken
        if self.seconds is not None:
            self._elapsed_s = clock() - self._began
            self.position = self.n_steps * min(self._elapsed_s / self.seconds, 1.0)
        if self._run_out is not None:
            start, first, last = self._run_out
            share = min((self.n_taken - first) / (last - first), 1.0)
            rest = self.n_steps if share == 1 else start + (self.n_steps - start) * share
            self.position = max(self.position, rest)

    def _is_look_due(self) -> bool:
        """Whether a twentieth of the way is over that was not looked at."""
        n_due = int(self.position * N_LOOKS / self.n_steps)
        due = self._n_looks < n_due < N_LOOKS
        self._n_looks = n_due
        return due

    def _start_run_out(self) -> None:
        last = self.n_taken + math.ceil(RUN_OUT * self.n_taken)
        # Near the end of the recipe there is nothing left to save.
        if self.seconds is not None or last < self.n_steps:
            self._run_out = (self.position, self.n_taken, last)

    def trained(self, held_out_loss: float | None) -> Trained:
        """How it went, now that it is over."""
        stopped: Literal["steps", "budget", "flat"] = "steps" if self.seconds is None else "budget"
        if self._run_out is not None and self.n_taken >= self._run_out[2]:
            stopped = "flat"
        return Trained(self.n_taken, round(clock() - self._began, 3), stopped, held_out_loss)

    @property
    def n_units(self) -> int:
        """Steps, or whole seconds, that are shown as the length of the training."""
        return self.n_steps if self.seconds is None else math.ceil(self.seconds)

    def n_units_done(self) -> int:
        """Of them, those that are over."""
        if self.position >= self.n_steps:
            return self.n_units
        return self.n_taken if self.seconds is None else int(self._elapsed_s)
