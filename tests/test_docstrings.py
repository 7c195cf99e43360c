"""The examples in docstrings run and give what they say; errors that are raised are named."""

import ast
import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import hsidiff
from documents import ROOT, write_scene_and_points
from hsidiff import errors
from hsidiff.cli.commands import FUNCTIONS
from small_scenes import small_fields, small_invalid, small_scene

SOURCE = ROOT / "src"
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in (SOURCE / "hsidiff").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)
FUNCTIONS_WITH_EXAMPLES = (
    "block_split",
    "open_scene",
    "per_class_split",
    "predict_to_file",
    "published_split",
    "random_split",
    "read_labels",
    "score",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with scene.tif and labels.gpkg, from which every example starts."""
    folder = tmp_path_factory.mktemp("data")
    values = ~small_invalid() * (small_fields() + 1)
    write_scene_and_points(folder, small_scene(), values, {1: "corn", 2: "grass", 3: "roof"})
    return folder


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_give_what_they_say(
    name: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    module = import_module(name)
    assert doctest.testmod(module, globs={}, optionflags=doctest.ELLIPSIS).failed == 0
    assert any(test.examples for test in doctest.DocTestFinder().find(module))


@pytest.mark.parametrize("name", FUNCTIONS_WITH_EXAMPLES)
def test_a_function_that_everyone_needs_shows_an_example(name: str) -> None:
    examples = doctest.DocTestParser().get_examples(getattr(hsidiff, name).__doc__ or "")
    assert any(f"hsidiff.{name}(" in example.source for example in examples)


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """The functions of a module, and the methods of its classes, that others may call."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    owners = [tree, *(node for node in classes if not node.name.startswith("_"))]
    for owner in owners:
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield node


def errors_raised_by(function: ast.FunctionDef) -> set[str]:
    """The package's own errors that the body of a function raises itself."""
    raised = (node.exc for node in ast.walk(function) if isinstance(node, ast.Raise))
    calls = (error.func for error in raised if isinstance(error, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name) and hasattr(errors, call.id)}


def unnamed_errors(text: str, commands: set[str] | frozenset[str] = frozenset()) -> set[str]:
    """The functions of a file whose docstring does not name each error that they raise.

    The docstring of a command is its help, and one that says "See :meth:`...`" is another's.
    """
    return {
        function.name
        for function in public_functions(ast.parse(text))
        if function.name not in commands
        and "See :" not in (words := ast.get_docstring(function) or "")
        and not all(error in words for error in errors_raised_by(function))
    }


def test_a_public_function_names_the_errors_that_it_raises() -> None:
    commands = set(FUNCTIONS.values())
    for path in (SOURCE / "hsidiff").rglob("*.py"):
        of_cli = commands if path.parent.name == "cli" else frozenset()
        assert unnamed_errors(path.read_text(encoding="utf-8"), of_cli) == set(), path


def test_an_error_that_is_not_named_would_be_found() -> None:
    body = "raise SceneError('x')"
    assert unnamed_errors(f"def read():\n    'Read.'\n    {body}") == {"read"}
    assert unnamed_errors(f"def read():\n    'A SceneError if not.'\n    {body}") == set()
    assert unnamed_errors(f"def _read():\n    {body}") == set()
