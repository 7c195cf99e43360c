"""What the command line shows: progress, notes, errors. Answers go to standard output alone."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hsidiff.errors import hear_warnings, one_line
from hsidiff.files import json_text
from hsidiff.progress import listen

SECONDS_BETWEEN_LINES = 30.0
MESSAGES = Console(stderr=True, highlight=False, emoji=False)


def say(text: str) -> None:
    """Print a line of an answer."""
    typer.echo(text)


def answer_json(content: Any) -> None:
    """Print an answer that a program will read."""
    typer.echo(json_text(content))


@contextmanager
def at_work() -> Iterator[list[str]]:
    """Show progress, and each note once; give the list of notes, which grows."""
    notes: list[str] = []
    logging.getLogger("rasterio").setLevel(logging.CRITICAL)
    # A bar is for eyes: in a log file it would be one line at the very end.
    with _bars(disable=not MESSAGES.is_terminal) as bars:

        def show(text: str) -> None:
            if text not in notes:
                notes.append(text)
                _print_line(bars.console, "[yellow]note:[/]", text)

        listener = _LineListener() if bars.disable else _BarListener(bars)
        with hear_warnings(show), listen(listener):
            yield notes


def _bars(disable: bool) -> Progress:
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
        disable=disable,
    )


class _BarListener:
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


class _LineListener:
    """Where nobody watches: a line now and then, so that a log shows that work goes on."""

    def __init__(self) -> None:
        self._last_line_s = time.monotonic()

    def __call__(self, step_name: str, n_done: int, n_total: int) -> None:
        if time.monotonic() - self._last_line_s > SECONDS_BETWEEN_LINES:
            self._last_line_s = time.monotonic()
            _print_line(MESSAGES, f"{step_name}:", f"{n_done} of {n_total}")


def show_note(message: str) -> None:
    """Print one line that is good to know."""
    _print_line(MESSAGES, "[yellow]note:[/]", message)


def show_error(message: str) -> None:
    """Print one clear line about what went wrong."""
    sys.stdout.flush()
    _print_line(MESSAGES, "[bold red]error:[/]", message)


def _print_line(console: Console, start: str, text: str) -> None:
    """Print ``start``, which may hold markup, and ``text`` as it is, on one line."""
    console.print(f"{start} {escape(one_line(text))}", soft_wrap=True)
