"""What every method and every baseline must keep, whatever is inside it.

Each test needs a factory of unfitted classifiers and nothing else: a fixture ``make_classifier`` of
the file that imports the tests (:mod:`hsidiff.testing`).
"""

import inspect
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from hsidiff.contract import SceneClassifier
from hsidiff.errors import LabelError, ModelError
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.testing.small_scenes import (
    scene_of,
    small_cube,
    small_fields,
    small_invalid,
    small_labels,
    small_scene,
    small_stored,
)

MakeClassifier = Callable[..., SceneClassifier]

ODD_SHAPE = (37, 70)
SAME_PROBABILITY = 1e-5


@pytest.fixture(scope="module")
def scene() -> Scene:
    """The small scene."""
    return small_scene()


@pytest.fixture(scope="module")
def train_labels() -> LabelMap:
    """Fifteen labels of each class of it."""
    return small_labels()


@pytest.fixture(scope="module")
def fitted(
    make_classifier: MakeClassifier, scene: Scene, train_labels: LabelMap
) -> SceneClassifier:
    """A classifier fitted on ``scene``; tests leave it as it is."""
    return make_classifier().fit(scene, train_labels)


@dataclass(frozen=True)
class SecondFit:
    """A second classifier, fitted with other global random states than the first.

    Attributes:
        classifier: with the settings of the first.
        returned: what ``fit`` gave back.
        scene: its own copy of the small scene.
        labels: its own copy of the labels.
        probabilities: those of its scene.
        drawn: numbers of the global generators after all that.
        would_be_drawn: the same numbers, if nobody uses the generators.
    """

    classifier: SceneClassifier
    returned: SceneClassifier
    scene: Scene
    labels: LabelMap
    probabilities: np.ndarray
    drawn: tuple[float, ...]
    would_be_drawn: tuple[float, ...]


def seed_global_generators() -> None:
    """Start the generators of Python, NumPy and PyTorch at a number of our own."""
    random.seed(99), np.random.seed(99), torch.manual_seed(99)  # noqa: NPY002


def draw_globally() -> tuple[float, ...]:
    """The next number of each global generator."""
    return random.random(), np.random.random(), float(torch.rand(()))  # noqa: NPY002


@pytest.fixture(scope="module")
def second(make_classifier: MakeClassifier) -> SecondFit:
    """A second fit; tests leave it as it is."""
    scene, labels, classifier = small_scene(), small_labels(), make_classifier()
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        seed_global_generators()
        would_be_drawn = draw_globally()
        seed_global_generators()
        returned = classifier.fit(scene, labels)
        probabilities = classifier.predict_proba(scene)
        drawn = draw_globally()
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])
    return SecondFit(classifier, returned, scene, labels, probabilities, drawn, would_be_drawn)


def assert_same_probabilities(first: np.ndarray, second: np.ndarray) -> None:
    """Probabilities that differ by rounding at most."""
    np.testing.assert_allclose(first, second, rtol=0, atol=SAME_PROBABILITY)


# The constructor, by scikit-learn's rules


def test_the_constructor_stores_settings_and_nothing_else(make_classifier: MakeClassifier) -> None:
    classifier = make_classifier()
    stored = vars(classifier)
    assert stored == classifier.get_params(deep=False)
    assert isinstance(classifier.random_state, int)


def test_the_constructor_leaves_checking_to_fit(make_classifier: MakeClassifier) -> None:
    nonsense = object()
    classifier = make_classifier(random_state=nonsense)
    assert classifier.get_params()["random_state"] is nonsense


def test_a_clone_has_the_settings_and_has_learned_nothing(fitted: SceneClassifier) -> None:
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert vars(copy) == copy.get_params(deep=False)


def test_set_params_changes_a_setting(make_classifier: MakeClassifier) -> None:
    classifier = make_classifier().set_params(random_state=7)
    assert classifier.get_params()["random_state"] == 7


def test_the_halo_is_known_before_fitting(make_classifier: MakeClassifier) -> None:
    classifier = make_classifier()
    assert classifier.halo_px >= 0
    assert classifier.receptive_field_px == 2 * classifier.halo_px + 1


