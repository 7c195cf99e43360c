import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hsidiff.catalog import find_classifier
from hsidiff.errors import HsidiffWarning, MissingFileError, SettingError
from hsidiff.evaluation.metrics import score
from hsidiff.experiment.description import read_experiment
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.experiment.run import run_experiment
from hsidiff.half_written import SUFFIX
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import block_split
from hsidiff.progress import listen
from hsidiff.scenes.synthetic import make_synthetic_scene
from small_experiments import (
    BLOCKS,
    RANDOM,
    SCENE,
    contents_of_cells,
    write_experiment,
    write_own_classes,
)
from small_scenes import small_cube, small_fields

SVM = "[settings.svm]\nC = 100.0\ngamma = 1.0\n"
# Whoever calls the library sees warnings; the splits of the tiny scene give some.
pytestmark = pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")


def run(path: Path, out: Path, n_jobs: int = 1, retry_failed: bool = False) -> ExperimentFolder:
    asked = read_experiment(path, find_classifier)
    return run_experiment(asked, out, find_classifier, n_jobs=n_jobs, retry_failed=retry_failed)


@pytest.fixture
def in_folder(tmp_path: Path) -> Callable[[str], Path]:
    """An empty folder with the file of own classifiers, by name."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        write_own_classes(folder)
        return folder

    return make


@pytest.mark.slow
def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["svm", "position", "knn"], SVM)
    folder = run(path, tmp_path / "one", n_jobs=1)
    run(path, tmp_path / "two", n_jobs=2)
    assert len(folder.cells) == 12
    assert contents_of_cells(tmp_path / "one") == contents_of_cells(tmp_path / "two")


def test_a_cell_holds_scores_of_its_own_map_on_the_split_that_all_methods_share(
    tmp_path: Path,
) -> None:
    path = write_experiment(tmp_path, ["knn", "position"])
    folder = run(path, tmp_path / "out")
    assert (folder.scenes, folder.splits) == (("tiny",), ("blocks-10", "random-10%"))
    assert folder.methods == ("knn", "position")
    made = make_synthetic_scene((96, 96), 8, n_classes=8)
    labels = LabelMap.from_array(made.label_values, made.class_names, made.class_colors)
    assert folder.classes_of("tiny") == labels.classes
    by_method = [folder.of("tiny", "blocks-10", method) for method in folder.methods]
    assert [cell.seed for cell in by_method[0]] == [0, 1]
    for knn, position in zip(*by_method, strict=True):
        split = folder.split_of(knn)
        expected = block_split(labels, samples_per_class=10, random_state=knn.seed)
        assert split.sha256 == expected.sha256
        for cell in (knn, position):
            assert cell.result["split"]["sha256"] == split.sha256
            scores = score(cell.class_map(), split.test)
            assert cell.result["overall_accuracy"] == scores.overall_accuracy
            assert cell.result["seed"] == cell.seed
        votes = np.unique(knn.confidence()[np.isfinite(made.scene.read()).all(axis=-1)])
        assert set(np.round(5 * votes).tolist()) <= {1, 2, 3, 4, 5}
        assert knn.confidence().max() <= 1
        model = find_classifier("knn")(random_state=knn.seed).fit(made.scene, split.train)
        np.testing.assert_array_equal(knn.class_map(), model.predict(made.scene))


def test_the_guard_is_the_largest_receptive_field_of_all_methods(
    in_folder: Callable[[str], Path],
) -> None:
    folder = in_folder("guard")
    text = f"[settings.spy]\nmethod = 'own.py:Spy'\nlog = '{folder}'\ncontext_px = 1\n"
    splits = BLOCKS + "[[splits]]\nkind = 'blocks'\nname = 'own'\nguard_px = 2\n"
    path = write_experiment(folder, ["spy", "position"], text, seeds=(0,), splits=splits)
    for cell in run(path, folder / "out").cells:
        parameters = cell.result["split"]["parameters"]
        assert parameters["guard_px"] == {"blocks-10": 3, "own": 2}[cell.split]
        assert parameters["receptive_field_px"] == 3


def test_a_shrunk_guard_is_told_once_and_stands_in_every_result(
    in_folder: Callable[[str], Path],
) -> None:
    folder = in_folder("shrunk")
    text = f"[settings.spy]\nmethod = 'own.py:Spy'\nlog = '{folder}'\ncontext_px = 20\n"
    path = write_experiment(folder, ["position", "spy"], text, splits=BLOCKS)
    with pytest.warns(HsidiffWarning) as caught:
        found = run(path, folder / "out")
    assert sum("scene 'tiny', split 'blocks-10'" in str(entry.message) for entry in caught) == 1
    for cell in found.cells:
        assert any("a guard of the receptive field, 41 px" in n for n in cell.result["warnings"])


def test_a_method_that_raises_leaves_the_others(in_folder: Callable[[str], Path]) -> None:
    folder = in_folder("raises")
    path = write_experiment(folder, ["own.py:Raises", "position"], splits=RANDOM)
    found = run(path, folder / "out")
    (failed,) = found.failed
    assert (failed.method, failed.seed, failed.done) == ("own.py:Raises", 1, False)
    assert failed.result["error"] == "ZeroDivisionError: one two"
    assert "_fit" in failed.result["traceback"]
    assert len([cell for cell in found.cells if cell.done]) == 3
    with pytest.raises(MissingFileError):
        failed.class_map()


@pytest.mark.slow
def test_a_worker_that_dies_leaves_the_others(in_folder: Callable[[str], Path]) -> None:
    folder = in_folder("dies")
    path = write_experiment(folder, ["own.py:Dies", "position"], seeds=(0, 1, 2), splits=RANDOM)
    found = run(path, folder / "out", n_jobs=2)
    (failed,) = found.failed
    assert (failed.method, failed.seed) == ("own.py:Dies", 1)
    assert failed.result["error"] == "the worker process ended with exit code 7"
    assert len([cell for cell in found.cells if cell.done]) == 5


def test_failed_cells_are_run_again_when_asked_or_when_their_settings_change(
    in_folder: Callable[[str], Path],
) -> None:
    folder = in_folder("again")
    methods = ["own.py:Raises"]
    path = write_experiment(folder, methods, splits=RANDOM)
    out = folder / "out"

    def results() -> list[Path]:
        return [cell.folder / "result.json" for cell in run(path, out).cells]

    for result in results():
        os.utime(result, (0, 0))
    assert [result.stat().st_mtime for result in results()] == [0, 0]
    retried = run(path, out, retry_failed=True)
    assert (retried.failed[0].folder / "result.json").stat().st_mtime > 0
    own = (folder / "own.py").read_text().replace("self.seed:", "self.seed + 1:")
    (folder / "own.py").write_text(own)
    assert len(run(path, out).failed) == 1
    assert run(path, out, retry_failed=True).failed == ()


def test_labels_that_allow_no_split_fail_in_their_own_cells(tmp_path: Path) -> None:
    splits = RANDOM + "[[splits]]\nkind = 'blocks'\nblock_px = 96\n"
    path = write_experiment(tmp_path, ["position"], seeds=(0,), splits=splits)
    found = run(path, tmp_path / "out")
    (failed,) = found.failed
    assert failed.split == "blocks"
    assert "all labels lie in one block" in failed.result["error"]
    assert [cell.split for cell in found.cells if cell.done] == ["random-10%"]


def test_finished_cells_stay_when_the_file_grows(tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = write_experiment(tmp_path, ["position"], seeds=(0,), splits=RANDOM)
    (first,) = run(path, out).cells
    written = (first.folder / "result.json").stat().st_mtime_ns
    scenes = SCENE + SCENE.replace("tiny", "other").replace("96, 96", "100, 96")
    path = write_experiment(tmp_path, ["knn", "position"], seeds=(3, 0), scenes=scenes)
    grown = run(path, out)
    assert len(grown.cells) == 16
    assert (first.folder / "result.json").stat().st_mtime_ns == written
    # What has left the file is not read; what comes back is there.
    path = write_experiment(tmp_path, ["knn"], seeds=(3,), scenes=scenes)
    assert {(cell.method, cell.seed) for cell in run(path, out).cells} == {("knn", 3)}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"text": "[settings.knn]\nn_neighbors = 3\n"}, "another settings than 'knn'"),
        ({"text": "[choose.knn]\nn_neighbors = [3, 5]\n"}, "candidates and another validation"),
        ({"scenes": SCENE + "random_state = 1\n"}, "another (scene|split)"),
        ({"scenes": SCENE + "drop_bands = [1]\n"}, "bands of the scene"),
        ({"splits": BLOCKS.replace("10", "11") + "name = 'blocks-10'\n"}, "is another split than"),
        ({"splits": BLOCKS + "guard_px = 9\n"}, "is another split than"),
    ],
)
def test_a_file_that_means_something_else_is_refused_and_changes_nothing(
    changed: dict[str, str], message: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(write_experiment(tmp_path, ["knn"], seeds=(0,), splits=BLOCKS), out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    path = write_experiment(tmp_path, ["knn"], seeds=(0,), **{"splits": BLOCKS, **changed})
    with pytest.raises(SettingError, match=message):
        run(path, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_spoilt_split_file_is_made_again(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["position"], seeds=(0,), splits=RANDOM)
    found = run(path, tmp_path / "out")
    before = contents_of_cells(tmp_path / "out")
    (file,) = (tmp_path / "out" / "splits").rglob("*.npz")
    split = found.split_of(found.cells[0])
    file.write_bytes(b"spoilt")
    again = run(path, tmp_path / "out")
    assert again.split_of(again.cells[0]).sha256 == split.sha256
    assert contents_of_cells(tmp_path / "out") == before


def test_a_changed_scene_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "scene.npy", small_cube())
    np.save(tmp_path / "labels.npy", small_fields() + 1)
    scenes = "[[scenes]]\nname = 'small'\npath = 'scene.npy'\nlabels = 'labels.npy'\n"
    path = write_experiment(tmp_path, ["knn"], seeds=(0,), scenes=scenes, splits=RANDOM)
    assert run(path, tmp_path / "out").cells[0].result["scene"]["shape"] == [40, 50]
    np.save(tmp_path / "scene.npy", small_cube(seed=1))
    with pytest.raises(SettingError, match="another scene than 'knn' on 'small'"):
        run(path, tmp_path / "out")


def test_published_labels_serve_their_own_split_and_join_for_others(tmp_path: Path) -> None:
    labels = small_fields() + 1
    np.save(tmp_path / "scene.npy", small_cube())
    np.save(tmp_path / "train.npy", np.where(np.indices(labels.shape)[0] % 4 == 0, labels, 0))
    np.save(tmp_path / "test.npy", np.where(np.indices(labels.shape)[0] % 4 == 2, labels, 0))
    scenes = (
        "[[scenes]]\nname = 'small'\npath = 'scene.npy'\nlabels = 'train.npy'\n"
        "test_labels = 'test.npy'\n" + SCENE
    )
    splits = "[[splits]]\nkind = 'published'\nscenes = ['small']\n" + RANDOM
    path = write_experiment(tmp_path, ["knn"], seeds=(0,), scenes=scenes, splits=splits)
    found = run(path, tmp_path / "out")
    assert [(cell.scene, cell.split) for cell in found.cells] == [
        ("small", "published"),
        ("small", "random-10%"),
        ("tiny", "random-10%"),
    ]
    published, random, _ = (found.split_of(cell) for cell in found.cells)
    np.testing.assert_array_equal(published.train.values, np.load(tmp_path / "train.npy"))
    np.testing.assert_array_equal(published.test.values, np.load(tmp_path / "test.npy"))
    both = published.train.values + published.test.values
    np.testing.assert_array_equal(random.train.values + random.test.values, both)


@pytest.mark.parametrize("splits", [BLOCKS, RANDOM])
def test_a_choice_sees_training_labels_only_and_learns_from_all_of_them_at_last(
    splits: str, in_folder: Callable[[str], Path]
) -> None:
    folder = in_folder("choice")
    (folder / "log").mkdir()
    text = (
        f"[settings.spy]\nmethod = 'own.py:Spy'\nlog = '{folder / 'log'}'\n"
        "[choose.spy]\nshift = [1, 0, 2]\n"
    )
    path = write_experiment(folder, ["spy"], text, seeds=(0,), splits=splits)
    found = run(path, folder / "out")
    (cell,) = found.cells
    choice, split = cell.result["choice"], found.split_of(cell)
    assert choice["chosen"] == {"shift": 0}
    assert cell.result["settings"]["shift"] == 0
    assert [entry["settings"]["shift"] for entry in choice["candidates"]] == [1, 0, 2]
    accuracies = [entry["overall_accuracy"] for entry in choice["candidates"]]
    assert max(accuracies) == accuracies[1] > max(accuracies[0], accuracies[2])

    seen = [np.load(file) for file in (folder / "log").iterdir()]
    seen.sort(key=np.count_nonzero)
    assert len(seen) == 4
    for values in seen:
        assert not values[split.test.values > 0].any()
        np.testing.assert_array_equal(values[values > 0], split.train.values[values > 0])
    np.testing.assert_array_equal(seen[-1], split.train.values)
    assert all(np.count_nonzero(values) < split.train.n_labelled for values in seen[:3])
    n_train = choice["validation"]["n_train"]
    assert n_train == np.count_nonzero(seen[0]) == np.count_nonzero(seen[2])
    if splits == BLOCKS:
        blocks = np.indices(seen[0].shape) // 16
        learned = {tuple(pair) for pair in blocks[:, seen[0] > 0].T.tolist()}
        left_out = (split.train.values > 0) & (seen[0] == 0)
        validation = {tuple(pair) for pair in blocks[:, left_out].T.tolist()}
        assert not learned & validation


def test_progress_goes_over_all_cells(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["position"], splits=RANDOM)
    heard: list[tuple[str, int, int]] = []
    with listen(lambda *report: heard.append(report)):
        run(path, tmp_path / "out")
        run(path, tmp_path / "out")
    of_cells = [report for report in heard if report[0] == "cells"]
    assert of_cells == 2 * [("cells", n, 2) for n in range(3)]


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["position"], seeds=(0,), splits=RANDOM)
    run(path, tmp_path / "out")
    with (tmp_path / "out" / ".lock").open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(SettingError, match="another run is writing"):
            run(path, tmp_path / "out")
    run(path, tmp_path / "out")


@pytest.mark.slow
def test_a_killed_experiment_goes_on_to_the_same_results(
    in_folder: Callable[[str], Path],
) -> None:
    folder = in_folder("killed")
    path = write_experiment(folder, ["own.py:Slow", "knn"], seeds=(0, 1, 2))
    (folder / "wait").touch()  # so that it does not end before it is killed
    out = folder / "out"
    program = "from hsidiff.cli import main; main()"
    words = ["experiment", str(path), "-o", str(out), "--jobs", "2"]
    process = subprocess.Popen([sys.executable, "-c", program, *words])
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if len(list(out.glob("cells/*/*/*/*/result.json"))) >= 2:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    finished = list(out.glob("cells/*/*/*/*/result.json"))
    assert 2 <= len(finished) < 12
    # The moment may have been in the middle of writing a cell or a split.
    for place in ("cells/tiny/blocks-10/knn/.seed-0", "splits/tiny/blocks-10/.seed-0.npz"):
        (out / f"{place}-abcdefgh{SUFFIX}" / "new").mkdir(parents=True)
    written = {result: result.stat().st_mtime_ns for result in finished}

    (folder / "wait").unlink()
    run(path, out)
    run(path, folder / "uninterrupted")
    assert {result: result.stat().st_mtime_ns for result in finished} == written
    assert contents_of_cells(out) == contents_of_cells(folder / "uninterrupted")
    files = [
        {str(path.relative_to(place)) for path in place.rglob("*")}
        for place in (out, folder / "uninterrupted")
    ]
    assert files[0] == files[1]


def test_a_folder_without_an_experiment_or_a_broken_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"no experiment\.json"):
        ExperimentFolder.read(tmp_path)
    path = write_experiment(tmp_path, ["position"], seeds=(0,), splits=RANDOM)
    (cell,) = run(path, tmp_path / "out").cells
    (cell.folder / "result.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(SettingError, match="not the result of a cell"):
        ExperimentFolder.read(tmp_path / "out")
    (cell.folder / "result.json").write_text("{")
    with pytest.raises(SettingError, match="not readable JSON"):
        ExperimentFolder.read(tmp_path / "out")


def test_mapping_around_labels_only_gives_the_same_scores(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["lda"], seeds=(0,), head='map = "labelled"\n')
    some = run(path, tmp_path / "some")
    whole = run(write_experiment(tmp_path, ["lda"], seeds=(0,)), tmp_path / "whole")
    for part, full in zip(some.cells, whole.cells, strict=True):
        assert part.result["confusion_matrix"] == full.result["confusion_matrix"]
        drawn = part.class_map() > 0
        assert not drawn.all()
        np.testing.assert_array_equal(part.class_map()[drawn], full.class_map()[drawn])
        assert drawn[some.split_of(part).test.values > 0].all()


def test_an_unknown_way_to_map_is_refused(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["lda"], head='map = "labels"\n')
    with pytest.raises(SettingError, match=r"map='labels'.*did you mean 'labelled'"):
        read_experiment(path, find_classifier)
