"""``hsidiff report``: from the folder of an experiment to the files of its report."""

import json
from pathlib import Path

import pytest
from command_line import Run, everything_in

from fake_experiment import FAILED, write_fake_experiment


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One scene and one split: what the experiment no longer asks for is not read."""
    folder = write_fake_experiment(tmp_path_factory.mktemp("experiment"))
    path = folder / "experiment.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    scene, split, method, _ = FAILED
    about |= {"scenes": {scene: about["scenes"][scene]}, "splits": {split: about["splits"][split]}}
    about["methods"] = {label: about["methods"][label] for label in ("position", method)}
    path.write_text(json.dumps(about), encoding="utf-8")
    return folder


def test_report_writes_tables_and_says_what_failed(
    run: Run, experiment: Path, tmp_path: Path
) -> None:
    before = everything_in(experiment)
    ended = run("report", experiment, "-o", tmp_path / "out")
    assert (ended.exit_code, ended.err) == (0, "")
    assert "cells that failed: 1" in ended.out
    assert "out of memory" in (tmp_path / "out" / "tables.md").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "report.html").is_file()
    assert everything_in(experiment) == before


def test_report_lists_what_it_wrote_as_json(run: Run, experiment: Path, tmp_path: Path) -> None:
    answer = json.loads(run("report", experiment, "-o", tmp_path / "out", "--json").out)
    assert answer["n_failed"] == 1
    assert len(answer["written"]) > 4
    assert all(Path(path).is_file() for path in answer["written"])


def test_report_says_what_is_wrong_in_one_line(run: Run, experiment: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = run("report", empty, "-o", tmp_path / "out")
    assert ended.exit_code == 2
    assert "no experiment.json here" in ended.error

    (empty / "experiment.json").write_text(
        json.dumps({"scenes": {}, "splits": {}, "methods": {}, "seeds": [0]}), encoding="utf-8"
    )
    ended = run("report", empty, "-o", tmp_path / "out")
    assert ended.exit_code == 2
    assert "no cell has a result yet" in ended.error
    assert ended.out == ""
    assert not (tmp_path / "out").exists()

    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    ended = run("report", experiment, "-o", file)
    assert ended.exit_code == 2
    assert "is a file" in ended.error
    assert file.read_text(encoding="utf-8") == "mine"


def test_help_of_report_fits_80_columns(run: Run) -> None:
    ended = run("report", "--help")
    assert ended.exit_code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "…" not in ended.out