def test_the_cost_is_known_before_fitting_and_does_not_fall_with_bands_and_classes(
    make_classifier: MakeClassifier,
) -> None:
    classifier, state = make_classifier(), torch.get_rng_state()
    settings = dict(vars(classifier))
    small, more_bands, more_classes = (
        classifier.cost(*size) for size in ((12, 3), (48, 3), (12, 9))
    )
    for number in ("n_parameters", "macs_per_pixel"):
        first, *others = (getattr(c, number) for c in (small, more_bands, more_classes))
        if first is None:  # it grows with the training labels, or is not known
            assert others == [None, None]
        else:
            assert isinstance(first, int)
            # Values of fixed width may have no parameters; each band costs a multiplication.
            rises = all(first <= other for other in others) and first < others[1]
            assert rises, (number, first, others)
    assert vars(classifier) == settings
    assert torch.equal(torch.get_rng_state(), state)


def test_a_classifier_that_is_not_fitted_says_so(
    make_classifier: MakeClassifier, scene: Scene, tmp_path: Path
) -> None:
    classifier = make_classifier()
    for action in (classifier.predict, classifier.predict_proba):
        with pytest.raises(NotFittedError):
            action(scene)
    with pytest.raises(NotFittedError):
        classifier.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


# Fitting


def test_fit_is_given_a_scene_and_training_labels_and_nothing_else(
    make_classifier: MakeClassifier,
) -> None:
    # So no test label can reach a classifier.
    assert list(inspect.signature(make_classifier().fit).parameters) == ["scene", "train_labels"]


def test_fit_returns_the_classifier_and_changes_neither_settings_scene_nor_labels(
    make_classifier: MakeClassifier, second: SecondFit
) -> None:
    assert second.returned is second.classifier
    assert second.classifier.get_params() == make_classifier().get_params()
    assert isinstance(second.scene.source, ArraySource)
    np.testing.assert_array_equal(second.scene.source.values, small_stored())
    np.testing.assert_array_equal(second.labels.values, small_labels().values)


def test_easy_fields_are_mapped_far_better_than_by_chance(
    fitted: SceneClassifier, scene: Scene, train_labels: LabelMap
) -> None:
    unseen = ~small_invalid() & (train_labels.values == 0)
    right = fitted.predict(scene) == small_fields() + 1
    assert right[unseen].mean() > 0.6  # chance is a third


def test_the_same_random_state_gives_the_same_probabilities(
    fitted: SceneClassifier, scene: Scene, second: SecondFit
) -> None:
    np.testing.assert_array_equal(second.probabilities, fitted.predict_proba(scene))


def test_global_random_states_are_neither_used_nor_touched(
    fitted: SceneClassifier, scene: Scene, second: SecondFit
) -> None:
    assert second.drawn == second.would_be_drawn
    np.testing.assert_array_equal(second.probabilities, fitted.predict_proba(scene))


def test_a_classifier_can_be_fitted_again_on_another_scene(
    make_classifier: MakeClassifier, fitted: SceneClassifier, scene: Scene, train_labels: LabelMap
) -> None:
    classifier = make_classifier().fit(
        small_scene(ODD_SHAPE, n_bands=5), small_labels(ODD_SHAPE, ids=(2, 4, 6))
    )
    classifier.fit(scene, train_labels)
    np.testing.assert_array_equal(classifier.predict_proba(scene), fitted.predict_proba(scene))


def test_what_is_not_called_transductive_learns_from_the_surroundings_of_labels_only(
    make_classifier: MakeClassifier,
) -> None:
    classifier = make_classifier()
    if classifier.transductive:
        pytest.skip("learns from the whole scene, and says so")
    halo = classifier.halo_px
    labels = small_labels()
    seen = np.zeros(labels.shape, dtype=bool)
    for row, col in np.argwhere(labels.values):
        seen[max(row - halo, 0) : row + halo + 1, max(col - halo, 0) : col + halo + 1] = True
    cube = small_cube()
    other = np.where(seen[..., None], cube, 5 - 3 * cube)
    first = classifier.fit(scene_of(cube), labels).predict_proba(scene_of(cube))
    second = clone(classifier).fit(scene_of(other), labels).predict_proba(scene_of(cube))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("n_bands", [1, 51])
def test_any_number_of_bands_works(make_classifier: MakeClassifier, n_bands: int) -> None:
    scene = small_scene(n_bands=n_bands)
    probabilities = make_classifier().fit(scene, small_labels()).predict_proba(scene)
    assert probabilities.shape == (40, 50, 3)
    np.testing.assert_allclose(probabilities[~small_invalid()].sum(axis=-1), 1, atol=1e-5)


