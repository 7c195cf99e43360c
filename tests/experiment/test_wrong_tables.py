"""Values of the wrong kind in an experiment's file: one line in our words, never pydantic's."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core._pydantic_core import list_all_errors

from hsidiff.catalog import find_classifier
from hsidiff.errors import SettingError
from hsidiff.experiment.checked_table import in_words
from hsidiff.experiment.description import read_experiment

HEAD = 'seeds = [0]\nmethods = ["svm"]\n'
SCENE = '[[scenes]]\nname = "a"\npath = "a.mat"\nlabels = "g.mat"\n'
SPLIT = '[[splits]]\nkind = "blocks"\nsamples_per_class = 3\n'
THEIRS = re.compile(
    "Input should|Extra input|Field required|[Vv]alid (tuple|list|dict)|Tuple|Value error|datetime"
)
"""Words of pydantic, and of Python."""


def told(tmp_path: Path, text: str) -> str:
    path = tmp_path / "e.toml"
    path.write_text(text)
    with pytest.raises(SettingError) as caught:
        read_experiment(path, find_classifier)
    start, _, rest = str(caught.value).partition("e.toml: ")
    assert start == f"{tmp_path}/"
    assert "\n" not in rest
    assert THEIRS.search(rest) is None, rest
    return rest


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seeds = 3", "seeds=3: must be a list: put it in [ ]"),
        ("seeds = 2020-01-01", "seeds=2020-01-01: must be a list: put it in [ ]"),
        ("seeds = [1, '2']", "seeds entry 2='2': must be a whole number: leave out the quotes"),
        ("seeds = [true]", "seeds entry 1=true: must be a whole number: write one"),
        ("seeds = [inf]", "seeds entry 1=inf: must be a whole number: write one"),
        ("seeds = [-1]", "seeds entry 1=-1: must be at least 0: choose another"),
        ("seeds = [99999999999]", "must be at most 4294967295: choose another"),
        ("methods = [1]", "methods entry 1=1: must be text: put it in quotes"),
        ("methods = {svm = 1}", "methods={...}: must be a list: write [ ], or [[ ]] above each"),
        ("validation_fraction = 'x'", "validation_fraction='x': must be a number: write one"),
        ("validation_fraction = 1", "validation_fraction=1: must be less than 1: choose"),
        ("validation_fraction = nan", "validation_fraction=nan: must be less than 1: choose"),
        ("settings = 3", "settings=3: must be a table: write [its name], and lines NAME = VALUE"),
        ("map = 1", "map=1: expected one of all, labelled"),
        (f"seeds = {list(range(99))!s}x", "not readable as TOML"),
    ],
)
def test_keys_of_the_file(tmp_path: Path, line: str, message: str) -> None:
    key = line.partition(" ")[0]
    head = "".join(f"{old}\n" for old in HEAD.splitlines() if not old.startswith(key))
    if "TOML" in message:
        (tmp_path / "e.toml").write_text(f"{head}{line}\n")
        with pytest.raises(SettingError, match=message):
            read_experiment(tmp_path / "e.toml", find_classifier)
    else:
        assert message in told(tmp_path, f"{head}{line}\n{SCENE}{SPLIT}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("variable = 1", "scenes 'a' variable=1: must be text: put it in quotes"),
        ("variable = ['x']", "scenes 'a' variable=['x']: must be text: name one"),
        ("class_names = 'x'", "scenes 'a' class_names='x': must be a list: put it in [ ]"),
        ("class_names = [1]", "scenes 'a' class_names entry 1=1: must be text: put it in quotes"),
        ("nodata = {a = 1}", "scenes 'a' nodata={...}: must be a number: write one"),
        ("nodata = 'x'", "scenes 'a' nodata='x': must be a number: write one"),
        ("apply_masks = 'true'", "apply_masks='true': must be true or false: leave out the quotes"),
        ("apply_masks = 1", "apply_masks=1: must be true or false: write one"),
        ("band_axis = 0", "band_axis=0: expected one of first, middle, last"),
        ("drop_bands = 3", "drop_bands=3: must be a list: put it in [ ]"),
        ("drop_bands = [1.5]", "drop_bands entry 1=1.5: must be a whole number: write one"),
        ("drop_nm = [1, 2]", "drop_nm entry 1=1: must be a list: put it in [ ]"),
        ("drop_nm = [[1]]", "drop_nm entry 1=[1]: must be longer: add what is not there"),
        ("drop_nm = [[1, 2, 3]]", "drop_nm entry 1=[1, 2, 3]: must be a list of at most 2"),
        ("ignore_classes = [1.5]", "entry 1=1.5: must be a whole number or text: write one"),
        (f"field = {list(range(99))}", "field=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14"),
    ],
)
def test_keys_of_a_scene(tmp_path: Path, line: str, message: str) -> None:
    assert message in told(tmp_path, f"{HEAD}{SCENE}{line}\n{SPLIT}")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("[scenes]\nname = 'a'\n" + SPLIT, "scenes={...}: must be a list: write [ ], or [[ ]]"),
        ("scenes = ['a']\n" + SPLIT, "scenes entry 1='a': must be a table"),
        (SCENE.replace('"a"\n', '""\n', 1) + SPLIT, "scenes 1 name='': must be text that is not"),
        (SCENE.replace('"a"\n', "3\n", 1) + SPLIT, "scenes 1 name=3: must be text"),
        ("[[scenes]]\nbenchmark = 'x'\n" + SPLIT, "scenes 1 benchmark='x': expected one of indian"),
        ("[[scenes]]\nembedded = 1\n" + SPLIT, "scenes 1 embedded=1: must be true or false"),
        ("[[scenes]]\nembedded = true\nshape = [1.5, 2]\n" + SPLIT, "shape entry 1=1.5: must be a"),
        (SCENE + "[[splits]]\nkind = 3\n", "splits 1 kind=3: expected one of blocks"),
        (SCENE + SPLIT + "block_px = 3.5\n", "splits 1 block_px=3.5: must be a whole number"),
        (SCENE + SPLIT + "name = ''\n", "splits 1 name='': must be text that is not empty"),
        (SCENE + SPLIT + "[settings]\nsvm = 3\n", "settings svm=3: must be a table"),
        (SCENE + SPLIT + "[grid.svm]\nC = 3\n", "grid svm C=3: must be a list: put it in [ ]"),
        (SCENE + SPLIT + "[grid.svm]\nC = []\n", "grid svm C: the list is empty: name at least"),
        (SCENE + SPLIT + "[choose.svm.C]\na = 3\n", "choose svm C={...}: must be a list"),
    ],
)
def test_tables(tmp_path: Path, tables: str, message: str) -> None:
    assert message in told(tmp_path, HEAD + tables)


def test_a_scene_may_say_that_it_is_not_generated(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text(f"{HEAD}{SCENE}embedded = false\n{SPLIT}")
    assert not read_experiment(path, find_classifier).scenes[0].embedded


def test_no_kind_of_mistake_is_told_in_other_words_than_ours() -> None:
    for kind in list_all_errors():
        mistake: dict[str, Any] = {
            "type": kind["type"], "input": "x", "ctx": kind.get("example_context") or {},
        }  # fmt: skip
        words = in_words([mistake], "x")
        assert THEIRS.search(words) is None
        assert kind["example_message_python"] not in words


def test_the_numbers_of_a_limit_are_told() -> None:
    class Limited(BaseModel):
        share: float

    with pytest.raises(ValidationError) as caught:
        Limited.model_validate({"share": "much"})
    assert in_words(caught.value.errors(), "much") == "must be a number: write one"
