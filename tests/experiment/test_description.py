from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.catalog import find_classifier
from hsidiff.errors import MissingFileError, SettingError
from hsidiff.experiment import scene_source
from hsidiff.experiment.description import Experiment, read_experiment
from hsidiff.experiment.folder import file_name
from hsidiff.scenes.benchmarks import BenchmarkFiles
from small_experiments import SCENE, write_experiment, write_own_classes

FILE_SCENE = """
[[scenes]]
name = "fields"
path = "${SCENES}/fields.tif"
labels = "labels/fields.gpkg"
field = "crop"
drop_bands = [1, 5]
drop_nm = [[1350, 1450], [1800.5, 1950]]
keep_nm = [[400, 2400]]
nodata = -9999
ignore_classes = ["Water", 3]
"""


def read(path: Path) -> Experiment:
    return read_experiment(path, find_classifier)


def test_a_file_is_read_as_it_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENES", "/data")
    text = """
    [settings.fast]
    method = "spectraldiff"
    profile = "fast"
    [grid.fast]
    timesteps = [[5], [100, 200]]
    pretrain_steps = [10]
    [choose.svm]
    C = [1.0, 10.0]
    gamma = [0.5, 2.0]
    """
    asked = read(write_experiment(tmp_path, ["svm", "fast"], text, scenes=FILE_SCENE))
    (scene,) = asked.scenes
    assert scene.path == Path("/data/fields.tif")
    assert scene.labels == tmp_path / "labels" / "fields.gpkg"
    assert scene.nodata == (-9999,)
    assert (scene.field, scene.drop_bands, scene.ignore_classes) == ("crop", (1, 5), ("Water", 3))
    assert (scene.drop_nm, scene.keep_nm) == (((1350, 1450), (1800.5, 1950)), ((400, 2400),))
    assert [split.name for split in asked.splits] == ["blocks-10", "random-10%"]
    assert asked.splits[0].scenes == ("fields",)
    svm, *fast = asked.methods
    assert [method.label for method in fast] == [
        "fast timesteps=[5] pretrain_steps=10",
        "fast timesteps=[100,200] pretrain_steps=10",
    ]
    assert fast[1].settings == {"profile": "fast", "timesteps": (100, 200), "pretrain_steps": 10}
    assert fast[1].make(find_classifier, 7).get_params()["timesteps"] == (100, 200)
    assert fast[1].make(find_classifier, 7).random_state == 7
    assert svm.settings == {}
    assert svm.candidates == (
        {"C": 1.0, "gamma": 0.5}, {"C": 1.0, "gamma": 2.0},
        {"C": 10.0, "gamma": 0.5}, {"C": 10.0, "gamma": 2.0},
    )  # fmt: skip


def test_the_receptive_field_is_the_largest_of_all_candidates(tmp_path: Path) -> None:
    label = f"{write_own_classes(tmp_path).name}:Spy"
    text = f"[choose.{label!r}]\ncontext_px = [0, 4, 2]\n"
    (method,) = read(write_experiment(tmp_path, [label], text)).methods
    assert method.receptive_field_px(find_classifier) == 9
    assert method.to_json()["method"] == "own.py:Spy"


