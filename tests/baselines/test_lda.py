import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf

from hsidiff.baselines import LinearDiscriminant
from hsidiff.errors import LabelError, SettingError
from small_scenes import scene_of, small_cube, small_labels, small_scene


def shrunk(spectra: np.ndarray, shrinkage: float) -> np.ndarray:
    """Covariance (n_bands, n_bands), shrunk by hand towards its mean variance."""
    covariance = np.cov(spectra.T, bias=True)
    mean_variance = np.trace(covariance) / len(covariance)
    return (1 - shrinkage) * covariance + shrinkage * mean_variance * np.eye(len(covariance))


def ledoit_wolf_of_standardised(spectra: np.ndarray, _: object) -> np.ndarray:
    deviation = spectra.std(axis=0)
    standardised = (spectra - spectra.mean(axis=0)) / deviation
    return ledoit_wolf(standardised)[0] * np.outer(deviation, deviation)


@pytest.mark.parametrize(
    ("shrinkage", "covariance_of"), [(0.3, shrunk), ("auto", ledoit_wolf_of_standardised)]
)
def test_probabilities_are_posteriors_of_gaussians_with_one_covariance(
    shrinkage: object, covariance_of: object
) -> None:
    scene, labels = scene_of(small_cube(noise=0.3)), small_labels(n_per_class=(30, 20, 10))
    probabilities = LinearDiscriminant(shrinkage).fit(scene, labels).predict_proba(scene)
    cube = scene.read().astype(np.float64)
    of_class = [cube[labels.values == class_id] for class_id in (1, 2, 3)]
    priors = np.array([30, 20, 10]) / 60
    covariance = sum(
        prior * covariance_of(spectra, shrinkage)
        for prior, spectra in zip(priors, of_class, strict=True)
    )
    pixels = cube.reshape(-1, cube.shape[-1])
    log_densities = [
        multivariate_normal(spectra.mean(axis=0), covariance).logpdf(pixels) for spectra in of_class
    ]
    expected = softmax(np.array(log_densities).T + np.log(priors), axis=1)
    np.testing.assert_allclose(probabilities.reshape(-1, 3), expected, atol=1e-5)


def test_fewer_pixels_than_bands_are_enough() -> None:
    scene = small_scene(n_bands=48)
    model = LinearDiscriminant().fit(scene, small_labels(n_per_class=(4, 4, 4)))
    assert np.isfinite(model.predict_proba(scene)).all()


def test_one_pixel_in_every_class_is_refused() -> None:
    with pytest.raises(LabelError, match="each class has one training pixel only"):
        LinearDiscriminant().fit(small_scene(), small_labels(n_per_class=(1, 1, 1)))


@pytest.mark.parametrize("shrinkage", [-0.1, 1.1, "much", None, float("nan"), True])
def test_a_shrinkage_that_is_no_share_is_refused(shrinkage: object) -> None:
    with pytest.raises(SettingError, match="must be 'auto' or from 0 to 1"):
        LinearDiscriminant(shrinkage).fit(small_scene(), small_labels())


def test_the_cost_is_that_of_the_fitted_discriminant() -> None:
    model = LinearDiscriminant().fit(small_scene(), small_labels())
    cost, estimator = model.cost(12, 3), model.estimator_
    assert cost.macs_per_pixel == estimator.coef_.size
    assert cost.n_parameters == estimator.coef_.size + estimator.intercept_.size
