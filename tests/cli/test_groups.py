from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from hsidiff.cli.groups import unwrapped, with_groups_flattened


@dataclass(frozen=True)
class Size:
    rows: Annotated[int, typer.Option(min=1)] = 3
    cols: int = 4


def area(name: str, size: Size, loud: bool = False) -> None:
    """Say an area."""
    assert isinstance(size, Size)
    typer.echo(f"{name} {size.rows * size.cols}{'!' if loud else ''}")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a"], "a 12"),
        (["a", "--rows", "5"], "a 20"),
        (["--cols", "2", "a", "--loud"], "a 6!"),
    ],
)
def test_fields_of_a_group_are_options_of_the_command(words: list[str], expected: str) -> None:
    app = typer.Typer()
    app.command()(with_groups_flattened(area))
    assert CliRunner().invoke(app, words).output.strip() == expected


def test_what_is_declared_of_a_field_holds_and_the_help_is_that_of_the_command() -> None:
    app = typer.Typer()
    app.command()(with_groups_flattened(area))
    assert CliRunner().invoke(app, ["a", "--rows", "0"]).exit_code == 2
    assert "Say an area." in CliRunner().invoke(app, ["--help"]).output


def test_a_paragraph_of_help_is_one_line_for_the_terminal_to_break() -> None:
    text = """Say it.

    A paragraph that goes on
    in a second line.

    Another.
    """
    assert unwrapped(text) == "Say it.\n\nA paragraph that goes on in a second line.\n\nAnother."
    assert unwrapped(None) is None
