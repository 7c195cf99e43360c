"""All commands. PyTorch and the rest take seconds to load, so a command is imported when called."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from hsidiff.cli.groups import with_groups_flattened

FUNCTIONS = {
    "map": "map_scene",
    "demo": "demo",
    "view": "view",
    "info": "info",
    "fetch": "fetch",
    "classes": "classes",
    "spectra": "spectra",
    "suggest": "suggest",
    "split": "split",
    "leakage": "leakage",
    "methods": "methods",
    "settings": "settings",
    "fit": "fit",
    "predict": "predict",
    "reconstruct": "reconstruct",
    "sample": "sample",
    "evaluate": "evaluate",
    "edit": "edit",
    "polygons": "polygons",
    "change": "change",
    "experiment": "experiment",
    "report": "report",
}
"""The function of each command, in the order of the help; its module has the command's name."""
PANELS = {
    "Start": ("map", "demo", "view", "info", "fetch"),
    "Labels": ("classes", "spectra", "suggest", "split", "leakage"),
    "Methods and models": ("methods", "settings", "fit", "predict", "reconstruct"),
    "Maps": ("sample", "evaluate", "edit", "polygons", "change"),
    "Experiments": ("experiment", "report"),
}
"""Where the help shows each command."""


class Commands(TyperGroup):
    """Lists the commands by name and docstring, and loads the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name in FUNCTIONS:
            self.add_command(_command(name, _unloaded(name)))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As its parent, after loading what ``args`` name first."""
        if args[0] in FUNCTIONS:
            self.add_command(_command(args[0], _loaded(args[0])))
        return super().resolve_command(ctx, args)


def _command(name: str, function: Any) -> Any:
    alone = typer.Typer(add_completion=False)
    panel = next((panel for panel, names in PANELS.items() if name in names), None)
    alone.command(name, rich_help_panel=panel)(with_groups_flattened(function))
    return typer.main.get_command(alone)


def _loaded(name: str) -> Any:
    return getattr(import_module(f"hsidiff.cli.{name}"), FUNCTIONS[name])


def _unloaded(name: str) -> Any:
    """A function that does nothing, with the docstring of the command's, read from its source."""
    source = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    functions = {n.name: n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)}

    def unloaded() -> None: ...

    unloaded.__doc__ = ast.get_docstring(functions[FUNCTIONS[name]])
    return unloaded
