"""What the pages tell people to type is understood, and their examples run."""

import pkgutil
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

import hsidiff
from documents import PAGES, ROOT, blocks_in, command_lines, text_of
from hsidiff.catalog import find_classifier
from hsidiff.cli.app import app
from hsidiff.cli.commands import FUNCTIONS, Commands
from hsidiff.experiment.description import read_experiment
from hsidiff.experiment.run import run_experiment
from small_experiments import SCENE, write_experiment
from small_scenes import small_labels, small_scene

PAGE_NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
TYPED = [(page, words) for page in PAGE_NAMES for words in command_lines(page)]
BLOCKS_30 = """
[[splits]]
kind = "blocks"
samples_per_class = 30
"""
QUICK_SVM = "[settings.svm]\nC = 10.0\ngamma = 1.0"


def parsed(words: list[str]) -> dict[str, Any]:
    """What ``hsidiff`` reads from the words after its name; nothing is run."""
    group = typer.main.get_command(app)
    assert isinstance(group, Commands)
    with group.make_context("hsidiff", []) as root:
        name, command, rest = group.resolve_command(root, list(words))
        with command.make_context(name, rest, parent=root) as context:
            found: dict[str, Any] = context.params
            return found


def check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{words[0]}:", makefile, flags=re.MULTILINE), words


def check_python(words: list[str]) -> None:
    if words[0].endswith(".py"):
        assert (ROOT / words[0]).exists(), words
        return
    option, module, *rest = words
    assert option == "-m"
    parser = import_module(module)._parser()
    parser.parse_args(rest)


AS_THEY_STAND = [page for page in PAGE_NAMES if page not in ("README.md", "CONTRIBUTING.md")]
"""Those of the other two have tests of their own."""
CHECKS = {"hsidiff": parsed, "make": check_make, "python": check_python}
"""Other programs are not ours to check."""
OF_OTHERS = {
    "docs/any-size.md": {"--nthreads", "--workers"},  # of Dask; one that is not there, and why
    "docs/decisions/0034-tiles-of-windows.md": {"--workers"},
    "docs/performance.md": {"--node-rank"},  # of torchrun
    "docs/results.md": {"--way"},  # of a script in experiments
}
"""Options in the text that are none of the commands'."""


@pytest.mark.parametrize(("page", "words"), TYPED, ids=[" ".join(words) for _, words in TYPED])
def test_a_command_line_is_understood(page: str, words: list[str]) -> None:
    program, *rest = words
    CHECKS.get(program, len)(rest)
    for word in rest:
        if word.startswith(("experiments/", "docs/", "benchmarks/")) and "MACHINE" not in word:
            assert (ROOT / word).exists(), (page, word)


def test_a_command_line_that_is_wrong_would_be_found() -> None:
    assert parsed(["info", "scene.tif", "--json"])["as_json"] is True
    for words in (["map", "scene.tif"], ["info", "scene.tif", "--jsn"], ["fetsh", "x"]):
        with pytest.raises(typer.TyperException):
            parsed(words)


def test_every_option_and_command_that_a_page_names_is_one() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, Commands)
    known = {"--help", "--version"}
    with group.make_context("hsidiff", []) as root:
        for name in FUNCTIONS:
            _, command, _ = group.resolve_command(root, [name])
            known |= {option for parameter in command.params for option in parameter.opts}
    for page in [*PAGE_NAMES, "CHANGELOG.md"]:
        options = set(re.findall(r"`(--[a-z][a-z-]*)", text_of(page)))
        assert options <= known | OF_OTHERS.get(page, set()), page
        assert set(re.findall(r"`hsidiff ([a-z]+)", text_of(page))) <= FUNCTIONS.keys(), page


def found_in_the_package(dotted: str) -> bool:
    """Whether a name such as ``hsidiff.maps.confidence`` is a module, or something in one."""
    try:
        pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("page", [*PAGE_NAMES, "CHANGELOG.md"])
def test_every_name_of_the_package_on_a_page_is_there(page: str) -> None:
    named = set(re.findall(r"(?<![\w./-])hsidiff(?:\.[A-Za-z_]\w*)+", text_of(page)))
    assert {name for name in named if not found_in_the_package(name)} == set()


def test_a_name_that_the_package_lacks_would_be_found() -> None:
    assert found_in_the_package("hsidiff.maps.confidence.ConfidenceLayer")
    assert not found_in_the_package("hsidiff.open_scenes")
    assert not found_in_the_package("hsidiff.mapping")


@pytest.mark.parametrize(("page", "file"), blocks_in("toml"))
def test_the_file_of_an_experiment_is_understood(
    page: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSIDIFF_DATA", str(tmp_path))
    own = "from hsidiff.baselines.lda import LinearDiscriminant\n"
    own += "class MyMethod(LinearDiscriminant):\n    name = 'mine'\n"
    (tmp_path / "own.py").write_text(own, encoding="utf-8")
    (tmp_path / "compare.toml").write_text(file, encoding="utf-8")
    asked = read_experiment(tmp_path / "compare.toml", find_classifier)
    assert asked.methods, page


@pytest.fixture
def names(in_a_folder_with_data: Path) -> dict[str, Any]:
    """What an example may take as given: a scene, labels, a model, and the folder ``runs``."""
    renamed = SCENE.replace("tiny", "salinas-a")
    path = write_experiment(
        in_a_folder_with_data, ["svm"], QUICK_SVM, seeds=(0,), scenes=renamed, splits=BLOCKS_30
    )
    run_experiment(read_experiment(path, find_classifier), "runs", find_classifier)
    return {
        "hsidiff": hsidiff,
        "scene": small_scene(),
        "train_labels": small_labels(),
        "labels": hsidiff.read_labels("labels.gpkg", hsidiff.open_scene("scene.tif")),
        "model": hsidiff.SpectralDiff(),
        "folder": in_a_folder_with_data / "saved",
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")
def test_the_examples_in_python_run(names: dict[str, Any]) -> None:
    examples = [(page, block) for page, block in blocks_in("python") if page in AS_THEY_STAND]
    assert len(examples) >= 2
    for page, example in examples:
        exec(compile(example, page, "exec"), dict(names))


def test_the_folder_of_an_experiment_looks_as_its_page_says(names: dict[str, Any]) -> None:
    (tree,) = re.findall(r"```\nruns/\n(.*?)```", text_of("docs/experiments.md"), flags=re.DOTALL)
    listed = [line.split()[0] for line in tree.splitlines() if "networks/" not in line]
    assert len(listed) >= 4
    for path in listed:
        assert list(Path("runs").glob(re.sub("[A-Z]+", "*", path))), path
