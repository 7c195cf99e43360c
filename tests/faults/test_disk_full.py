"""On a full disk a command ends in one clear line, and what was there before stays as it was."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from command_line import Run, SmallFiles
from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.catalog import find_classifier
from hsidiff.experiment.description import read_experiment
from hsidiff.experiment.run import run_experiment
from hsidiff.files import sha256_of_files
from hsidiff.maps.predict import predict_to_file
from small_experiments import RANDOM, write_experiment

LARGEST = resource.getrlimit(resource.RLIMIT_FSIZE)


@contextmanager
def room_for(n_bytes: int) -> Iterator[None]:
    """No file can grow beyond so many bytes: writing then fails as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, LARGEST[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, LARGEST)


def files_below(folder: Path) -> dict[str, str]:
    """The hash of each file, hidden ones included."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): sha256_of_files([path]) for path in files}


def largest_below(folder: Path) -> int:
    return max(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def works(
    small_files: SmallFiles, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[object]]:
    """What each command is given, but for its output; what it reads is there."""
    folder = tmp_path_factory.mktemp("works")
    scene, labels = small_files.paths
    model = LinearDiscriminant().fit(small_files.scene, small_files.labels)
    model.save(folder / "model")
    predict_to_file(model, small_files.scene, folder / "map.tif")
    path = write_experiment(folder, ["position"], seeds=(0,), splits=RANDOM)
    run_experiment(read_experiment(path, find_classifier), folder / "experiment", find_classifier)
    return {
        "fit": ["fit", scene, labels, "--method", "lda"],
        "predict": ["predict", folder / "model", scene, "--tile-size", 16],
        "map": ["map", scene, labels, "--method", "lda", "--block-px", 5, "--overwrite"],
        "report": ["report", folder / "experiment"],
        "sample": ["sample", folder / "map.tif", "-n", 30],
        "polygons": ["polygons", folder / "map.tif"],
        "experiment": ["experiment", path],
    }


OUTPUTS = {
    "fit": "out", "predict": "out.tif", "map": "out", "report": "out", "sample": "out.gpkg",
    "polygons": "out.gpkg", "experiment": "out",
}  # fmt: skip


@pytest.mark.parametrize("command", OUTPUTS)
def test_a_full_disk_is_said_in_one_line_and_leaves_nothing_half_written(
    command: str, works: dict[str, list[object]], run: Run, tmp_path: Path
) -> None:
    whole, place = tmp_path / "whole", tmp_path / "place"
    words = works[command]
    assert run(*words, "-o", whole / OUTPUTS[command]).exit_code == 0
    n_failed = 0
    for n_bytes in (10, largest_below(whole) - 1):  # too little for any file; for the largest alone
        with room_for(n_bytes):
            ended = run(*words, "-o", place / OUTPUTS[command])
        if ended.exit_code:
            n_failed += 1
            assert ended.exit_code == 2
            assert any(word in ended.error for word in ("File too large", "is there space left?"))
            assert_nothing_half_written(command, place)
        else:  # it was packed to less at last, or noted its seconds in fewer digits
            assert set(files_below(place)) == set(files_below(whole))
    assert n_failed


def assert_nothing_half_written(command: str, place: Path) -> None:
    left = files_below(place) if place.exists() else {}
    if command == "experiment":  # whole cells and what describes them may be there already
        left = {name: digest for name, digest in left.items() if "half-written" in name}
    assert without_begun(left) == {}


def without_begun(files: dict[str, str]) -> dict[str, str]:
    """Files below a folder but for the tiles with which ``predict`` goes on."""
    return {name: digest for name, digest in files.items() if ".out.tif.unfinished/" not in name}


def test_an_earlier_output_outlives_a_full_disk(
    works: dict[str, list[object]], run: Run, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    for command in ("fit", "predict", "map"):
        out = place / command / OUTPUTS[command]
        assert run(*works[command], "-o", out).exit_code == 0
        before = without_begun(files_below(place))
        with room_for(1000):
            assert run(*works[command], "-o", out).exit_code == 2
        assert without_begun(files_below(place)) == before
