import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hsidiff.baselines import PrincipalComponentsLDA
from hsidiff.errors import LabelError, SettingError
from hsidiff.scenes.scene import Scene
from small_scenes import small_invalid, small_labels, small_scene


def components_of(scene: Scene, n_components: int) -> np.ndarray:
    """Whitened components (rows, cols, n_components) by scikit-learn, NaN at invalid pixels."""
    cube, valid = scene.read().astype(np.float64), ~small_invalid()
    components = np.full((*scene.shape, n_components), np.nan)
    components[valid] = PCA(n_components, whiten=True, svd_solver="full").fit_transform(cube[valid])
    return components


@pytest.mark.parametrize("shrinkage", ["auto", 0.3])
def test_it_is_lda_on_whitened_components_of_all_valid_pixels(shrinkage: object) -> None:
    scene, labels = small_scene(n_bands=20), small_labels(n_per_class=(30, 20, 10))
    model = PrincipalComponentsLDA(shrinkage, n_components=6).fit(scene, labels)
    components = components_of(scene, 6)
    chosen = labels.values > 0
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
    lda.fit(components[chosen], labels.values[chosen])
    valid = ~small_invalid()
    expected = lda.predict_proba(components[valid])
    np.testing.assert_allclose(model.predict_proba(scene)[valid], expected, atol=1e-4)


def test_it_keeps_32_components_or_as_many_as_there_are_bands() -> None:
    for n_bands, n_components in ((48, 32), (12, 12), (1, 1)):
        model = PrincipalComponentsLDA().fit(small_scene(n_bands=n_bands), small_labels())
        assert model.projection_.components.shape == (n_components, n_bands)


def test_it_says_that_it_learns_from_pixels_without_labels() -> None:
    assert PrincipalComponentsLDA().transductive
    assert PrincipalComponentsLDA().halo_px == 0


@pytest.mark.parametrize("n_components", [0, -1, 2.5, None, True])
def test_a_number_of_components_that_is_no_count_is_refused(n_components: object) -> None:
    with pytest.raises(SettingError, match="n_components="):
        PrincipalComponentsLDA(n_components=n_components).fit(small_scene(), small_labels())


def test_what_lda_refuses_it_refuses() -> None:
    with pytest.raises(LabelError, match="each class has one training pixel only"):
        PrincipalComponentsLDA().fit(small_scene(), small_labels(n_per_class=(1, 1, 1)))
    with pytest.raises(SettingError, match="shrinkage=2"):
        PrincipalComponentsLDA(2).fit(small_scene(), small_labels())


@pytest.mark.parametrize("n_bands", [12, 48])
def test_the_cost_is_that_of_components_and_discriminant(n_bands: int) -> None:
    model = PrincipalComponentsLDA().fit(small_scene(n_bands=n_bands), small_labels())
    estimator = model.estimator_[-1]
    cost = model.cost(n_bands, 3)
    assert cost.macs_per_pixel == model.projection_.components.size + estimator.coef_.size
    assert cost.n_parameters == estimator.coef_.size + estimator.intercept_.size
