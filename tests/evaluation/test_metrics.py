"""Scores against hand values, scikit-learn, and published tables."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from hsidiff.errors import LabelError
from hsidiff.evaluation.metrics import Scores, score
from hsidiff.labels.label_map import LabelMap


def score_lists(truth: list[int], mapped: list[int], names: dict[int, str] | None = None) -> Scores:
    """Score one row of pixels."""
    return score(np.array([mapped]), LabelMap.from_array(np.array([truth]), names))


def test_scores_by_hand() -> None:
    # Confusion matrix [[3, 1], [1, 5]] of 10 pixels, and one unlabelled pixel that does not count.
    scores = score_lists([0, *[2] * 4, *[7] * 6], [7, 2, 2, 2, 7, 2, 7, 7, 7, 7, 7])
    assert scores.confusion_matrix.tolist() == [[3, 1], [1, 5]]
    assert (scores.n_scored, scores.n_not_mapped) == (10, 0)
    assert scores.overall_accuracy == pytest.approx(0.8)
    assert scores.average_accuracy == pytest.approx((3 / 4 + 5 / 6) / 2)
    assert scores.kappa == pytest.approx((0.8 - 0.52) / (1 - 0.52))  # p_e = .4 * .4 + .6 * .6
    assert scores.macro_f1 == pytest.approx((6 / 8 + 10 / 12) / 2)
    assert scores.mean_iou == pytest.approx((3 / 5 + 5 / 7) / 2)
    assert scores.frequency_weighted_iou == pytest.approx(0.4 * 3 / 5 + 0.6 * 5 / 7)
    first = scores.per_class[0]
    assert (first.id, first.name, first.n_test) == (2, "class 2", 4)
    assert (first.accuracy, first.precision) == (0.75, 0.75)


def test_unmapped_and_unknown_pixels_are_errors() -> None:
    scores = score_lists([1, 1, 1, 1, 2, 2], [1, 1, 0, 9, 2, 2])
    assert scores.n_not_mapped == 2
    assert scores.confusion_matrix.tolist() == [[2, 0], [0, 2]]
    assert scores.overall_accuracy == pytest.approx(4 / 6)
    assert scores.average_accuracy == pytest.approx((0.5 + 1) / 2)
    assert scores.per_class[0].precision == 1
    assert scores.macro_f1 == pytest.approx((2 * 2 / (4 + 2) + 1) / 2)
    # p_e: class 1 has 4 of 6 true and 2 of 6 mapped, class 2 has 2 and 2.
    assert scores.kappa == pytest.approx((4 / 6 - 12 / 36) / (1 - 12 / 36))


def test_a_map_that_is_wrong_everywhere_scores_zero() -> None:
    scores = score_lists([1, 1, 2, 2], [0, 0, 0, 0])
    assert scores.overall_accuracy == scores.average_accuracy == scores.mean_iou == 0
    assert scores.kappa == 0
    assert scores.per_class[0].precision is None


def test_classes_without_test_pixels_have_no_scores_and_are_left_out_of_means() -> None:
    scores = score_lists([1, 1, 2, 2], [1, 1, 2, 3], {3: "Soil", 4: "Water"})
    soil, water = scores.per_class[2:]
    assert (soil.accuracy, soil.f1, soil.iou, soil.precision) == (None, None, None, 0)
    assert (water.accuracy, water.f1, water.iou, water.precision) == (None, None, None, None)
    assert scores.average_accuracy == 0.75
    assert scores.mean_iou == pytest.approx((1 + 0.5) / 2)
    assert scores.n_not_mapped == 0
    assert scores.confusion_matrix.shape == (4, 4)


def test_kappa_of_one_class_mapped_right_is_not_defined() -> None:
    scores = score_lists([1, 1, 1], [1, 1, 1], {2: "Soil"})
    assert scores.overall_accuracy == 1
    assert scores.kappa is None


def test_scores_are_json_without_nan() -> None:
    content = score_lists([1, 1, 2], [1, 3, 0], {3: "Soil", 4: "Water"}).to_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["per_class"][3] == {
        "id": 4,
        "name": "Water",
        "n_test": 0,
        "accuracy": None,
        "precision": None,
        "f1": None,
        "iou": None,
    }
    assert content["confusion_matrix"][0] == [1, 0, 1, 0]


@settings(max_examples=50)
@given(data=st.data(), n_pixels=st.integers(2, 60))
def test_scores_agree_with_scikit_learn(data: st.DataObject, n_pixels: int) -> None:
    ids = st.lists(st.sampled_from([1, 4, 6]), min_size=n_pixels, max_size=n_pixels)
    truth, mapped = np.array(data.draw(ids)), np.array(data.draw(ids))
    truth[:2] = [1, 4]  # kappa needs two classes
    scores = score_lists(truth.tolist(), mapped.tolist(), {1: "a", 4: "b", 6: "c"})
    present = np.unique(truth)
    asked = {"labels": present, "average": "macro", "zero_division": 0}
    assert scores.overall_accuracy == pytest.approx(sklearn_metrics.accuracy_score(truth, mapped))
    assert scores.average_accuracy == pytest.approx(
        sklearn_metrics.recall_score(truth, mapped, **asked)
    )
    assert scores.kappa == pytest.approx(sklearn_metrics.cohen_kappa_score(truth, mapped))
    assert scores.macro_f1 == pytest.approx(sklearn_metrics.f1_score(truth, mapped, **asked))
    assert scores.mean_iou == pytest.approx(sklearn_metrics.jaccard_score(truth, mapped, **asked))
    assert scores.frequency_weighted_iou == pytest.approx(
        sklearn_metrics.jaccard_score(truth, mapped, **asked | {"average": "weighted"})
    )
    for entry in scores.per_class:
        precision = sklearn_metrics.precision_score(
            truth, mapped, labels=[entry.id], average="macro", zero_division=np.nan
        )
        assert entry.precision == (None if np.isnan(precision) else pytest.approx(precision))


# Chen et al., SpectralDiff, arXiv v1: accuracy of each class in per cent (Tables III to V), test
# pixels of each class (Table I), and the overall and average accuracy printed below them. Pavia
# University's overall accuracy is printed as 99.48 and follows from its classes as 99.47.
PUBLISHED = {
    "Indian Pines": (
        "79.07 98.83 98.41 94.44 94.89 100 100 99.09 "
        "44.44 97.51 99.17 97.79 99.45 99.56 99.13 91.57",
        "43 1282 753 216 450 658 21 441 18 884 2180 544 182 1125 345 83",
        98.34,
        93.33,
    ),
    "Pavia University": (
        "99.59 99.99 99.45 95.47 99.84 100 99.29 99.80 97.24",
        "6291 17731 1994 2917 1281 4771 1263 3484 906",
        99.47,
        98.96,
    ),
    "Houston 2013": (
        "100 99.73 99.68 99.82 100 95.89 98.09 97.69 96.95 100 99.73 97.57 93.15 100 100",
        "1118 1131 625 1119 1117 292 1152 1127 1114 1107 1109 1111 409 385 598",
        98.82,
        98.55,
    ),
}


@pytest.mark.parametrize("scene", PUBLISHED)
def test_published_class_accuracies_give_the_published_overall_and_average(scene: str) -> None:
    accuracies, counts, overall, average = PUBLISHED[scene]
    truth, mapped = [], []
    n_classes = len(counts.split())
    for class_id, (accuracy, count) in enumerate(
        zip(accuracies.split(), counts.split(), strict=True), start=1
    ):
        n_right = round(float(accuracy) / 100 * int(count))
        another = class_id % n_classes + 1
        truth += [class_id] * int(count)
        mapped += [class_id] * n_right + [another] * (int(count) - n_right)
    scores = score_lists(truth, mapped)
    assert 100 * scores.overall_accuracy == pytest.approx(overall, abs=0.0051)
    assert 100 * scores.average_accuracy == pytest.approx(average, abs=0.0051)
    assert scores.n_scored == sum(int(count) for count in counts.split())


def test_another_shape_is_refused() -> None:
    with pytest.raises(LabelError, match=r"\(2, 3\).*\(1, 4\)"):
        score(np.ones((2, 3), dtype=int), LabelMap.from_array(np.array([[1, 1, 2, 2]])))


def test_no_test_pixel_is_refused() -> None:
    with pytest.raises(LabelError, match="no test pixel"):
        score(np.ones((1, 2), dtype=int), LabelMap.from_array(np.zeros((1, 2)), {1: "Corn"}))


def test_repr_is_a_short_table_of_the_scores() -> None:
    truth = LabelMap.from_array(np.array([[1, 1, 2, 0]]), {1: "grass", 2: "roof", 3: "water"})
    first, *table = repr(score(np.array([[1, 2, 2, 2]]), truth)).splitlines()
    assert first == (
        "Scores: overall accuracy 66.7 %, average accuracy 75.0 %, kappa 0.400, 3 test pixels"
    )
    assert [line.split() for line in table[1:]] == [
        ["1", "grass", "2", "50.0", "%", "100.0", "%", "66.7", "%"],
        ["2", "roof", "1", "100.0", "%", "50.0", "%", "66.7", "%"],
        ["3", "water", "0", *"\u2013\u2013\u2013"],
    ]
