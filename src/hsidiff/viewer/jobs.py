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
    message: str = ""
    notes: list[str] = field(default_factory=list)

    def take(self, said: dict[str, Any], step_began_s: float) -> None:
        """Take in what the process said."""
        if "note" in said and said["note"] not in self.notes:
            self.notes.append(said["note"])
        if "error" in said:
            self.message = said["error"]
        if "step" in said:
            self.step, self.n_done, self.n_total = said["step"], said["n_done"], said["n_total"]
            spent = time.monotonic() - step_began_s
            left = self.n_total - self.n_done
            self.seconds_left = spent / self.n_done * left if self.n_done else None


class Jobs:
    """Runs one job at a time.

    Attributes:
        current: the job that runs, or the last one.
    """

    def __init__(self, on_end: Callable[[Job, bool], None]) -> None:
        """Call ``on_end`` with each job that ended, and whether it was done."""
        self.current: Job | None = None
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
        step, began_s = "", time.monotonic()
        for line in process.stdout:
            said = json.loads(line)
            if said.get("step", step) != step or said.get("n_done") == 0:
                step, began_s = said.get("step", step), time.monotonic()
            job.take(said, began_s)
        code = process.wait()
        reader.join()
        is_done = not code and job.status == "running"
        # What follows from the end is there before anybody is told of it.
        self._on_end(job, is_done)
        if job.status == "running":
            if code and not job.message:
                job.message = errors[-1].strip() if errors else f"it ended with code {code}"
            job.status = "done" if is_done else "failed"
