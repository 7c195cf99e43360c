import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from hsidiff.baselines import BASELINES
from hsidiff.catalog import CLASSIFIERS, find_classifier, load_classifier
from hsidiff.errors import MissingFileError, ModelError, SettingError
from hsidiff.methods import METHODS
from hsidiff.smoothed import Smoothed
from small_scenes import small_labels, small_scene


def test_every_method_and_baseline_is_found_by_its_name() -> None:
    assert set(CLASSIFIERS) == set(METHODS) | set(BASELINES)
    assert len(CLASSIFIERS) == len(METHODS) + len(BASELINES)
    for name, classifier in CLASSIFIERS.items():
        assert classifier.name == name
        assert find_classifier(name) is classifier


CONTROLS = {
    "raw", "random-features", "denoising-autoencoder", "pca-lda", "pca-mean", "position",
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_says_what_it_is_and_where_it_comes_from(name: str) -> None:
    # Its own word: a subclass of another is something else.
    about = vars(CLASSIFIERS[name])["about"]
    kind = "control" if name in CONTROLS else "method" if name in METHODS else "baseline"
    assert about.kind == kind
    if about.kind == "control" and about.paper is None:
        assert about.year is None
    else:
        assert re.fullmatch(r"\S.*, \S.*", about.paper)
        assert 1900 < about.year < 2100


COSTS_THAT_GROW_WITH_LABELS = {
    "knn", "random-forest", "svm", "pca-mean", "minigcn", "position", "fast", "raw",
    "random-features", "denoising-autoencoder",
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_says_what_it_costs(name: str) -> None:
    classifier = CLASSIFIERS[name]
    for profile in getattr(classifier, "profiles", ("",)):
        cost = classifier(**({"profile": profile} if profile else {})).cost(200, 16)
        assert (cost.macs_per_pixel is None) is (
            {name, profile} & COSTS_THAT_GROW_WITH_LABELS != set()
        )
        # Whatever it looks at, each class must be told from each other by some number.
        assert cost.n_parameters is None or cost.n_parameters > 16
        assert cost.macs_per_pixel is None or cost.macs_per_pixel > 16


def test_an_unknown_method_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(SettingError, match=r"method='spectraldif'.*did you mean 'spectraldiff'"):
        find_classifier("spectraldif")


OWN_CLASSIFIER = """
from dataclasses import dataclass
from typing import ClassVar

from hsidiff.baselines.lda import LinearDiscriminant

@dataclass(repr=False, eq=False)
class Mine(LinearDiscriminant):
    name: ClassVar[str] = "mine"
    extra: int = 3

not_a_class = 3
"""


def test_a_classifier_of_ones_own_is_found_by_file_and_class(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN_CLASSIFIER)
    mine = find_classifier(f"{path}:Mine")
    assert mine.name == "mine"
    assert mine().get_params()["extra"] == 3
    for name in ("Other", "not_a_class"):
        with pytest.raises(SettingError, match=f"{name} is not a SceneClassifier"):
            find_classifier(f"{path}:{name}")
    with pytest.raises(MissingFileError, match=r"there is no file .*other\.py"):
        find_classifier(f"{tmp_path / 'other.py'}:Mine")


def test_a_saved_classifier_comes_back_as_its_class(tmp_path: Path) -> None:
    scene = small_scene()
    model = CLASSIFIERS["lda"]().fit(scene, small_labels())
    model.save(tmp_path / "model")
    loaded = load_classifier(tmp_path / "model")
    assert type(loaded) is CLASSIFIERS["lda"]
    np.testing.assert_array_equal(loaded.predict(scene), model.predict(scene))


def test_a_saved_classifier_of_ones_own_comes_back_smoothed_or_not(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN_CLASSIFIER)
    mine = find_classifier(f"{tmp_path / 'own.py'}:Mine")
    for model in (mine(extra=4), Smoothed(mine(extra=4))):
        model.fit(small_scene(), small_labels()).save(tmp_path / "model")
        with pytest.raises(SettingError, match=r"method='mine'.*load it with its class"):
            load_classifier(tmp_path / "model")
        with pytest.raises(ModelError, match="holds a 'mine' model, not a 'svm'"):
            load_classifier(tmp_path / "model", CLASSIFIERS["svm"])
        loaded = load_classifier(tmp_path / "model", mine)
        assert type(loaded) is type(model)
        np.testing.assert_array_equal(loaded.predict(small_scene()), model.predict(small_scene()))


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no saved model here"):
        load_classifier(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingFileError, match="no saved model here"):
        load_classifier(tmp_path / "file")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"method": "lda"}', "no json"])
def test_a_broken_configuration_is_a_model_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json is broken: save the model again"):
        load_classifier(tmp_path)


def test_a_model_of_an_unknown_method_is_refused(tmp_path: Path) -> None:
    config = {"method": "from the future", "settings": {}, "hsidiff": "9.0"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(SettingError, match="method='from the future'"):
        load_classifier(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "has no name"),
        ("name = 'lda'", "has the taken name 'lda'"),
        ("name = 'smoothed'", "has the taken name 'smoothed'"),
    ],
)
def test_a_class_of_ones_own_has_a_name_of_its_own(tmp_path: Path, name: str, message: str) -> None:
    path = tmp_path / "mine.py"
    text = "from hsidiff.contract import SceneClassifier\nclass Mine(SceneClassifier):\n"
    text += f"    {name or 'pass'}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=f"Mine {message}: give it one of its own"):
        find_classifier(f"{path}:Mine")
    with pytest.raises(SettingError, match="say which class of the file"):
        find_classifier(str(path))


def test_a_class_of_ones_own_may_use_files_beside_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "part_beside_it.py").write_text("NAME = 'in-two-files'\n")
    (tmp_path / "in_two_files.py").write_text(
        "from hsidiff.baselines.position import PositionOnly\n"
        "from part_beside_it import NAME\n\n"
        "class InTwoFiles(PositionOnly):\n    name = NAME\n"
    )
    assert find_classifier(f"{tmp_path / 'in_two_files.py'}:InTwoFiles").name == "in-two-files"
    assert sys.path[-1] == str(tmp_path.resolve())
