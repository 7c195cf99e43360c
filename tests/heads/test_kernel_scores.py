import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVC

from hsidiff.heads import kernel_scores
from hsidiff.heads.kernel_scores import SETTINGS, KernelScores, fit_kernel_scores, thinned


def rings(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Values (3 n, 2) on three rings around one middle, which no straight line parts; classes."""
    generator = np.random.default_rng(seed)
    classes, angles = np.repeat(np.arange(3), n), generator.uniform(0, 2 * np.pi, 3 * n)
    radii = 1 + classes + generator.normal(0, 0.1, 3 * n)
    return radii[:, None] * np.stack([np.sin(angles), np.cos(angles)], axis=1), classes


def test_scores_are_those_of_kernel_ridge_regression_on_the_classes() -> None:
    values, classes = rings()
    others, _ = rings(seed=1)
    (scores,) = fit_kernel_scores(values, classes, 3, ((1.0, 0.1),))
    targets = np.eye(3)[classes]
    reference = KernelRidge(alpha=0.1, kernel="rbf", gamma=scores.width)
    reference.fit(values, targets - targets.mean(axis=0))
    expected = reference.predict(others) + targets.mean(axis=0)
    np.testing.assert_allclose(scores.of(others), expected, atol=1e-9)


def test_curved_borders_are_found_as_a_support_vector_machine_finds_them() -> None:
    values, classes = rings()
    others, truth = rings(seed=1)
    (scores,) = fit_kernel_scores(values, classes, 3, ((4.0, 0.1),))
    machine = SVC(C=100, gamma=scores.width).fit(values, classes)
    found = scores.of(others).argmax(axis=1)
    assert (found == truth).mean() > 0.97
    assert (found == machine.predict(others)).mean() > 0.97


def test_the_width_follows_the_spread_of_the_samples() -> None:
    values, classes = rings()
    (near,) = fit_kernel_scores(values, classes, 3, ((1.0, 0.1),))
    (far,) = fit_kernel_scores(10 * values, classes, 3, ((1.0, 0.1),))
    assert near.width == pytest.approx(100 * far.width)
    np.testing.assert_allclose(near.of(values), far.of(10 * values), atol=1e-9)


def test_scores_do_not_depend_on_how_many_pixels_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values, classes = rings()
    (scores,) = fit_kernel_scores(values, classes, 3, SETTINGS[:1])
    whole = scores.of(values)
    monkeypatch.setattr(kernel_scores, "CHUNK", 7)
    np.testing.assert_allclose(scores.of(values), whole, atol=1e-12)
    assert scores.of(values[:0]).shape == (0, 3)


def test_a_class_without_a_sample_is_never_the_best() -> None:
    values, classes = rings()
    for scores in fit_kernel_scores(values, 2 * classes, 6):
        assert set(scores.of(values).argmax(axis=1)) <= {0, 2, 4}


def test_samples_that_are_all_alike_do_no_harm() -> None:
    for scores in fit_kernel_scores(np.ones((4, 2)), np.array([0, 0, 0, 1]), 2):
        assert (scores.of(np.ones((1, 2))).argmax(axis=1) == 0).all()


def test_many_samples_are_thinned_out_evenly_and_no_class_is_lost() -> None:
    classes = np.repeat([0, 1, 2], [1, 300, 700])
    kept = thinned(classes, 100)
    assert np.bincount(classes[kept])[0] == 1
    np.testing.assert_allclose(np.bincount(classes[kept])[1:], [30, 70], atol=1)
    np.testing.assert_array_equal(thinned(classes, 1001), np.arange(1001))


def test_what_is_stored_gives_the_same_scores() -> None:
    values, classes = rings()
    scores = fit_kernel_scores(values, classes, 3, SETTINGS[:1])[0].times(3.0)
    again = KernelScores.from_arrays("a.", scores.arrays("a."))
    np.testing.assert_array_equal(again.of(values), scores.of(values))
