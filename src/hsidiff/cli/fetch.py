"""``hsidiff fetch``: public benchmark scenes."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hsidiff.amounts import count
from hsidiff.cli import console
from hsidiff.cli.options import OUTPUT_PANEL, JsonOption, argument, option
from hsidiff.errors import SettingError
from hsidiff.scenes.benchmarks import BENCHMARKS, fetch_benchmark


def fetch(
    name: Annotated[str | None, argument("NAME", "Name of the scene: --list has them.")] = None,
    folder: Annotated[
        Path | None,
        option(
            OUTPUT_PANEL,
            "FOLDER",
            "Where the files are, or are put.",
            show_default="HSIDIFF_CACHE, else a cache of your account",
        ),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the scenes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Get a public benchmark scene and its labels, and check them."""
    if show_list:
        _list(as_json)
        return
    if name is None:
        raise SettingError("fetch: no name given; hsidiff fetch --list shows the scenes")
    with console.at_work():
        files = fetch_benchmark(name, folder)
    if as_json:
        console.answer_json({key: str(value) for key, value in asdict(files).items()})
        return
    console.say(f"scene   {files.scene}")
    console.say(f"labels  {files.labels}")
    command = ["hsidiff", "map", str(files.scene), str(files.labels), "-o", name]
    console.say(f"next    {shlex.join(command)}")


def _list(as_json: bool) -> None:
    if as_json:
        console.answer_json({name: asdict(entry) for name, entry in BENCHMARKS.items()})
        return
    for name, entry in BENCHMARKS.items():
        rows, cols, bands = entry.shape
        console.say(
            f"{name:<17} {entry.sensor:<16} {f'{rows} x {cols} x {bands}':<18} "
            f"{len(entry.classes):>2} classes {count(entry.n_labelled):>8} labels"
        )
