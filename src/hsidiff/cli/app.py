"""The commands together, and how every one of them ends."""

import sys
from typing import Annotated

import typer

from hsidiff import __version__
from hsidiff.cli import INTERRUPTED, console
from hsidiff.cli.commands import Commands
from hsidiff.errors import HsidiffError, SettingError
from hsidiff.training.ranks import ranks

OUT_OF_MEMORY = "out of memory: allow less with --memory, or take --profile fast"

app = typer.Typer(
    cls=Commands,
    help="Land-cover maps from hyperspectral scenes and few labels.",
    epilog="hsidiff COMMAND --help shows the options of a command; hsidiff demo tries it out.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        console.say(f"hsidiff {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Land-cover maps from hyperspectral scenes and few labels."""
    own = ranks()
    console.MESSAGES.quiet = not own.is_first
    if own.n > 1 and context.invoked_subcommand != "fit":
        raise SettingError(
            f"{own.n} processes were started together by torchrun: only hsidiff fit shares work "
            "among them; start this command once"
        )
    if context.invoked_subcommand is None:
        console.say(context.get_help())


def run() -> None:
    """Run the command line. Exit code 2: something given was wrong; 130: interrupted."""
    try:
        exit_code = app(prog_name="hsidiff", standalone_mode=False)
    except typer.TyperException as error:
        _fail(_with_advice(error))
    except HsidiffError as error:
        _fail(str(error))
    except MemoryError:
        _fail(OUT_OF_MEMORY)
    except RuntimeError as error:
        # PyTorch has no MemoryError: its allocators raise this.
        if "out of memory" not in str(error) and "allocate memory" not in str(error):
            raise
        _fail(OUT_OF_MEMORY)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}")
    if exit_code == INTERRUPTED:
        console.show_error("interrupted; nothing was left half-written")
    sys.exit(exit_code)


def _fail(message: str) -> None:
    console.show_error(message)
    sys.exit(2)


def _with_advice(error: typer.TyperException) -> str:
    """What is wrong with the words of the command line, in one line, and where help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "hsidiff"
    message = error.format_message().rstrip(".")
    return f"{message[:1].lower()}{message[1:]}: see {command} --help"
