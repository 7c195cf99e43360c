"""The folder of a saved model: who may read it, and what is said of one that is not whole."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
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


# What no model of ours holds


@pytest.mark.parametrize("name", [CONFIG, PREPROCESS])
def test_an_unknown_key_is_named(folder: Path, name: str) -> None:
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps(content | {"run": "rm -rf ~"}))
    assert f"{folder / name} holds 'run', which this version" in refusal(folder)


@pytest.mark.parametrize(
    ("name", "changed"),
    [(PREPROCESS, {"n_bands": 10**12}), (PREPROCESS, {"n_bands": 1.5}),
     (PREPROCESS, {"wavelengths_nm": [500.0]}),
     (PREPROCESS, {"wavelengths_nm": [float("nan")] * 12}),
     (PREPROCESS, {"classes": [{"id": 1, "name": "a", "color": "red"}]}),
     (PREPROCESS, {"facts": []}),
     (PREPROCESS, {"classes": []})],
)  # fmt: skip
def test_a_content_of_another_kind_is_broken(
    folder: Path, name: str, changed: dict[str, object]
) -> None:
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps(content | changed))
    assert "is broken" in refusal(folder)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"method": 1e999}', "9" * 100_000])
def test_json_without_end_is_broken(folder: Path, content: str) -> None:
    (folder / CONFIG).write_text(content)
    assert refusal(folder) == f"{folder / CONFIG} is broken: {ADVICE}"


def test_a_pickle_in_place_of_the_arrays_is_never_run(folder: Path, tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "harmed",)

    (folder / LEARNED).write_bytes(pickle.dumps(Harmful()))
    assert refusal(folder) == f"{folder / LEARNED} is broken: {ADVICE}"
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("name", FILES)
def test_a_link_that_leaves_the_folder_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    assert refusal(folder) == f"{folder / name} is broken: {ADVICE}"


def test_a_model_may_lie_behind_a_link_to_its_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert load_classifier(tmp_path / "link").name == "lda"


def test_an_array_of_another_shape_or_name_is_refused(folder: Path) -> None:
    whole = load_file(folder / LEARNED)
    for changed in (
        whole | {"more": np.zeros(3, np.float32)},
        whole | {"spectra": whole["spectra"][:, :-1]},
        whole | {"class_ids": np.arange(len(whole["class_ids"]))},
        whole | {"spectra": whole["spectra"][:-1]},
    ):
        save_file({name: np.ascontiguousarray(a) for name, a in changed.items()}, folder / LEARNED)
        assert refusal(folder).startswith(f"{folder} is broken, or of another version of hsidiff (")
    save_file(whole, folder / LEARNED)
    assert load_classifier(folder).name == "lda"


def test_a_tensor_beyond_any_model_is_refused_before_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = {"huge": {"dtype": "F32", "shape": [200_000, 10**6], "data_offsets": [0, 8 * 10**11]}}
    header = json.dumps(about).encode()
    (folder / LEARNED).write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(folder / LEARNED, 8 + len(header) + 8 * 10**11)
    monkeypatch.setattr("hsidiff.saved_model.load_file", None)
    assert refusal(folder) == f"{folder / LEARNED} is broken: {ADVICE}"


def test_a_model_inside_itself_is_refused(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps(config | {"method": "smoothed", "settings": {}}))
    (folder / "inner").symlink_to(".")
    assert refusal(folder).endswith(f"inner is a link: {ADVICE}")
