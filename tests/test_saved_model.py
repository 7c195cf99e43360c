"""The folder of a saved model: who may read it, and what is said of one that is not whole."""

import json
import os
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.catalog import load_classifier
from hsidiff.errors import MissingFileError, ModelError
from hsidiff.saved_model import CONFIG, LEARNED, PREPROCESS
from small_scenes import small_labels, small_scene

FILES = (CONFIG, PREPROCESS, LEARNED)
ADVICE = "save the model again, or copy the whole folder"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model in the folder that ``hsidiff map`` would give it."""
    path = tmp_path / "out" / "model"
    LinearDiscriminant().fit(small_scene(), small_labels()).save(path)
    return path


def refusal(folder: Path) -> str:
    with pytest.raises((MissingFileError, ModelError)) as error:
        load_classifier(folder)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_the_umask_decides_who_may_read_each_file(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        LinearDiscriminant().fit(small_scene(), small_labels()).save(tmp_path / "model")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "model").iterdir()}
    assert modes == dict.fromkeys(FILES, 0o666 & ~umask)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_may_not_be_read_is_not_called_missing(folder: Path, name: str) -> None:
    (folder / name).chmod(0)
    assert refusal(folder) == f"{folder / name} may not be read: ask its owner to allow it"


@pytest.mark.parametrize("name", FILES)
def test_every_file_that_is_missing_is_told_in_the_same_words(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert refusal(folder) == f"{folder / name} is missing: {ADVICE}"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", ["", "{}", "[]", "no json", "{", '{"method": ["lda"]}'])
def test_every_file_that_is_broken_is_told_in_the_same_words(
    folder: Path, name: str, content: str
) -> None:
    (folder / name).write_text(content)
    assert refusal(folder) == f"{folder / name} is broken: {ADVICE}"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_is_broken(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    assert refusal(folder) == f"{folder / name} is broken: {ADVICE}"


@pytest.mark.parametrize("changed", [{"method": ["lda"]}, {"method": None}, {"settings": []}])
def test_a_configuration_of_other_things_is_broken(
    folder: Path, changed: dict[str, object]
) -> None:
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps(config | changed))
    assert refusal(folder) == f"{folder / CONFIG} is broken: {ADVICE}"


def test_files_that_do_not_fit_each_other_are_told_with_a_short_reason(folder: Path) -> None:
    save_file({f"other {i}": array for i, array in enumerate(arrays(folder))}, folder / LEARNED)
    told = refusal(folder)
    assert told.startswith(f"{folder} is broken, or of another version of hsidiff (KeyError: ")
    assert told.endswith(f"): {ADVICE}")
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    long = {"x" * 1000: 1}
    (folder / CONFIG).write_text(json.dumps(config | {"settings": long}))
    assert len(refusal(folder)) < len(str(folder)) + 300


def arrays(folder: Path) -> list[object]:
    return list(load_file(folder / LEARNED).values())


def test_a_model_nearby_is_named(folder: Path) -> None:
    hint = f"no saved model here (config.json is missing): did you mean {folder}?"
    assert refusal(folder.parent) == f"{folder.parent}: {hint}"
    assert refusal(folder / LEARNED) == f"{folder / LEARNED}: {hint}"
    advice = "give the folder that a model was saved to"
    assert refusal(folder / "other").endswith(f"(config.json is missing): {advice}")
