"""The commands together, and how every one of them ends."""

import sys
from typing import Annotated

import typer

from hsidiff import __version__
from hsidiff.cli import console
from hsidiff.cli.demo import demo
from hsidiff.cli.evaluate import evaluate
from hsidiff.cli.fetch import fetch
from hsidiff.cli.fit import fit
from hsidiff.cli.info import info
from hsidiff.cli.map import map_scene
from hsidiff.cli.predict import predict
from hsidiff.cli.split import split
from hsidiff.errors import HsidiffError

app = typer.Typer(
    help="Land-cover maps from hyperspectral scenes and few labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        console.say(f"hsidiff {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Land-cover maps from hyperspectral scenes and few labels."""


app.command("map")(map_scene)
app.command()(demo)
app.command()(info)
app.command()(fetch)
app.command()(split)
app.command()(fit)
app.command()(predict)
app.command()(evaluate)


def main() -> None:
    """Run the command line. Exit code 2: something given was wrong; 130: interrupted."""
    try:
        app()
    except HsidiffError as error:
        console.show_error(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        console.show_error("interrupted; nothing was left half-written")
        sys.exit(130)
    except MemoryError:
        console.show_error("out of memory: try a smaller --tile-size, or --profile fast")
        sys.exit(2)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        console.show_error(f"{where}{error.strerror or error}")
        sys.exit(2)
