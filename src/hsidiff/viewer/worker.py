"""The process that computes for the viewer: ``python -m hsidiff.viewer.worker TASK.json``.

It writes one line of JSON for each thing that happened to standard output, and ends when its
standard input does, so that it never outlives the viewer. However it is told to end, what it has
half done goes.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

from hsidiff.errors import HsidiffError, hear_warnings, one_line
from hsidiff.files import read_json
from hsidiff.progress import listen
from hsidiff.training.reuse import Reuse, reuse_networks
from hsidiff.viewer.keep_values import keep_values
from hsidiff.viewer.train_map import train_map

SECONDS_BETWEEN_LINES = 0.2


def main(task_path: str) -> int:
    """Do what a task says; 0 if it was done, 2 if something given was wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the viewer, which stops this
    signal.signal(signal.SIGTERM, _end)
    Thread(target=_end_with_standard_input, daemon=True).start()
    notes: list[str] = []
    tasks: dict[str, Callable[[dict[str, Any]], None]] = {
        "train": partial(train_map, notes=notes, tell_fits=lambda n: _say(n_fits=n)),
        "learn": keep_values,
    }
    task: dict[str, Any] = read_json(Path(task_path))
    try:
        with (
            hear_warnings(partial(_note, notes)),
            reuse_networks(Path(task["networks"])) as reuse,
            listen(_Listener(reuse)),
        ):
            tasks[task.pop("kind")](task)
    except (HsidiffError, OSError) as error:
        _say(error=one_line(str(error)))
        return 2
    except MemoryError:
        _say(error="out of memory: try a quicker method, or a smaller scene")
        return 2
    return 0


class _Listener:
    """Tells of progress a few times a second, and of every step that goes on after another.

    With it goes how long networks were trained that are kept: the next fit does not need that.
    """

    def __init__(self, reuse: Reuse) -> None:
        self._reuse = reuse
        self._last_s, self._last_step = 0.0, ""

    def __call__(self, step_name: str, n_done: int, n_total: int) -> None:
        now = time.monotonic()
        is_news = n_done in (0, n_total) or step_name != self._last_step
        if is_news or now - self._last_s > SECONDS_BETWEEN_LINES:
            self._last_s, self._last_step = now, step_name
            trained_s = self._reuse.seconds_trained
            _say(step=step_name, n_done=n_done, n_total=n_total, seconds_trained=trained_s)


def _note(notes: list[str], text: str) -> None:
    notes.append(text)
    _say(note=text)


def _say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _end_with_standard_input() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
