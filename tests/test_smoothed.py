"""The wrapper that smooths any classifier: what it sees, what it learns, its tiles, its folder."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from hsidiff.baselines.cnn2d import SpatialCNN
from hsidiff.baselines.position import PositionOnly
from hsidiff.baselines.svm import SupportVectorMachine
from hsidiff.catalog import load_classifier
from hsidiff.contract import SceneClassifier
from hsidiff.errors import MissingFileError, ModelError, SettingError
from hsidiff.labels.block_split import block_split
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.methods.controls import RandomFeatures, RawSpectra
from hsidiff.methods.spectraldiff import SpectralDiff
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.smoothed import Smoothed, build_classifier
from hsidiff.windows.smoothing import find_guide, smooth_probabilities
from small_scenes import scene_of, small_cube, small_fields, small_invalid, small_labels

pytestmark = pytest.mark.usefixtures("quick_experts")

FIXED_SVM = {"C": 10.0, "gamma": 1.0}

# Probabilities of a spectrum, of a place, of a denoiser, of a network that sees the pixel's noise.
INNER: dict[str, Callable[[], SceneClassifier]] = {
    "svm": partial(SupportVectorMachine, **FIXED_SVM),
    "position": PositionOnly,
    "spectraldiff": partial(SpectralDiff, pretrain_steps=1, head="linear", device="cpu"),
    "random-features": partial(RandomFeatures, extraction="noisy", head="linear", device="cpu"),
}


def noisy_scene(shape: tuple[int, int] = (40, 50)) -> Scene:
    """A scene whose covers are hard to tell apart pixel by pixel."""
    cube = small_cube(shape, noise=0.4)
    cube[small_invalid(shape), -1] = np.nan
    return scene_of(cube)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return noisy_scene()


@pytest.fixture
def fitted(scene: Scene) -> Smoothed:
    return Smoothed(SupportVectorMachine(**FIXED_SVM)).fit(scene, small_labels())


def learned(model: SceneClassifier) -> set[str]:
    """The names of what was learned."""
    return vars(model).keys() - model.get_params(deep=False).keys()


# The map


@pytest.mark.parametrize("name", INNER)
def test_the_map_is_the_smoothed_map_of_the_classifier_whatever_the_tiles(
    scene: Scene, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Smoothed(INNER[name]()).fit(scene, small_labels())
    bare = model.model_.predict_proba(scene)
    expected = smooth_probabilities(bare, scene.read(), find_guide(scene, None), 2)
    assert np.abs(expected - bare).max() > 0.1
    for tile_size, n_cores in ((64, 1), (17, 3), (12, 1)):
        monkeypatch.setattr("hsidiff.contract.usable_cores", partial(int, n_cores))
        found = model.predict_proba(scene, tile_size)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(model.predict(scene), model.most_probable(expected))
    window = Window(3, 40, 6, 9)
    found = model.predict_proba_window(scene, window)
    np.testing.assert_allclose(found, expected[window.slices], rtol=0, atol=1e-5)


def test_probabilities_sum_to_1_and_are_0_at_invalid_pixels(scene: Scene, fitted: Smoothed) -> None:
    probabilities = fitted.predict_proba(scene, window_px=9)
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), ~small_invalid(), atol=1e-5)
    empty = scene_of(np.full((9, 11, 12), np.nan, dtype=np.float32))
    assert not fitted.predict(empty).any()


def test_it_makes_a_map_of_noisy_spectra_better(scene: Scene, fitted: Smoothed) -> None:
    valid = ~small_invalid()
    before, after = (
        (model.predict(scene) == small_fields() + 1)[valid].mean()
        for model in (fitted.model_, fitted)
    )
    assert after > before + 0.05


@dataclass(repr=False, eq=False)
class InScene(PositionOnly):
    """Refuses windows that leave the scene."""

    name: ClassVar[str] = "in-scene"

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        assert window.clipped((40, 50)) == window
        return super()._predict_proba_tile(cube, window)


def test_the_classifier_is_asked_about_pixels_of_the_scene_only(scene: Scene) -> None:
    model = Smoothed(InScene(), radius_px=3).fit(scene, small_labels())
    expected = Smoothed(PositionOnly(), radius_px=3).fit(scene, small_labels())
    found = model.predict_proba(scene, window_px=12)
    np.testing.assert_array_equal(found, expected.predict_proba(scene, window_px=12))


# How far it sees


@pytest.mark.parametrize("radius_px", [1, 3])
def test_a_change_reaches_as_far_as_the_halo_says(scene: Scene, radius_px: int) -> None:
    model = Smoothed(SupportVectorMachine(**FIXED_SVM), radius_px)
    model.fit(scene, small_labels())
    changed = scene.read()
    changed[15, 30] += 0.3
    moved = (model.predict_proba(scene_of(changed)) != model.predict_proba(scene)).any(axis=-1)
    row, col = np.indices(moved.shape)
    distance = np.maximum(np.abs(row - 15), np.abs(col - 30))
    assert model.halo_px == 2 * radius_px
    assert distance[moved].max() == model.halo_px


@pytest.mark.parametrize(
    ("model", "inner_px"),
    [
        (PositionOnly(), 0),
        (SpatialCNN(), 3),
        (RawSpectra(head="transformer"), 2),
        (SpectralDiff(), 4 + 7),
    ],
)
def test_the_halo_is_that_of_the_classifier_and_twice_the_radius(
    model: SceneClassifier, inner_px: int
) -> None:
    assert model.halo_px == inner_px
    assert Smoothed(model).halo_px == inner_px + 4
    assert Smoothed(model, radius_px=1).receptive_field_px == 2 * (inner_px + 2) + 1


def test_the_guard_and_the_measured_leakage_count_it() -> None:
    labels = LabelMap.from_array(small_fields((120, 120)) + 1)
    receptive_field_px = Smoothed(SupportVectorMachine()).receptive_field_px
    split = block_split(labels, receptive_field_px=receptive_field_px)
    assert split.parameters["guard_px"] == receptive_field_px == 9
    assert measure_leakage(split, receptive_field_px).receptive_field_share == 0


def test_a_map_costs_what_that_of_the_classifier_costs() -> None:
    for model in (SpatialCNN(), SpectralDiff(), PositionOnly()):
        assert Smoothed(model).cost(12, 3) == model.cost(12, 3)


# Settings


def test_the_constructor_stores_settings_and_nothing_else() -> None:
    inner = PositionOnly()
    model = Smoothed(inner, radius_px=3)
    assert vars(model) == {"model": inner, "radius_px": 3, "pretrain_on": "scene"}


def test_settings_of_the_classifier_are_reached_by_their_nested_names(
    scene: Scene, fitted: Smoothed
) -> None:
    assert fitted.get_params()["model__C"] == 10.0
    copy = clone(fitted)
    assert copy.model is not fitted.model
    assert learned(copy) == set()
    copy.set_params(model__random_state=7, radius_px=1)
    assert (copy.model.random_state, copy.radius_px) == (7, 1)
    assert fitted.model_.random_state == 0
    # What was learned with other settings is forgotten.
    fitted.set_params(model__random_state=7)
    assert learned(fitted) == set()
    with pytest.raises(NotFittedError):
        fitted.predict(scene)


def test_a_fit_leaves_the_classifier_that_was_given_unfitted(fitted: Smoothed) -> None:
    assert learned(fitted.model) == set()
    assert fitted.model_ is not fitted.model


def test_a_device_can_be_changed_after_the_fit(scene: Scene) -> None:
    model = Smoothed(RandomFeatures(head="linear", device="cpu")).fit(scene, small_labels())
    before = model.predict_proba(scene)
    model.set_params(model__device="gpu")
    assert (model.model.device, model.model_.device) == ("gpu", "gpu")
    with pytest.raises(SettingError, match="device='gpu'"):
        model.predict(scene)
    model.set_params(model__device="cpu")
    np.testing.assert_array_equal(model.predict_proba(scene), before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"radius_px": 0}, "radius_px=0: must be at least 1"),
        ({"radius_px": 1.5}, "radius_px=1.5: must be a whole number"),
        ({"pretrain_on": "blocks"}, "pretrain_on='blocks'"),
        ({"pretrain_on": "train_blocks"}, "do not say which blocks are theirs"),
    ],
)
def test_a_wrong_setting_is_refused_at_fit(
    scene: Scene, settings: dict[str, object], message: str
) -> None:
    model = Smoothed(PositionOnly(), **settings)
    with pytest.raises(SettingError, match=message):
        model.fit(scene, small_labels())
    assert learned(model) == set()


def test_a_fit_that_fails_leaves_nothing_of_the_one_before(scene: Scene, fitted: Smoothed) -> None:
    failing, refused = deepcopy(fitted), deepcopy(fitted)
    failing.model.n_folds = 1
    with pytest.raises(SettingError, match="n_folds=1"):
        failing.fit(scene, small_labels())
    with pytest.raises(ValueError, match="no_such_setting"):
        refused.set_params(radius_px=1, no_such_setting=1)
    assert learned(failing) == learned(refused) == set()


def test_smoothing_is_a_setting_of_every_classifier_by_name() -> None:
    model = build_classifier(SupportVectorMachine, {"C": 3.0, "smoothing_radius_px": 4})
    assert isinstance(model, Smoothed)
    assert (model.radius_px, model.model.C, model.pretrain_on) == (4, 3.0, "scene")
    settings = {"pretrain_on": "train_blocks", "smoothing_radius_px": 1}
    assert not build_classifier(RawSpectra, settings).transductive
    assert type(build_classifier(SupportVectorMachine, {})) is SupportVectorMachine
    unsmoothed = build_classifier(SupportVectorMachine, {"smoothing_radius_px": None})
    assert type(unsmoothed) is SupportVectorMachine
    with pytest.raises(SettingError, match=r"smoothing_radius_px=2\.5: must be a whole number"):
        build_classifier(SupportVectorMachine, {"smoothing_radius_px": 2.5})


def test_a_result_says_which_classifier_and_how_it_is_smoothed() -> None:
    model = Smoothed(SpectralDiff(random_state=5), radius_px=3)
    expected = SpectralDiff(random_state=5).description()
    assert model.description() == {
        **expected, "smoothed": {"radius_px": 3, "pretrain_on": "scene"}
    }  # fmt: skip
    json.dumps(model.description())


# What it learns


def test_its_guide_is_learned_from_the_scene_and_it_says_so() -> None:
    raw_on_blocks = RawSpectra(pretrain_on="train_blocks")
    assert not SupportVectorMachine().transductive
    assert Smoothed(SupportVectorMachine()).transductive
    assert not Smoothed(SupportVectorMachine(), pretrain_on="train_blocks").transductive
    assert Smoothed(RawSpectra(), pretrain_on="train_blocks").transductive
    assert Smoothed(raw_on_blocks).transductive
    assert not Smoothed(raw_on_blocks, pretrain_on="train_blocks").transductive


def test_on_training_blocks_nothing_beyond_them_has_a_part_in_it() -> None:
    cube, labels = small_cube(noise=0.2), small_labels()
    region = np.zeros(labels.shape, dtype=bool)
    region[:, :30] = True
    labels = labels.keeping(region, region)
    maps = []
    for other in (cube, np.where(region[..., None], cube, 9 - 4 * cube)):
        inner = RawSpectra(head="linear", pretrain_on="train_blocks", device="cpu")
        model = Smoothed(inner, pretrain_on="train_blocks").fit(scene_of(other), labels)
        maps.append(model.predict_proba(scene_of(cube)))
    np.testing.assert_array_equal(*maps)


def test_what_was_chosen_is_what_the_classifier_chose(fitted: Smoothed) -> None:
    assert fitted.learned_facts() == fitted.model_.learned_facts()
    assert fitted.learned_facts()["chosen"]["C"] == 10.0


# Saving


@pytest.mark.parametrize("name", INNER)
def test_a_saved_model_holds_the_classifier_inside_and_comes_back(
    name: str, tmp_path: Path
) -> None:
    scene, labels = noisy_scene((26, 33)), small_labels((26, 33))
    folder = tmp_path / "model"
    model = Smoothed(INNER[name](), radius_px=1).fit(scene, labels)
    model.save(folder)
    files = {"config.json", "preprocess.json", "learned.safetensors"}
    assert {path.name for path in folder.iterdir()} == {*files, "inner"}
    assert {path.name for path in (folder / "inner").iterdir()} == files
    stored = load_file(folder / "learned.safetensors")
    own = {name for name in stored if not name.startswith("seen_values.")}
    assert own == {"guide.mean", "guide.components", "guide.scale"}
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert (config["method"], config["settings"]) == (
        "smoothed", {"radius_px": 1, "pretrain_on": "scene"}
    )  # fmt: skip

    loaded = load_classifier(folder)
    assert isinstance(loaded, Smoothed)
    assert loaded.classes_ == model.classes_
    assert loaded.learned_facts() == json.loads(json.dumps(model.learned_facts()))
    expected = model.predict_proba(scene)
    np.testing.assert_allclose(loaded.predict_proba(scene), expected, atol=1e-6)
    # The classifier inside is a saved model like any other.
    bare = load_classifier(folder / "inner").predict_proba(scene)
    np.testing.assert_allclose(bare, model.model_.predict_proba(scene), atol=1e-6)
    # And again, over what is there.
    loaded.save(folder)
    np.testing.assert_allclose(load_classifier(folder).predict_proba(scene), expected, atol=1e-6)


def test_a_model_takes_the_place_of_one_with_another_inside(
    scene: Scene, fitted: Smoothed, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    fitted.model_.save(tmp_path / "model")
    assert not (tmp_path / "model" / "inner").exists()
    assert type(load_classifier(tmp_path / "model")) is SupportVectorMachine


def test_a_model_that_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        Smoothed(PositionOnly()).save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_class_alone_cannot_load_it(fitted: Smoothed, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    with pytest.raises(
        ModelError, match=r"read a smoothed classifier with hsidiff\.load_classifier"
    ):
        Smoothed.load(tmp_path / "model")


def test_a_loaded_model_can_be_fitted_and_changed_again(
    scene: Scene, fitted: Smoothed, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    loaded = load_classifier(tmp_path / "model")
    assert loaded.get_params()["model__C"] == 10.0
    assert vars(clone(loaded)).keys() == {"model", "radius_px", "pretrain_on"}
    again = loaded.fit(scene, small_labels()).predict_proba(scene)
    np.testing.assert_array_equal(again, fitted.predict_proba(scene))
    assert learned(loaded.set_params(radius_px=1)) == set()


def test_a_scene_with_other_bands_is_refused(fitted: Smoothed) -> None:
    with pytest.raises(ModelError, match="lacks 2 of the 12 bands"):
        fitted.predict(scene_of(small_cube()).without_bands([1, 2]))


def test_a_model_that_is_not_whole_is_refused(fitted: Smoothed, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    fitted.save(folder)
    path = folder / "learned.safetensors"
    arrays = load_file(path)
    save_file({name: array for name, array in arrays.items() if name != "guide.mean"}, path)
    with pytest.raises(ModelError, match=r"is broken, or of another version.*guide\.mean"):
        load_classifier(folder)
    save_file(arrays, path)
    (folder / "inner" / "preprocess.json").unlink()
    with pytest.raises(MissingFileError, match=r"inner.preprocess\.json is missing"):
        load_classifier(folder)


def test_a_model_of_other_classes_inside_is_refused(
    scene: Scene, fitted: Smoothed, tmp_path: Path
) -> None:
    """Somebody copied another model there: its classes would be given these names."""
    fitted.save(tmp_path / "model")
    other = PositionOnly().fit(scene, small_labels(n_per_class=(5, 5, 0)))
    other.save(tmp_path / "model" / "inner")
    with pytest.raises(ModelError, match="is broken, or of another version"):
        load_classifier(tmp_path / "model")
