"""``hsidiff report``: from the folder of an experiment to the files of its report."""

import json
from pathlib import Path

import pytest

from command_line import Run, everything_in
from fake_experiment import FAILED, write_fake_experiment
from hsidiff.report.experiment_page import Gallery


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


def test_report_deletes_no_file_of_the_user(run: Run, experiment: Path, tmp_path: Path) -> None:
    own = tmp_path / "paper" / "figures" / "sketch.svg"
    own.parent.mkdir(parents=True)
    own.write_text("mine", encoding="utf-8")
    for _ in range(2):
        ended = run("report", experiment, "-o", tmp_path / "paper")
        assert (ended.exit_code, ended.err) == (0, "")
        assert own.read_text(encoding="utf-8") == "mine"
        assert len(list(own.parent.iterdir())) > 5


def test_report_that_is_interrupted_writes_neither_tables_nor_page(
    run: Run, experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Gallery, "add", interrupt)
    ended = run("report", experiment, "-o", tmp_path / "out")
    assert ended.exit_code == 130
    assert everything_in(tmp_path) == set()


def test_report_does_not_replace_the_page_of_a_map(
    run: Run, experiment: Path, tmp_path: Path
) -> None:
    mapped = tmp_path / "mapped"
    (mapped / "model").mkdir(parents=True)
    (mapped / "run.json").write_text("{}", encoding="utf-8")
    before = everything_in(tmp_path)
    ended = run("report", experiment, "-o", mapped)
    assert ended.exit_code == 2
    assert f"{mapped}: holds a map with its model (run.json, model/)" in ended.error
    assert ended.error.endswith("give another folder")
    assert everything_in(tmp_path) == before


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
