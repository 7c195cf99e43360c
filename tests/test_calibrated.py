"""A wrapper that calibrates: what it keeps, what it holds out, and how it is stored."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sklearn.base import clone

from hsidiff.baselines.knn import NearestNeighbours
from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.baselines.position import PositionOnly
from hsidiff.baselines.svm import SupportVectorMachine
from hsidiff.calibrated import Calibrated
from hsidiff.calibration import WORD_GROUPS, HeldOutProba, fit_temperature, tempered
from hsidiff.catalog import load_classifier
from hsidiff.contract import SceneClassifier
from hsidiff.errors import HsidiffWarning, ModelError, SettingError
from hsidiff.files import read_json, write_json
from hsidiff.labels.ground import fields_in_two
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.controls import RawSpectra
from hsidiff.saved_model import LEARNED, PREPROCESS
from hsidiff.scenes.scene import Scene
from hsidiff.smoothed import Smoothed
from hsidiff.wrapped import unwrapped
from small_scenes import scene_of, small_cube, small_fields, small_labels, small_scene

pytestmark = pytest.mark.usefixtures("quick_experts")


def noisy_scene(noise: float = 0.3, seed: int = 0) -> Scene:
    """A scene whose classes overlap."""
    return scene_of(small_cube(noise=noise, seed=seed))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return noisy_scene()


@pytest.fixture(scope="module")
def fitted(scene: Scene) -> Calibrated:
    return Calibrated(LinearDiscriminant()).fit(scene, small_labels())


def test_the_map_stays_the_same_and_the_probabilities_are_tempered(
    scene: Scene, fitted: Calibrated
) -> None:
    inside = fitted.model_.predict_proba(scene)
    np.testing.assert_array_equal(fitted.predict(scene), fitted.model_.predict(scene))
    probabilities = fitted.predict_proba(scene)
    np.testing.assert_allclose(probabilities, tempered(inside, fitted.temperature_), atol=1e-6)
    np.testing.assert_allclose(fitted.before(probabilities), inside, atol=1e-3)


def test_an_invalid_pixel_has_no_probability() -> None:
    scene = small_scene()
    model = Calibrated(LinearDiscriminant()).fit(scene, small_labels())
    probabilities = model.predict_proba(scene)
    assert not probabilities[25, 31].any()
    np.testing.assert_allclose(probabilities[0, 0].sum(), 1, atol=1e-6)


def test_a_classifier_that_is_always_sure_learns_how_sure_to_be(scene: Scene) -> None:
    model = Calibrated(NearestNeighbours(n_neighbors=1)).fit(scene, small_labels())
    probabilities = model.predict_proba(scene)
    share_right = (model.predict(scene) == small_fields() + 1).mean()
    assert model.before(probabilities).max(axis=-1).mean() > 0.99
    assert share_right < 0.8
    # A little too careful: labels that were held out with their block are farther from others.
    assert share_right - 0.15 < probabilities.max(axis=-1).mean() < share_right + 0.05


@dataclass(repr=False, eq=False)
class Remembers(PositionOnly):
    """Notes which labels each copy was fitted to."""

    seen: ClassVar[list[LabelMap]] = []
    name: ClassVar[str] = "remembers"

    n_folds: int = field(default=1, kw_only=True)

    @property
    def n_held_out_folds(self) -> int:
        return self.n_folds

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        Remembers.seen.append(labels)
        super()._fit(scene, labels)


def test_labels_of_a_block_are_held_out_together_and_each_once(scene: Scene) -> None:
    Remembers.seen.clear()
    labels = small_labels()
    Calibrated(Remembers(n_folds=10)).fit(scene, labels)
    blocks = np.indices(labels.shape) // 16
    block = blocks[0] * 100 + blocks[1]
    n_blocks = len(np.unique(block[labels.values > 0]))
    whole, *by_groups = Remembers.seen[: 1 + min(10, n_blocks)]
    assert whole.n_labelled == labels.n_labelled
    held_out = np.zeros(labels.shape, dtype=int)
    for inside in by_groups:
        outside = (labels.values > 0) & (inside.values == 0)
        assert not set(block[outside]) & set(block[inside.values > 0])
        held_out += outside
    np.testing.assert_array_equal(held_out, labels.values > 0)


def test_a_classifier_whose_fit_takes_long_is_fitted_once_more_only(scene: Scene) -> None:
    Remembers.seen.clear()
    model = Calibrated(Remembers()).fit(scene, small_labels())
    assert len(Remembers.seen) == 2
    assert 0 < len(model.by_groups_) < 45
    assert len(model.at_random_) == 0
    with pytest.raises(SettingError, match="no label could be held out"):
        model.prediction_sets(model.predict_proba(scene), 0.9, "random")


@pytest.mark.parametrize("unit", ["blocks", "fields"])
def test_around_a_fitted_one_labels_near_each_other_are_held_out(scene: Scene, unit: str) -> None:
    labels = small_labels()
    model = LinearDiscriminant().fit(scene, labels)
    calibrated = Calibrated.around(model, scene, labels, unit=unit)
    rows, cols = np.nonzero(labels.values)
    of_label = {
        "blocks": rows // 8 * 100 + cols // 8,
        "fields": fields_in_two(labels)[0][rows, cols],
    }[unit]
    assert calibrated.source_ == "near folds"
    assert calibrated.model_ is model
    groups = calibrated.by_groups_.groups
    assert len(np.unique(np.stack([groups, of_label]), axis=1).T) == len(np.unique(of_label))
    expected = fit_temperature(calibrated.by_groups_, WORD_GROUPS["near folds"])
    assert calibrated.temperature_ == expected != 1


def test_labels_that_score_it_calibrate_it_without_a_fit(scene: Scene) -> None:
    labels = small_labels()
    model = Remembers().fit(scene, labels)
    n_fits = len(Remembers.seen)
    said = HeldOutProba(np.eye(3)[np.arange(40) % 3], np.arange(40) % 2, np.arange(40))
    calibrated = Calibrated.around(model, scene, labels, said)
    assert len(Remembers.seen) == n_fits
    assert calibrated.source_ == "score"
    assert calibrated.temperature_ == fit_temperature(said, WORD_GROUPS["score"])


@pytest.mark.parametrize("model", [NearestNeighbours(), LinearDiscriminant()])
def test_the_quick_way_to_hold_out_is_the_long_one(scene: Scene, model: SceneClassifier) -> None:
    labels = small_labels(ids=(2, 5, 9))
    fold = np.arange(labels.n_labelled) % 3 - 1
    model = clone(model).fit(scene, labels)
    quick = model.held_out_proba(scene, labels, fold)
    long = SceneClassifier.held_out_proba(model, scene, labels, fold)
    assert np.isnan(quick[fold < 0]).all()
    np.testing.assert_allclose(quick, long, atol=1e-6)


def test_a_head_is_fitted_anew_to_the_same_values(scene: Scene) -> None:
    labels = small_labels()
    model = RawSpectra(head="linear", device="cpu").fit(scene, labels)
    fold = np.where(np.arange(labels.n_labelled) % 4 == 0, 0, -1)
    quick = model.held_out_proba(scene, labels, fold)
    long = SceneClassifier.held_out_proba(model, scene, labels, fold)
    np.testing.assert_allclose(quick, long, atol=1e-5)


def test_a_head_that_weighs_keeps_its_shares(scene: Scene) -> None:
    labels = small_labels()
    model = RawSpectra(device="cpu").fit(scene, labels)
    before = model.predict_proba(scene)
    fold = np.where(np.arange(labels.n_labelled) % 4 == 0, 0, -1)
    held_out = model.held_out_proba(scene, labels, fold)
    assert np.isfinite(held_out[fold == 0]).all()
    np.testing.assert_allclose(held_out[fold == 0].sum(axis=1), 1, atol=1e-6)
    truth = labels.values[labels.values > 0] - 1
    assert (held_out[fold == 0].argmax(axis=1) == truth[fold == 0]).mean() > 0.6
    np.testing.assert_array_equal(model.predict_proba(scene), before)


def test_a_class_that_has_no_other_label_gets_no_probability(scene: Scene) -> None:
    labels = small_labels(n_per_class=(15, 15, 1))
    fold = np.where(labels.values[labels.values > 0] == 3, 0, -1)
    model = LinearDiscriminant().fit(scene, labels)
    held_out = model.held_out_proba(scene, labels, fold)
    assert held_out[fold == 0].tolist()[0][2] == 0
    np.testing.assert_allclose(held_out[fold == 0].sum(axis=1), 1)


def test_too_few_labels_leave_the_probabilities_and_say_so(scene: Scene) -> None:
    with pytest.warns(HsidiffWarning, match="the method believes and was not checked"):
        model = Calibrated(LinearDiscriminant()).fit(scene, small_labels(n_per_class=(2, 2, 2)))
    assert not model.is_calibrated
    np.testing.assert_array_equal(model.predict_proba(scene), model.model_.predict_proba(scene))
    told = model.learned_facts()["calibration"]
    assert told == {"source": "folds", "temperature": 1.0, "n_held_out": 0}


def test_neighbours_that_want_more_labels_than_are_left_are_left_alone(scene: Scene) -> None:
    with pytest.warns(HsidiffWarning, match="was not checked"):
        model = Calibrated(NearestNeighbours(n_neighbors=45)).fit(scene, small_labels())
    assert not model.is_calibrated


@pytest.mark.parametrize(
    "model",
    [
        LinearDiscriminant(),
        Smoothed(SupportVectorMachine(C=10.0, gamma=1.0), radius_px=1),
        RawSpectra(head="linear", device="cpu"),
    ],
)
def test_what_was_saved_says_the_same(scene: Scene, model: SceneClassifier, tmp_path: Path) -> None:
    fitted = Calibrated(model).fit(scene, small_labels(ids=(2, 5, 9)))
    fitted.save(tmp_path / "model")
    loaded = load_classifier(tmp_path / "model")
    assert isinstance(loaded, Calibrated)
    assert loaded.temperature_ == fitted.temperature_
    assert loaded.classes_ == fitted.classes_
    probabilities = fitted.predict_proba(scene)
    np.testing.assert_allclose(loaded.predict_proba(scene, window_px=16), probabilities, atol=1e-5)
    assert loaded.farthest(0.05) == fitted.farthest(0.05)
    for sampling in ("groups", "random"):
        np.testing.assert_array_equal(
            loaded.prediction_sets(probabilities, 0.9, sampling),
            fitted.prediction_sets(probabilities, 0.9, sampling),
        )


@pytest.mark.parametrize("lacking", ["source", "by_groups.groups"])
def test_a_model_of_an_older_version_is_refused_in_one_line(
    fitted: Calibrated, tmp_path: Path, lacking: str
) -> None:
    fitted.save(tmp_path / "model")
    about = read_json(tmp_path / "model" / PREPROCESS)
    about["facts"]["calibration"].pop(lacking, None)
    write_json(tmp_path / "model" / PREPROCESS, about)
    arrays = load_file(tmp_path / "model" / LEARNED)
    save_file({n: v for n, v in arrays.items() if n != lacking}, tmp_path / "model" / LEARNED)
    with pytest.raises(ModelError, match="of another version of hsidiff") as refused:
        load_classifier(tmp_path / "model")
    assert f"{lacking!r}" in str(refused.value)
    assert "save the model again" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_class_alone_cannot_load_it(fitted: Calibrated, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    with pytest.raises(ModelError, match="load_classifier"):
        Calibrated.load(tmp_path / "model")


def test_what_is_inside_all_wrappers_is_found(scene: Scene) -> None:
    inner = LinearDiscriminant()
    model = Calibrated(Smoothed(inner)).fit(scene, small_labels())
    assert isinstance(unwrapped(model), LinearDiscriminant)
    assert unwrapped(model) is not inner
    assert model.halo_px == 4
    assert model.description()["method"] == "lda"


@pytest.mark.slow
def test_sets_hold_the_truth_as_often_as_asked_under_random_sampling() -> None:
    coverages = []
    for seed in range(12):
        scene = noisy_scene(0.4, seed)
        labels = small_labels(n_per_class=(40, 40, 40), seed=seed)
        model = Calibrated(
            LinearDiscriminant(),
        ).fit(scene, labels)
        sets = model.prediction_sets(model.predict_proba(scene), 0.8, "random")
        truth = np.take_along_axis(sets, small_fields()[..., None], axis=-1)
        coverages.append(truth[labels.values == 0].mean())
    assert np.mean(coverages) == pytest.approx(0.8, abs=0.03)


def test_a_set_is_never_empty_but_for_an_invalid_pixel(fitted: Calibrated) -> None:
    probabilities = np.array([[0.4, 0.35, 0.25], [0, 0, 0]])
    sets = fitted.prediction_sets(probabilities, 0.01)
    assert sets.tolist() == [[True, False, False], [False, False, False]]


@pytest.mark.parametrize("coverage", [0, 1, 1.5, True, "0.9"])
def test_a_coverage_that_is_no_share_is_refused(fitted: Calibrated, coverage: object) -> None:
    with pytest.raises(SettingError, match=r"coverage=.*must lie strictly between 0 and 1"):
        fitted.prediction_sets(np.ones((1, 3)) / 3, coverage)  # type: ignore[arg-type]


def test_held_out_labels_lie_beyond_a_distance_as_seldom_as_asked(fitted: Calibrated) -> None:
    distances = fitted.held_out_distances_
    assert (np.diff(distances) >= 0).all()
    assert (distances > fitted.farthest(0.1)).mean() <= 0.1
    assert fitted.farthest(1e-6) == distances[-1]


def test_what_was_never_seen_lies_farther_than_what_was(scene: Scene, fitted: Calibrated) -> None:
    assert (fitted.familiar_.distances(scene.read()) > fitted.farthest(0.01)).mean() < 0.05
    strange = np.linspace(3, -3, 12) + np.zeros((5, 12))
    assert (fitted.familiar_.distances(strange) > fitted.farthest(0.01)).all()
