"""Held-out predictions: by models without the label, in the right places, scored with intervals."""

import numpy as np
import pytest

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.evaluation.held_out_labels import held_out_of
from hsidiff.evaluation.held_out_scores import score_held_out
from hsidiff.evaluation.predict_held_out import predict_held_out, probabilities_at
from hsidiff.labels.ground import fields_of
from hsidiff.labels.group_folds import GroupFolding
from hsidiff.labels.label_map import LabelMap
from small_scenes import small_fields, small_invalid, small_scene


def small_labels() -> LabelMap:
    values = np.where(small_invalid(), 0, small_fields() + 1)
    values[::2], values[:, ::3] = 0, 0
    return LabelMap.from_array(values, {4: "never seen"})


def test_every_fold_is_predicted_by_a_model_of_its_training_side() -> None:
    scene, labels = small_scene(), small_labels()
    (splits,) = GroupFolding(n_folds=3, n_repeats=1, guard_px=1).fold(labels, 1).repeats
    model = LinearDiscriminant()
    held_out = predict_held_out(model, scene, splits)
    assert not hasattr(model, "classes_")
    np.testing.assert_array_equal(held_out.labels.values, labels.values)
    for split in splits:
        in_test = split.test.values > 0
        expected = LinearDiscriminant().fit(scene, split.train).predict(scene)[in_test]
        np.testing.assert_array_equal(held_out.class_map[in_test], expected)
    assert (held_out.class_map[labels.values == 0] == 0).all()


def test_probabilities_stand_in_the_order_of_labels_and_legend() -> None:
    scene, labels = small_scene(), small_labels()
    model = LinearDiscriminant().fit(scene, labels.keeping(labels.values != 2))
    found = probabilities_at(model, scene, labels)
    everywhere = model.predict_proba(scene)[labels.values > 0]
    np.testing.assert_allclose(found[:, [0, 2]], everywhere, atol=1e-5)
    assert not found[:, [1, 3]].any()


def test_scores_have_an_interval_each() -> None:
    labels = LabelMap.from_array(np.array([[1, 1, 0, 2, 2, 0, 1, 0, 2]]))
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0, 1], [0.6, 0.4], [0, 0]])
    scored = score_held_out(held_out_of(labels, probabilities), fields_of(labels), "fields")
    # 1 right, 2, 2 right, 2 right, 1 right, and none, which is wrong.
    assert scored.scores.overall_accuracy == pytest.approx(4 / 6)
    assert scored.scores.n_not_mapped == 1
    assert scored.n_groups == 4
    intervals = scored.to_json()
    kappa = scored.scores.kappa
    assert kappa is not None
    for score, (low, high) in (
        (4 / 6, intervals["overall_accuracy"]),
        (scored.scores.average_accuracy, intervals["average_accuracy"]),
        (kappa, intervals["kappa"]),
        (2 / 3, intervals["per_class"][0]),
    ):
        assert low < score < high
