import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.heads.class_shares import LEAST_WEIGHT, TRUST, class_weights

EQUAL = np.array([0.5, 0.5])


def probabilities_of(n_first: int, n_second: int, sureness: float) -> np.ndarray:
    """Honest probabilities for pixels of two classes: right as often as they say."""
    sure, unsure = [sureness, 1 - sureness], [1 - sureness, sureness]
    right = round(sureness * n_first), round(sureness * n_second)
    rows = [sure] * (right[0] + n_second - right[1]) + [unsure] * (right[1] + n_first - right[0])
    return np.array(rows)


def test_shares_of_the_scene_are_found_up_to_the_trust() -> None:
    """Of 1000 pixels 800 are of the first class; probabilities were learned on equal shares."""
    weights = class_weights(probabilities_of(800, 200, sureness=0.9), EQUAL)
    np.testing.assert_allclose(weights ** (1 / TRUST), [1.6, 0.4], rtol=0.01)


def test_a_scene_with_the_shares_of_the_labels_changes_nothing() -> None:
    weights = class_weights(probabilities_of(500, 500, sureness=0.8), EQUAL)
    np.testing.assert_allclose(weights, 1, rtol=1e-6)


def test_one_step_by_hand() -> None:
    """With certain probabilities the first step is the last: shares are counted."""
    weights = class_weights(np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]), np.array([0.25, 0.75]))
    np.testing.assert_allclose(weights ** (1 / TRUST), [0.75 / 0.25, 0.25 / 0.75])


def test_a_class_that_no_pixel_seems_to_be_of_is_not_given_up() -> None:
    weights = class_weights(np.array([[1.0, 0], [1, 0]]), EQUAL)
    assert weights[0] > 1
    assert weights[1] == LEAST_WEIGHT


@given(st.integers(2, 6), st.integers(1, 40), st.integers(0, 1000))
@settings(max_examples=30)
def test_weights_are_finite_and_give_no_class_up(n_classes: int, n: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(n_classes, 0.05), n)
    weights = class_weights(probabilities, generator.dirichlet(np.ones(n_classes)) + 1e-3)
    assert np.isfinite(weights).all()
    assert (weights >= LEAST_WEIGHT).all()
