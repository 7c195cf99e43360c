"""``hsidiff settings`` says what ``--set`` takes."""

import json
from pathlib import Path

import pytest

from command_line import Run, SmallFiles
from hsidiff.catalog import CLASSIFIERS
from hsidiff.smoothed import SMOOTHING


@pytest.mark.parametrize("method", CLASSIFIERS)
def test_every_setting_is_listed_with_its_default_and_meaning(run: Run, method: str) -> None:
    ended = run("settings", method, "--json")
    assert ended.exit_code == 0, ended.err
    entries = json.loads(ended.out)["settings"]
    params = CLASSIFIERS[method]().get_params(deep=False)
    assert [entry["name"] for entry in entries] == [*params, SMOOTHING]
    for entry in entries[:-1]:
        default = params[entry["name"]]
        assert entry["default"] == (list(default) if isinstance(default, tuple) else default)
        assert len(entry["meaning"]) > 5, entry
        assert not entry["meaning"].startswith(("see ", "as of ")), entry


def test_ranges_are_those_of_the_checks(run: Run) -> None:
    entries = json.loads(run("settings", "cnn-2d", "--json").out)["settings"]
    allowed = {entry["name"]: entry["allowed"] for entry in entries}
    assert allowed["n_epochs"] == "must be a whole number, at least 1"
    lines = run("settings", "spectraldiff").out.splitlines()
    assert "pretrain_steps = that of the profile, must be a whole number, at least 1" in lines
    assert "class_shares = labels, expected one of labels, scene" in lines
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("method", "setting", "allowed"),
    [
        ("knn", "n_neighbors", "must be a whole number, at least 1"),
        ("random-forest", "n_trees", "must be a whole number, from 1 to 10000"),
        ("svm", "C", "must be a number above 0, or None to search for one"),
        ("pca-mean", "n_folds", "must be a whole number, at least 2"),
        ("pca-lda", "shrinkage", "must be 'auto' or from 0 to 1"),
        ("pca-lda", "n_components", "must be a whole number, at least 1"),
    ],
)
def test_baselines_have_ranges_too(run: Run, method: str, setting: str, allowed: str) -> None:
    lines = run("settings", method).out.splitlines()
    line = next(line for line in lines if line.startswith(f"{setting} ="))
    assert line.endswith(f", {allowed}")


def test_an_unknown_setting_is_refused_with_a_hint(
    run: Run, small_files: SmallFiles, tmp_path
) -> None:
    words = ("--method", "svm", "--set", "c=3", "-o", tmp_path / "out")
    ended = run("map", *small_files.paths, *words)
    assert ended.exit_code == 2
    assert "see hsidiff settings svm" in ended.error
    for words in (("svmm",), ("svm", "--profile", "fast")):
        assert run("settings", *words).exit_code == 2


def test_a_docstring_may_send_the_reader_to_a_class_that_nobody_knows(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "own_settings.py").write_text(
        "from dataclasses import dataclass\n"
        "from hsidiff.baselines.knn import NearestNeighbours\n\n\n"
        "@dataclass(repr=False, eq=False)\n"
        "class Own(NearestNeighbours):\n"
        '    """Own.\n\n    Attributes:\n        n_neighbors: see Slopes.\n'
        '        step: see :class:`mine.Slopes`.\n    """\n\n'
        "    step: int = 1\n    name = 'own'\n"
    )
    ended = run("settings", f"{tmp_path / 'own_settings.py'}:Own", "--json")
    meanings = {e["name"]: e["meaning"] for e in json.loads(ended.out)["settings"]}
    assert (meanings["n_neighbors"], meanings["step"]) == ("see Slopes.", "see mine.Slopes.")
