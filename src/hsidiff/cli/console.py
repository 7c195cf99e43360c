"""What the command line shows: progress, notes, errors. Answers go to standard output alone."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

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

from hsidiff.errors import HsidiffWarning
from hsidiff.progress import listen

MESSAGES = Console(stderr=True, highlight=False)
ANSWERS = Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a line of an answer; ``text`` may hold rich's markup."""
    ANSWERS.print(text)


def answer_json(content: Any) -> None:
    """Print an answer that a program will read."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def at_work() -> Iterator[list[str]]:
    """Show progress bars, and each note once; give the list of notes, which grows."""
    notes: list[str] = []
    with warnings.catch_warnings(), _bars() as bars:
        # What other libraries warn about is for developers; ours is for users.
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", HsidiffWarning)
        logging.getLogger("rasterio").setLevel(logging.CRITICAL)

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if str(message) not in notes:
                notes.append(str(message))
                bars.console.print(f"[yellow]note:[/] {_plain(str(message))}", soft_wrap=True)

        warnings.showwarning = show
        with listen(_Listener(bars)):
            yield notes


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("took"),
        TimeElapsedColumn(),
        console=MESSAGES,
        refresh_per_second=4,
    )


class _Listener:
    """Draws each step that :func:`hsidiff.progress.track` reports as one bar."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step_name: str, n_done: int, n_total: int) -> None:
        if step_name not in self._tasks:
            self._tasks[step_name] = self._bars.add_task(step_name, total=n_total)
        elif n_done == 0:
            self._bars.reset(self._tasks[step_name], total=n_total)
        self._bars.update(self._tasks[step_name], completed=n_done, total=n_total)


def show_error(message: str) -> None:
    """Print one clear line about what went wrong."""
    MESSAGES.print(f"[bold red]error:[/] {_plain(message)}", soft_wrap=True)


def _plain(text: str) -> str:
    """Text on one line whose brackets are not taken for markup."""
    return " ".join(text.split()).replace("[", r"\[")
