"""How the package is built: one parent at most, choices where parts are built, names of methods."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

from hsidiff.catalog import CLASSIFIERS
from hsidiff.contract import SceneClassifier
from hsidiff.methods import METHODS
from hsidiff.two_step import TwoStepClassifier

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "hsidiff"
FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}


def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


# One parent


def parents_of(classifier: type[SceneClassifier]) -> list[type]:
    """The classes between a classifier and the contract."""
    between = classifier.__mro__[1 : classifier.__mro__.index(SceneClassifier)]
    return [parent for parent in between if issubclass(parent, SceneClassifier)]


Behaviour = FunctionType | property | classmethod

# Another baseline, whose estimator sees principal components.
ON_COMPONENTS = {"pca-lda": "LinearDiscriminant", "pca-mean": "SupportVectorMachine"}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_between_a_classifier_and_the_contract_stands_one_parent_at_most(name: str) -> None:
    parents = [parent.__name__ for parent in parents_of(CLASSIFIERS[name])]
    if name in ON_COMPONENTS:
        assert parents == ["OnComponents", ON_COMPONENTS[name], "SpectralBaseline"]
    else:
        assert len(parents) <= 1


def test_every_method_is_values_and_a_head() -> None:
    for method in METHODS.values():
        assert [parent.__name__ for parent in parents_of(method)] == ["TwoStepClassifier"]
        # Its file says what its parts are, and leaves the steps alone.
        own = {name for name, value in vars(method).items() if isinstance(value, Behaviour)}
        inherited = {name for name in dir(TwoStepClassifier) if not name.startswith("__")}
        assert own & inherited == {"_parts"}


# Choices

# Where parts are built they are looked up by name, so nothing needs to branch on one.
CHOICES = {"linear", "transformer", "chosen", "ctssfm", "noisy", "clean"}
# A layer of the transformer that happens to be called so, too.
OTHER_MEANINGS = {"networks/pixel_transformer.py": {"linear"}}


def strings_in(node: ast.AST) -> set[str]:
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def branches_on(tree: ast.AST) -> set[str]:
    """The strings that something is compared with, or matched to."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Compare | ast.MatchValue))
    return set().union(*map(strings_in, nodes))


def test_no_branch_tells_heads_or_extractions_apart() -> None:
    found = {
        (name, choice)
        for name in FILES
        for choice in CHOICES & branches_on(tree_of(name)) - OTHER_MEANINGS.get(name, set())
    }
    assert not found


@pytest.mark.parametrize(
    "line",
    ["x = y == 'linear'", "if 'noisy' != y: pass", "x = y in ('clean', 1)",
     "match y:\n    case 'linear': pass"],
)  # fmt: skip
def test_a_branch_is_seen(line: str) -> None:
    assert branches_on(ast.parse(line)) & CHOICES


# Names of methods


def words_of_code(tree: ast.Module) -> Iterator[str]:
    """Names and strings of a file, without its docstrings."""
    # Strings that stand by themselves: docstrings, of names as well.
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


MAY_NAME_METHODS = {"catalog.py"}
# An everyday word, and a discriminant that the linear head weighs.
NAMES = CLASSIFIERS.keys() - {"position", "lda"}
CLASSES = {classifier.__name__ for classifier in CLASSIFIERS.values()}


def names_of_methods(words: Iterator[str]) -> set[str]:
    """The methods that are named, by their word or their class."""
    return {word for word in words if word in NAMES | CLASSES}


def test_what_all_methods_share_names_none_of_them() -> None:
    shared = [name for name in FILES if not name.startswith(("methods/", "baselines/"))]
    found = {name: names_of_methods(words_of_code(tree_of(name))) for name in shared}
    assert {name for name, named in found.items() if named} == MAY_NAME_METHODS


def test_a_methods_name_is_seen_in_code_and_not_in_docstrings() -> None:
    program = '"""svm"""\nLIMIT = 3\n"""as in SpectralDiff"""\nx = y.name == "svm"\nz = DiffCRN\n'
    assert names_of_methods(words_of_code(ast.parse(program))) == {"svm", "DiffCRN"}


# The picture


def floors_of_the_linter() -> list[set[str]]:
    """The layers of the import-linter's contract, from the top."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    return [set(re.split(r"\s*\|\s*", layer)) for layer in contract["layers"]]


def floors_of_the_picture() -> list[set[str]]:
    """The modules that each line of the picture in ARCHITECTURE.md begins with.

    The first block of code below the heading has a line for each floor: its modules, two or more
    spaces between them, then three or more spaces and free text.
    """
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    below = text.split("\n## The picture\n", 1)[1]
    block = re.search(r"^```[^\n]*\n(.*?)^```", below, re.DOTALL | re.MULTILINE)
    assert block is not None
    modules = set().union(*floors_of_the_linter())
    floors = []
    for line in filter(str.strip, block[1].splitlines()):
        floor: set[str] = set()
        for word in re.split(r"\s{2,}", line.strip()):
            if word not in modules:
                break
            floor.add(word)
        floors.append(floor)
    return floors


def test_the_picture_of_the_floors_is_what_the_linter_checks() -> None:
    assert floors_of_the_picture() == floors_of_the_linter()
    assert len(set().union(*floors_of_the_linter())) == sum(map(len, floors_of_the_linter()))


def test_every_folder_and_module_has_its_floor() -> None:
    modules = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")}
    assert set().union(*floors_of_the_linter()) == modules - {"py"}
