"""The examples in docstrings run and give what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import hsidiff
from documents import ROOT, write_scene_and_points
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
