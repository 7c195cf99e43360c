"""What the command line shows: progress, notes, errors. Answers go to standard output alone."""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from hsidiff.errors import hear_warnings, one_line
from hsidiff.files import json_text
from hsidiff.progress import show_progress

WIDTH = 78
"""Columns of text that is broken into lines."""
MESSAGES = Console(stderr=True, highlight=False, emoji=False)


def say(text: str) -> None:
    """Print a line of an answer."""
    typer.echo(text)


def answer_json(content: Any) -> None:
    """Print an answer that a program will read."""
    typer.echo(json_text(content))


def say_written(paths: Iterable[Path]) -> None:
    """List the files that are there, of those that a command may have written."""
    say("written:")
    for path in paths:
        if path.exists():
            say(f"  {path}")


@contextmanager
def at_work() -> Iterator[list[str]]:
    """Show progress, and each note once; give the list of notes, which grows."""
    notes: list[str] = []
    logging.getLogger("rasterio").setLevel(logging.CRITICAL)

    def show(text: str) -> None:
        if text not in notes:
            notes.append(text)
            show_note(text)

    with show_progress(MESSAGES), hear_warnings(show):
        yield notes


def show_note(message: str) -> None:
    """Print one line that is good to know."""
    _print_line("[yellow]note:[/]", message)


def show_error(message: str) -> None:
    """Print one clear line about what went wrong."""
    sys.stdout.flush()
    _print_line("[bold red]error:[/]", message)


def _print_line(start: str, text: str) -> None:
    """Print ``start``, which may hold markup, and ``text`` as it is, on one line."""
    MESSAGES.print(f"{start} {escape(one_line(text))}", soft_wrap=True)
