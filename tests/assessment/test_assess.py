import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score
from worked_examples import classes_named

from experiments.area_coverage import MAPS, coverage, map_and_truth
from hsidiff.assessment.assess import assess_labels, assess_sample
from hsidiff.evaluation.metrics import score
from hsidiff.labels.label_map import LabelMap


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    reference = generator.integers(1, 4, 200)
    return np.where(
        generator.random(200) < 0.7, reference, generator.integers(0, 4, 200)
    ), reference


def test_counts_of_labels_are_those_of_the_scores(drawn) -> None:
    mapped, reference = drawn
    found = assess_labels(classes_named("ABC"), mapped, reference)
    scores = score(mapped[None], LabelMap.from_array(reference[None]))
    np.testing.assert_array_equal(found.counts[:3].T, scores.confusion_matrix)
    assert found.counts[3].sum() == scores.n_not_mapped > 0
    assert found.overall_accuracy.value == pytest.approx(scores.overall_accuracy)
    assert found.kappa == pytest.approx(scores.kappa)
    for entry, known in zip(found.per_class, scores.per_class, strict=True):
        assert entry.producers_accuracy.value == pytest.approx(known.accuracy)
        assert entry.users_accuracy.value == pytest.approx(known.precision)
        assert entry.f1 == pytest.approx(known.f1)


def test_weights_by_design_are_weights_of_the_samples(drawn) -> None:
    mapped, reference = drawn
    mapped = np.where(mapped == 0, 1, mapped)
    strata = np.arange(200) % 3
    pixels = np.array([1000, 5000, 20_000])
    found = assess_sample(classes_named("ABC"), strata, mapped, reference, pixels)
    weights = (pixels / np.bincount(strata))[strata]
    kappa = cohen_kappa_score(mapped, reference, sample_weight=weights)
    assert found.kappa == pytest.approx(kappa)
    f1 = f1_score(reference, mapped, average=None, sample_weight=weights)
    assert [entry.f1 for entry in found.per_class] == pytest.approx(f1.tolist())
    assert found.overall_accuracy.value == pytest.approx(
        np.average(mapped == reference, weights=weights)
    )
    areas = [entry.area_share.value for entry in found.per_class]
    assert areas == pytest.approx([np.average(reference == k, weights=weights) for k in (1, 2, 3)])
    assert found.shares.sum() == pytest.approx(1)


def test_a_map_without_a_wrong_sample_is_not_known_to_be_free_of_errors() -> None:
    ids = np.repeat([1, 2, 3], 20)
    found = assess_sample(
        classes_named("ABC"), ids - 1, ids, ids, np.array([100, 1000, 50_000]), are_map_classes=True
    )
    assert found.overall_accuracy.standard_error == 0
    assert found.overall_accuracy.low < 0.97
    for entry in found.per_class:
        for estimate in (entry.area_share, entry.users_accuracy, entry.producers_accuracy):
            assert estimate.high - estimate.low > 0.01


def test_a_class_that_no_sample_holds_may_still_have_an_area() -> None:
    mapped = np.repeat([1, 2], 30)
    found = assess_sample(classes_named("ABC"), mapped - 1, mapped, mapped, np.array([500, 500]))
    absent = found.per_class[2]
    assert absent.users_accuracy is absent.producers_accuracy is absent.f1 is None
    assert absent.area_share.value == 0
    assert 0.01 < absent.area_share.high < 0.1


def test_sizes_in_hectares_take_the_place_of_pixels() -> None:
    mapped = np.repeat([1, 2], 10)
    found = assess_sample(
        classes_named("AB"),
        mapped - 1,
        mapped,
        mapped,
        np.array([100, 100]),
        weights=np.array([3, 1]),
    )
    assert [entry.area_share.value for entry in found.per_class] == [0.75, 0.25]


@pytest.mark.parametrize("name", ["with a rare class", "with many errors"])
def test_intervals_of_areas_hold_the_truth_as_often_as_they_say(name: str) -> None:
    shares, on_the_ground = MAPS[name]
    table = coverage(*map_and_truth(shares, on_the_ground, (100, 200)), 300, 60)
    areas = table[table["quantity"] == "area"]
    # 240 intervals: a standard error of 1.4 points if they were independent.
    assert 0.90 <= areas["coverage"].mean() <= 0.99
    assert areas["truth"].sum() == pytest.approx(1)
