"""Long work in a process of its own, which says how far it is and can be stopped."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from hsidiff.errors import SettingError
from hsidiff.files import write_json

SECONDS_TO_END = 5.0
HOLD_OUT = "validate"
"""The step of :mod:`hsidiff.evaluation.predict_held_out` that holds a whole fit per unit."""


@dataclass
class Job:
    """What is known of a piece of work.

    Attributes:
        id: counts the jobs of a session.
        kind: "train" a map, or "learn" the scene without labels.
        title: what people call it.
        status: "running", "done", "failed" or "stopped".
        step: what it is doing, in a word or two.
        n_done: how much of the step is done.
        n_total: of how much; 0 if unknown.
        seconds_left: of the step, guessed from its pace; None if unknown.
        n_fits_done: how many of its fits are over.
        n_fits: of how many: those that score the map, and the one to all labels; 0 if unknown.
        seconds_left_in_all: guessed from the last fit, without what is learned once; None before
            the first is done.
        message: why it failed.
        notes: warnings on the way.
    """

    id: int
    kind: str
    title: str
    status: str = "running"
    step: str = "starting"
    n_done: int = 0
    n_total: int = 0
    seconds_left: float | None = None
    n_fits_done: int = 0
    n_fits: int = 0
    seconds_left_in_all: float | None = None
    message: str = ""
    notes: list[str] = field(default_factory=list)

    def take(self, said: dict[str, Any], pace: "Pace") -> None:
        """Take in what the process said."""
        if "note" in said and said["note"] not in self.notes:
            self.notes.append(said["note"])
        if "error" in said:
            self.message = said["error"]
        self.n_fits = said.get("n_fits", self.n_fits)
        if "step" in said:
            self._take_step(pace, said)

    def _take_step(self, pace: "Pace", said: dict[str, Any]) -> None:
        step, n_done, n_total = said["step"], said["n_done"], said["n_total"]
        if step == HOLD_OUT:
            self.n_fits_done = pace.fits_done(n_done, said["seconds_trained"])
        else:
            self.step, self.n_done, self.n_total = step, n_done, n_total
            self.seconds_left = pace.seconds_left(step, n_done, n_total)
        self.seconds_left_in_all = pace.seconds_of_fits(self.n_fits - self.n_fits_done)


class Pace:
    """How long steps, and whole fits, take."""

    def __init__(self) -> None:
        self._step, self._step_began_s = "", time.monotonic()
        self._n_fits_before = self._n_fits = 0
        self._fit_began_s, self._seconds_per_fit = time.monotonic(), 0.0

    def fits_done(self, n_done: int, seconds_trained: float) -> int:
        """How many fits are over.

        Args:
            n_done: of them, in this round of held-out labels.
            seconds_trained: how long networks were trained so far that are kept. The first fit
                trains what the others read; one that trains after it says what each of them does.
        """
        now_s = time.monotonic()
        if n_done == 0:
            self._n_fits_before = self._n_fits
        else:
            once_s = 0.0 if self._n_fits else seconds_trained
            self._seconds_per_fit = max(now_s - self._fit_began_s - once_s, 0.0)
        self._fit_began_s = now_s
        self._n_fits = self._n_fits_before + n_done
        return self._n_fits

    def seconds_left(self, step: str, n_done: int, n_total: int) -> float | None:
        """Of a step of a fit; None if nobody can tell."""
        now_s = time.monotonic()
        if step != self._step or n_done == 0:
            self._step, self._step_began_s = step, now_s
        spent_s = now_s - self._step_began_s
        return spent_s / n_done * (n_total - n_done) if n_done else None

    def seconds_of_fits(self, n_left: int) -> float | None:
        """Of the fit that runs and those after it, by the last one; None before one is done."""
        if not self._seconds_per_fit:
            return None
        spent_s = time.monotonic() - self._fit_began_s
        return max(n_left * self._seconds_per_fit - spent_s, 0.0)


class Jobs:
    """Runs one job at a time.

    Attributes:
        current: the job that runs, or the last one.
    """

    def __init__(self, on_end: Callable[[Job, bool], None], last: Job | None = None) -> None:
        """Call ``on_end`` with each job that ended, and whether it was done.

        ``last`` is one that ended before, and is told of until another begins.
        """
        self.current = last
        self._on_end, self._lock = on_end, RLock()
        self._process: subprocess.Popen[str] | None = None
        self._thread: Thread | None = None

    def start(self, kind: str, title: str, task: dict[str, Any], task_path: Path) -> Job:
        """Start a job.

        Args:
            kind: see :class:`Job`.
            title: see there.
            task: what :mod:`hsidiff.viewer.worker` is to do, JSON values.
            task_path: where this is written for it.

        Raises:
            SettingError: if a job is running.
        """
        with self._lock:
            if self.current is not None and self.current.status == "running":
                raise SettingError(f"{self.current.title} is running: wait for it, or stop it")
            job = Job(1 if self.current is None else self.current.id + 1, kind, title)
            write_json(task_path, {"kind": kind, **task})
            # Its standard input ends when this process does, however that ends.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hsidiff.viewer.worker", str(task_path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            self.current = job
            self._thread = Thread(target=self._watch, args=(job, self._process), daemon=True)
            self._thread.start()
            return job

    def stop(self) -> None:
        """Stop the job that runs, and wait until it has ended."""
        with self._lock:
            process, thread, job = self._process, self._thread, self.current
            if process is None or thread is None or job is None or job.status != "running":
                return
            job.status = "stopped"
            process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
        thread.join(SECONDS_TO_END)

    def to_json(self) -> dict[str, Any] | None:
        """The current job as JSON values."""
        return None if self.current is None else asdict(self.current)

    def _watch(self, job: Job, process: "subprocess.Popen[str]") -> None:
        errors: list[str] = []
        assert process.stdout is not None
        assert process.stderr is not None
        reader = Thread(target=errors.extend, args=(process.stderr,), daemon=True)
        reader.start()
        pace = Pace()
        for line in process.stdout:
            job.take(json.loads(line), pace)
        code = process.wait()
        reader.join()
        is_done = not code and job.status == "running"
        # What follows from the end is there before anybody is told of it.
        self._on_end(job, is_done)
        if job.status == "running":
            if code and not job.message:
                job.message = errors[-1].strip() if errors else f"it ended with code {code}"
            job.status = "done" if is_done else "failed"