def test_class_ids_that_are_not_consecutive_come_back(
    make_classifier: MakeClassifier, fitted: SceneClassifier, scene: Scene
) -> None:
    classifier = make_classifier().fit(scene, small_labels(ids=(3, 10, 200)))
    assert [c.id for c in classifier.classes_] == [3, 10, 200]
    expected = np.array([0, 3, 10, 200])[fitted.predict(scene)]
    np.testing.assert_array_equal(classifier.predict(scene), expected)


@pytest.fixture(scope="module")
def fitted_on_odd_classes(make_classifier: MakeClassifier, scene: Scene) -> SceneClassifier:
    """A classifier whose class 2 had no training pixel, and class 4 one."""
    labels = small_labels(n_per_class=(15, 15, 1), ids=(1, 3, 4))
    names = {i: f"cover {i}" for i in (1, 2, 3, 4)}
    return make_classifier().fit(scene, LabelMap.from_array(labels.values, names))


def test_a_class_without_a_training_pixel_is_never_predicted(
    fitted_on_odd_classes: SceneClassifier, scene: Scene
) -> None:
    assert [c.id for c in fitted_on_odd_classes.classes_] == [1, 3, 4]
    assert {0, 1, 3} <= set(np.unique(fitted_on_odd_classes.predict(scene))) <= {0, 1, 3, 4}


def test_a_class_with_one_training_pixel_does_no_harm(
    fitted_on_odd_classes: SceneClassifier, scene: Scene
) -> None:
    probabilities = fitted_on_odd_classes.predict_proba(scene)
    assert probabilities.shape == (*scene.shape, 3)
    np.testing.assert_allclose(probabilities[~small_invalid()].sum(axis=-1), 1, atol=1e-5)


def test_labels_that_cannot_be_learned_from_are_refused(
    make_classifier: MakeClassifier, scene: Scene
) -> None:
    none = LabelMap.from_array(np.zeros((40, 50), dtype=int), names={1: "a", 2: "b"})
    for labels, message in (
        (none, "no training label"),
        (small_labels(n_per_class=(15, 0, 0)), "one class only"),
        (small_labels(ODD_SHAPE), "labels of the same grid"),
    ):
        with pytest.raises(LabelError, match=message):
            make_classifier().fit(scene, labels)


def test_what_is_refused_leaves_nothing_of_an_earlier_fit(
    fitted: SceneClassifier, scene: Scene
) -> None:
    def learned(classifier: SceneClassifier) -> set[str]:
        return vars(classifier).keys() - vars(clone(classifier)).keys()

    refitted, changed = deepcopy(fitted), deepcopy(fitted)
    assert learned(refitted) >= {"classes_", "n_bands_"}
    with pytest.raises(LabelError, match="labels of the same grid"):
        refitted.fit(scene, small_labels(ODD_SHAPE))
    with pytest.raises(ValueError, match="no_such_setting"):
        changed.set_params(random_state=7, no_such_setting=1)
    assert learned(refitted) == learned(changed) == set()


# The map


def test_a_map_holds_class_ids_as_int32_and_0_at_invalid_pixels_only(
    fitted: SceneClassifier, scene: Scene
) -> None:
    class_map = fitted.predict(scene)
    assert class_map.shape == scene.shape
    assert class_map.dtype == np.int32
    assert set(np.unique(class_map)) <= {0, 1, 2, 3}
    np.testing.assert_array_equal(class_map == 0, small_invalid())


def test_probabilities_sum_to_1_and_are_0_at_invalid_pixels(
    fitted: SceneClassifier, scene: Scene
) -> None:
    probabilities = fitted.predict_proba(scene)
    assert probabilities.shape == (*scene.shape, len(fitted.classes_))
    assert probabilities.dtype == np.float32
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), ~small_invalid(), atol=1e-5)


