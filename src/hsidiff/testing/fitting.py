"""What every classifier keeps before and while it is fitted, whatever is inside it."""

import inspect
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from hsidiff.contract import SceneClassifier
from hsidiff.errors import LabelError
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.testing.fixtures import MakeClassifier, SecondFit
from hsidiff.testing.small_scenes import (
    ODD_SHAPE,
    scene_of,
    small_cube,
    small_fields,
    small_invalid,
    small_labels,
    small_scene,
    small_stored,
)

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


__all__ = [name for name in globals() if name.startswith("test_")]
