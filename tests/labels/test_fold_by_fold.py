import numpy as np

from hsidiff.labels.fold_by_fold import Predict, predict_fold_by_fold


def test_each_pixel_is_predicted_by_what_was_fitted_to_the_other_folds() -> None:
    fold, classes = np.array([0, 1, -1, 0, 1]), np.array([0, 1, 0, 2, 1])
    fitted_to: list[list[int]] = []

    def fit(inside: np.ndarray) -> tuple[np.ndarray, Predict]:
        fitted_to.append(np.flatnonzero(inside).tolist())
        known = np.unique(classes[inside])
        return known, lambda chosen: chosen[:, None] + 10.0 * known

    found = predict_fold_by_fold(fold, 3, fit)
    assert fitted_to == [[1, 2, 4], [0, 2, 3]]
    expected = [[0, 10, 0], [1, 0, 21], [np.nan] * 3, [3, 13, 0], [4, 0, 24]]
    np.testing.assert_array_equal(found, expected)


def test_nothing_is_fitted_where_no_pixel_is_held_out() -> None:
    def fit(inside: np.ndarray) -> tuple[np.ndarray, Predict]:
        raise AssertionError

    assert np.isnan(predict_fold_by_fold(np.full(4, -1), 2, fit)).all()