@pytest.mark.parametrize(
    ("parts", "text", "message"),
    [
        ({"head": "sedes = [1]\n"}, "", "did you mean 'seeds'"),
        ({}, "[setings.svm]\nC = 1\n", "did you mean 'settings'"),
        ({}, "[settings.svn]\nC = 1\n", "'svn': expected one of svm, position; did you mean 'svm'"),
        ({}, "[settings.svm]\nn_fold = 3\n", "did you mean 'n_folds'"),
        ({}, "[grid.svm]\nn_fold = [3]\n", "did you mean 'n_folds'"),
        ({}, "[choose.svm]\nn_fold = [3]\n", "did you mean 'n_folds'"),
        ({}, "[grid.svm]\nn_folds = 3\n", "n_folds=3: must be a list"),
        ({}, "[grid.svm]\nn_folds = []\n", "the list is empty"),
        ({}, "[grid.svm]\nn_folds = [3, 3]\n", "3 is there twice"),
        (
            {},
            "[settings.svm]\nn_folds = 3\n[grid.svm]\nn_folds = [3]\n",
            "n_folds is in [settings.svm] and [grid.svm]",
        ),
        ({}, "[settings.svm]\nrandom_state = 3\n", "random_state is given by the seeds"),
        ({}, "[settings.svm]\nmethod = 'svmm'\n", "method='svmm'"),
        ({"head": "validation_fraction = 1\n"}, "", "validation_fraction=1: must be less than 1"),
        ({"head": "validation_fraction = true\n"}, "", "must be a number"),
        ({"scenes": SCENE + "n_band = 3\n"}, "", "did you mean 'n_bands'"),
        ({"scenes": SCENE + "path = 'a.mat'\n"}, "", "'path': expected one of"),
        ({"scenes": SCENE + SCENE}, "", "'tiny' is there twice"),
        ({"scenes": SCENE + SCENE.replace("tiny", "Tiny")}, "", "'tiny' is there twice"),
        (
            {"scenes": "[[scenes]]\nname = 'a'\npath = 'a.mat'\n"},
            "",
            "scenes 'a': labels is missing: add it",
        ),
        ({"scenes": "[[scenes]]\nbenchmark = 'indian-pine'\n"}, "", "mean 'indian-pines'"),
        ({"scenes": "[[scenes]]\nembedded = false\n"}, "", "scenes 1: path is missing: add it"),
        (
            {"scenes": FILE_SCENE.replace("${SCENES}/", "") + "class_names = [1]\n"},
            "",
            "class_names entry 1=1: must be text: put it in quotes",
        ),
        (
            {"scenes": SCENE + "drop_bands = [0]\n"},
            "",
            "drop_bands entry 1=0: must be at least 1: choose another",
        ),
        ({"scenes": SCENE + "drop_nm = [1350, 1450]\n"}, "", "drop_nm"),
        ({"scenes": SCENE + "keep_nm = [[400, 'red']]\n"}, "", "keep_nm"),
        ({"splits": "[[splits]]\nkind = 'block'\n"}, "", "did you mean 'blocks'"),
        ({"splits": "[[splits]]\nname = 'mine'\n"}, "", "kind is missing"),
        ({"splits": "[[splits]]\nkind = 'random'\nblock_px = 3\n"}, "", "'block_px'"),
        ({"splits": "[[splits]]\nkind = 'blocks'\nblock_pix = 3\n"}, "", "mean 'block_px'"),
        ({"splits": "[[splits]]\nkind = 'blocks'\nblock_px = 3.5\n"}, "", "a whole number"),
        ({"splits": "[[splits]]\nkind = 'per-class'\n"}, "", "samples_per_class is missing"),
        ({"splits": "[[splits]]\nkind = 'blocks'\nscenes = ['x']\n"}, "", "expected one of tiny"),
        ({"splits": "[[splits]]\nkind = 'published'\n"}, "", "has no test_labels"),
        ({"splits": 2 * "[[splits]]\nkind = 'blocks'\n"}, "", "'blocks' is there twice"),
        ({"splits": ""}, "", "experiment.toml: splits is missing: add it"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    parts: dict[str, str], text: str, message: str, tmp_path: Path
) -> None:
    path = write_experiment(tmp_path, ["svm", "position"], text, **parts)
    with pytest.raises(SettingError) as caught:
        read(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seeds", [(), (0, 0), (-1,), (True,), (0.5,)])
def test_seeds_are_different_whole_numbers(seeds: tuple[int, ...], tmp_path: Path) -> None:
    path = write_experiment(tmp_path, ["svm"])
    text = path.read_text().replace("seeds = [0, 1]", f"seeds = {str(list(seeds)).lower()}")
    path.write_text(text)
    with pytest.raises(SettingError, match="seeds"):
        read(path)


def test_a_variable_that_is_not_set_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCENES", raising=False)
    path = write_experiment(tmp_path, ["svm"], scenes=FILE_SCENE)
    with pytest.raises(SettingError, match="variable SCENES is not set"):
        read(path)


def test_files_that_are_missing_or_no_toml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such experiment file"):
        read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("seeds = [")
    with pytest.raises(SettingError, match="not readable as TOML"):
        read(tmp_path / "bad.toml")


def test_a_benchmark_that_is_not_there_says_how_to_fetch_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSIDIFF_CACHE", str(tmp_path))
    path = write_experiment(tmp_path, ["svm"], scenes="[[scenes]]\nbenchmark = 'salinas-a'\n")
    (scene,) = read(path).scenes
    assert scene.name == "salinas-a"
    with pytest.raises(MissingFileError, match="hsidiff fetch salinas-a"):
        scene.verified()


def test_a_benchmark_may_have_other_labels_with_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HSIDIFF_CACHE", str(tmp_path))
    paths = [tmp_path / name for name in ("SalinasA_corrected.mat", "SalinasA_gt.mat")]
    found = BenchmarkFiles(*paths, "cube", "usual")
    monkeypatch.setattr(scene_source, "fetch_benchmark", lambda name: found)
    for path in (*paths, tmp_path / "train.tif", tmp_path / "test.tif"):
        path.touch()
    plain = "[[scenes]]\nbenchmark = 'salinas-a'\n"
    own = "name = 'own'\nlabels = 'train.tif'\ntest_labels = 'test.tif'\nclass_names = ['a', 'b']\n"
    scenes = read(write_experiment(tmp_path, ["svm"], scenes=plain + plain + own)).scenes
    usual, other = (scene.verified() for scene in scenes)
    assert (usual.path, usual.labels, usual.labels_variable) == (*paths, "usual")
    assert dict(usual.class_names)[10] == "Corn_senesced_green_weeds"
    assert (other.path, other.variable) == (paths[0], "cube")
    assert (other.labels, other.labels_variable) == (tmp_path / "train.tif", None)
    assert other.class_names == ((1, "a"), (2, "b"))
    (tmp_path / "test.tif").unlink()
    with pytest.raises(MissingFileError, match=r"scene 'own': .*test\.tif does not exist"):
        scenes[1].verified()


@given(st.lists(st.text(st.characters(exclude_characters="%", codec="utf-8")), min_size=2))
def test_different_labels_are_different_folders(labels: list[str]) -> None:
    names = {file_name(label) for label in labels}
    assert len(names) == len(set(labels))
    for name in names:
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name) <= 120


def test_names_of_splits_stay_readable() -> None:
    assert file_name("random-10%") == "random-10%"
    assert file_name("spectraldiff timesteps=[5] layers=[1]") == (
        "spectraldiff timesteps=[5] layers=[1]"
    )
    for name in ("", ".", "..", "../x"):
        assert file_name(name) not in ("", ".", "..")


@pytest.mark.parametrize(("written", "meant"), [("0", (0,)), ("[-9999, 0.5]", (-9999, 0.5))])
def test_one_number_or_several_mean_no_value(
    written: str, meant: tuple[float, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENES", "/data")
    scenes = FILE_SCENE.replace("nodata = -9999", f"nodata = {written}")
    assert read(write_experiment(tmp_path, ["svm"], scenes=scenes)).scenes[0].nodata == meant


def test_a_word_is_no_number_that_means_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENES", "/data")
    scenes = FILE_SCENE.replace("nodata = -9999", "nodata = ['none']")
    with pytest.raises(SettingError, match="nodata entry 1='none': must be a number"):
        read(write_experiment(tmp_path, ["svm"], scenes=scenes))
