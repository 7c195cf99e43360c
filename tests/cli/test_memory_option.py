"""``--memory``: how much memory a command may hold, and what is no such amount."""

from pathlib import Path

import pytest

from command_line import Run, SmallFiles, everything_in
from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.maps.geotiff import read_class_map


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, small_files: SmallFiles) -> Path:
    path = tmp_path_factory.mktemp("models") / "lda"
    LinearDiscriminant().fit(small_files.scene, small_files.labels).save(path)
    return path


@pytest.mark.parametrize("command", ["fit", "map", "predict"])
@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ("lots", "--memory lots: expected an amount such as 4GB or 500MB"),
        ("0GB", "--memory 0GB: must be more than nothing"),
        ("10MB", "--memory 10MB: hsidiff holds "),
    ],
)
def test_nonsense_and_too_little_are_refused_in_one_line(
    command: str,
    memory: str,
    expected: str,
    run: Run,
    model: Path,
    small_files: SmallFiles,
    tmp_path: Path,
) -> None:
    words = (model, small_files.scene_path) if command == "predict" else small_files.paths
    more = () if command == "predict" else ("--method", "lda")
    out = tmp_path / ("map.tif" if command == "predict" else "out")
    ended = run(command, *words, *more, "--memory", memory, "-o", out)
    assert ended.exit_code == 2
    assert ended.error.startswith(f"error: {expected}")
    assert everything_in(tmp_path) == set()


def test_the_map_is_the_same_with_any_memory(
    run: Run, model: Path, small_files: SmallFiles, tmp_path: Path
) -> None:
    for name, more in (("plain.tif", ()), ("4GB.tif", ("--memory", "4GB"))):
        words = ("predict", model, small_files.scene_path, *more, "-o", tmp_path / name)
        assert run(*words).exit_code == 0
    assert (read_class_map(tmp_path / "plain.tif") == read_class_map(tmp_path / "4GB.tif")).all()
