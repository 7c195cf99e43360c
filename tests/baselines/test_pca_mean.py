import numpy as np
import pytest
from scipy.special import softmax
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from hsidiff.baselines import PrincipalComponentsMean, SupportVectorMachine
from hsidiff.baselines.pca_mean import window_means
from hsidiff.errors import SettingError
from small_scenes import (
    scene_of,
    small_cube,
    small_fields,
    small_invalid,
    small_labels,
    small_scene,
)


def means_by_hand(values: np.ndarray) -> np.ndarray:
    """Mean of the valid pixels of each 5 x 5 window, pixel by pixel; the edge is repeated."""
    padded = np.pad(values, ((2, 2), (2, 2), (0, 0)), mode="edge")
    means = np.full(values.shape, np.nan)
    for row, col in np.argwhere(np.isfinite(values[..., 0])):
        window = padded[row : row + 5, col : col + 5].reshape(25, -1)
        means[row, col] = window[np.isfinite(window[:, 0])].mean(axis=0)
    return means


def test_it_is_an_svm_on_means_of_components_of_all_valid_pixels() -> None:
    scene, labels = small_scene(), small_labels()
    model = PrincipalComponentsMean(C=10, gamma=0.5, n_components=5).fit(scene, labels)

    valid, chosen = ~small_invalid(), labels.values > 0
    cube = scene.read().astype(np.float64)
    components = np.full((*scene.shape, 5), np.nan)
    components[valid] = PCA(5, whiten=True, svd_solver="full").fit_transform(cube[valid])
    means = means_by_hand(components)
    scaler = MinMaxScaler().fit(means[chosen])
    machine = SVC(C=10, gamma=0.5, break_ties=True)
    machine.fit(scaler.transform(means[chosen]), labels.values[chosen])
    values = machine.decision_function(scaler.transform(means[valid]))
    expected = softmax(values / model.chosen_["temperature"], axis=1)
    # The machine's optimiser itself stops at 1e-3.
    np.testing.assert_allclose(model.predict_proba(scene)[valid], expected, atol=1e-3)


def test_its_settings_are_chosen_on_the_means() -> None:
    # Single spectra of this noise are hardly told apart, means of 25 are.
    scene = scene_of(small_cube(noise=0.4))
    labels = small_labels(n_per_class=(20, 20, 20))
    wanted = small_fields() + 1
    smoothed = PrincipalComponentsMean().fit(scene, labels)
    single = SupportVectorMachine().fit(scene, labels)
    # The search of the SVM itself, on what its machine will see.
    projected = smoothed.projection_.project(smoothed.train_spectra_)
    assert smoothed.chosen_ == SupportVectorMachine()._choose(projected, smoothed.train_class_ids_)
    gain = (smoothed.predict(scene) == wanted).mean() - (single.predict(scene) == wanted).mean()
    assert gain > 0.1


def test_means_leave_invalid_pixels_out_and_are_not_given_for_them() -> None:
    cube = np.zeros((5, 6, 2), dtype=np.float32)
    cube[..., 0] = np.arange(6)
    cube[..., 1] = 7
    cube[0, 0] = cube[2, 3] = np.nan
    means = window_means(cube)
    assert means.shape == (1, 2, 2)
    # Columns 0..4, five of each: 50, less the invalid 0 and 3, over 23 pixels.
    np.testing.assert_allclose(means[0, 0], (47 / 23, 7))
    assert np.isnan(means[0, 1]).all()


def test_means_do_not_lose_digits_of_large_numbers() -> None:
    cube = np.full((5, 400, 1), 1e7, dtype=np.float32)
    cube[:, 200] += 1
    means = window_means(cube)[0, :, 0]
    np.testing.assert_allclose(means[198:200], 1e7 + 0.2, rtol=0, atol=1e-6)
    np.testing.assert_allclose(means[-1], 1e7, rtol=0, atol=1e-6)


def test_it_sees_two_pixels_around_a_pixel_and_unlabelled_ones() -> None:
    model = PrincipalComponentsMean()
    assert model.halo_px == 2
    assert model.transductive


@pytest.mark.parametrize("settings", [{"n_components": 0}, {"C": -1.0}, {"n_folds": 1}])
def test_settings_that_are_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=f"{next(iter(settings))}="):
        PrincipalComponentsMean(**settings).fit(small_scene(), small_labels())
