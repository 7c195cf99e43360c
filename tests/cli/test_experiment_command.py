import json
from pathlib import Path

import pytest

from command_line import Run, everything_in
from hsidiff.experiment.folder import ExperimentFolder
from small_experiments import BLOCKS, RANDOM, SCENE, write_experiment, write_own_classes


def test_scores_are_told_with_mean_and_deviation(run: Run, tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["position", "knn"], splits=RANDOM)
    ended = run("experiment", path, "-o", tmp_path / "out")
    assert ended.exit_code == 0, ended.err
    heading, position, knn, written = ended.out.splitlines()
    assert heading == "tiny, random-10%: overall accuracy"
    cells = ExperimentFolder.read(tmp_path / "out").of("tiny", "random-10%", "position")
    first, second = (100 * cell.result["overall_accuracy"] for cell in cells)
    mean, deviation = (first + second) / 2, abs(first - second) / 2**0.5
    assert position.split() == ["position", f"{mean:.1f}", "±", f"{deviation:.1f}", "2", "seeds"]
    assert knn.split()[0] == "knn"
    assert written == f"written: {tmp_path / 'out'}"


def test_json_is_the_table_and_what_failed_and_the_exit_code_says_so(
    run: Run, tmp_path: Path
) -> None:
    write_own_classes(tmp_path)
    path = write_experiment(tmp_path, ["own.py:Raises", "position"], splits=RANDOM)
    ended = run("experiment", path, "-o", tmp_path / "out", "--json")
    assert ended.exit_code == 1
    answer = json.loads(ended.out)
    assert [(row["method"], row["n_seeds"]) for row in answer["scores"]] == [
        ("own.py:Raises", 1),
        ("position", 2),
    ]
    assert answer["scores"][0]["deviation"] is None
    name = "own.py:Raises on tiny, random-10%, seed 1"
    assert answer["failed"] == [{"cell": name, "error": "ZeroDivisionError: one two"}]

    ended = run("experiment", path, "-o", tmp_path / "out")
    assert ended.exit_code == 1
    assert f"failed: {name}: ZeroDivisionError: one two" in ended.out.splitlines()
    path.write_text(path.read_text() + "[settings.'own.py:Raises']\nseed = 9\n")
    ended = run("experiment", path, "-o", tmp_path / "other")
    assert ended.exit_code == 0


def test_failed_cells_wait_for_the_option(run: Run, tmp_path: Path) -> None:
    own = write_own_classes(tmp_path)
    path = write_experiment(tmp_path, ["own.py:Raises"], splits=RANDOM)
    assert run("experiment", path, "-o", tmp_path / "out").exit_code == 1
    own.write_text(own.read_text().replace("self.random_state == self.seed", "False"))
    assert run("experiment", path, "-o", tmp_path / "out").exit_code == 1
    assert run("experiment", path, "-o", tmp_path / "out", "--retry-failed").exit_code == 0


def test_an_interrupted_experiment_says_how_it_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hsidiff.cli.experiment.run_experiment", interrupt)
    path = write_experiment(tmp_path, ["position"], splits=RANDOM)
    ended = run("experiment", path, "-o", tmp_path / "out")
    assert ended.exit_code == 130
    assert ended.err.splitlines()[0].startswith("note: the same command goes on")


def test_a_refused_experiment_leaves_no_new_folder(run: Run, tmp_path: Path) -> None:
    splits = RANDOM.replace("random", "blocks") + "samples_per_class = -30\n"
    path = write_experiment(tmp_path, ["position"], splits=splits)
    (tmp_path / "there").mkdir()
    for name in ("new", "there"):
        ended = run("experiment", path, "-o", tmp_path / name)
        assert (ended.exit_code, "samples_per_class=-30" in ended.error) == (2, True)
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "there").exists()


@pytest.mark.parametrize(
    ("text", "scenes", "message"),
    [
        ("[settings.knn]\nneighbors = 3\n", SCENE, "did you mean 'n_neighbors'"),
        ("", "[[scenes]]\nname = 'a'\npath = 'a.mat'\nlabels = 'b.mat'\n", "a.mat does not exist"),
        ("", SCENE.replace("96, 96", "9, 9"), "shape=(9, 9)"),
    ],
)
def test_mistakes_in_the_file_end_the_command_before_anything_runs(
    text: str, scenes: str, message: str, run: Run, tmp_path: Path
) -> None:
    path = write_experiment(tmp_path, ["knn"], text, scenes=scenes, splits=RANDOM)
    ended = run("experiment", path, "-o", tmp_path / "out")
    assert ended.exit_code == 2
    assert message in ended.error
    assert everything_in(tmp_path / "out") <= {".lock"}


def test_a_split_out_of_range_ends_the_command(run: Run, tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["knn"], splits=RANDOM.replace("0.1", "1.1"))
    ended = run("experiment", path, "-o", tmp_path / "out")
    assert ended.exit_code == 2
    assert "train_fraction=1.1" in ended.error


def test_notes_name_scene_and_split(run: Run, tmp_path: Path) -> None:
    splits = BLOCKS + "receptive_field_px = 41\n"
    path = write_experiment(tmp_path, ["position"], splits=splits)
    ended = run("experiment", path, "-o", tmp_path / "out")
    assert ended.exit_code == 0
    (note,) = (line for line in ended.err.splitlines() if line.startswith("note: "))
    assert note.startswith("note: scene 'tiny', split 'blocks-10': a guard of the receptive field")