def test_stored_numbers_of_invalid_pixels_never_matter(
    make_classifier: MakeClassifier, fitted: SceneClassifier, scene: Scene, train_labels: LabelMap
) -> None:
    # The same invalid pixels, elsewhere marked by a nodata value, with wild numbers beside it, and
    # even with labels on them.
    invalid = small_invalid()
    cube = small_cube()
    cube[invalid] = 1e6
    cube[invalid, 0] = -9999
    wild = scene_of(cube, nodata=-9999)
    values = np.where(invalid, 2, train_labels.values)
    classifier = make_classifier().fit(wild, LabelMap(values, train_labels.classes))
    expected = fitted.predict_proba(scene)
    np.testing.assert_array_equal(classifier.predict_proba(scene), expected)
    np.testing.assert_array_equal(classifier.predict_proba(wild), expected)


def test_the_map_does_not_depend_on_the_tile_size_or_the_number_of_cores(
    fitted: SceneClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = small_scene(ODD_SHAPE, seed=1)
    whole = max(ODD_SHAPE)
    monkeypatch.setattr("hsidiff.contract.usable_cores", lambda: 1)
    assert len(fitted.map_windows(scene, whole)) == 1
    probabilities = fitted.predict_proba(scene, window_px=whole)
    class_map = fitted.predict(scene, window_px=whole)
    for tile_size, n_cores in ((32, 1), (64, 3)):
        monkeypatch.setattr("hsidiff.contract.usable_cores", partial(int, n_cores))
        assert_same_probabilities(fitted.predict_proba(scene, tile_size), probabilities)
        np.testing.assert_array_equal(fitted.predict(scene, tile_size), class_map)


def test_a_scene_without_a_valid_pixel_gives_an_empty_map(fitted: SceneClassifier) -> None:
    empty = scene_of(np.full((9, 11, 12), np.nan, dtype=np.float32))
    assert not fitted.predict(empty).any()


def test_a_scene_that_lacks_bands_is_refused(fitted: SceneClassifier, scene: Scene) -> None:
    with pytest.raises(ModelError, match=r"lacks 2 of the 12 bands"):
        fitted.predict(scene.without_bands([6, 7]))
    unknown = replace(small_scene(n_bands=13), file_wavelengths_nm=None)
    with pytest.raises(ModelError, match=r"13 usable bands, the model has 12;"):
        fitted.predict_proba(unknown)


def test_bands_are_found_by_wavelength(fitted: SceneClassifier, scene: Scene) -> None:
    turned = replace(
        scene_of(small_stored()[..., ::-1]), file_wavelengths_nm=np.linspace(2400, 450, 12)
    )
    assert_same_probabilities(fitted.predict_proba(turned), fitted.predict_proba(scene))


def test_a_scene_in_another_unit_is_refused(fitted: SceneClassifier, scene: Scene) -> None:
    with pytest.raises(ModelError, match=r"10,000 times larger .* --rescale 0\.0001 "):
        fitted.predict(scene.rescaled(10_000))


# Saving


def test_a_saved_classifier_gives_the_same_probabilities(
    fitted: SceneClassifier, scene: Scene, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert files == {"config.json", "preprocess.json", "learned.safetensors"}
    loaded = type(fitted).load(tmp_path / "model")
    assert loaded.classes_ == fitted.classes_
    assert_same_probabilities(loaded.predict_proba(scene), fitted.predict_proba(scene))
    loaded.save(tmp_path / "again")
    again = type(fitted).load(tmp_path / "again")
    assert_same_probabilities(again.predict_proba(scene), fitted.predict_proba(scene))


# Each is forked from one that was started anew, not from this one, and has loaded PyTorch only.
NEW_PROCESSES = get_context("forkserver")
NEW_PROCESSES.set_forkserver_preload(["hsidiff.testing"])


def write_probabilities(made_by: type[SceneClassifier], folder: Path, path: Path) -> None:
    """Load a classifier and write the probabilities that it gives the small scene."""
    np.save(path, made_by.load(folder).predict_proba(small_scene()))


def test_a_saved_classifier_gives_the_same_probabilities_in_a_new_process(
    fitted: SceneClassifier, scene: Scene, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    work = (type(fitted), tmp_path / "model", tmp_path / "p.npy")
    process = NEW_PROCESSES.Process(target=write_probabilities, args=work)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert_same_probabilities(np.load(tmp_path / "p.npy"), fitted.predict_proba(scene))


FIXTURES = ["fitted", "fitted_on_odd_classes", "scene", "second", "train_labels"]
__all__ = [*FIXTURES, *(name for name in globals() if name.startswith("test_"))]  # noqa: PLE0604
