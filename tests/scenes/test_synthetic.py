import hashlib

import numpy as np
import pytest
from scipy import ndimage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from hsidiff.errors import SettingError
from hsidiff.scenes.synthetic import NODATA, make_synthetic_scene

BLOCK_PX = 16


@pytest.fixture(scope="module")
def default():
    return make_synthetic_scene()


@pytest.fixture(scope="module")
def pixels(default):
    return default.scene.read()


def digest(synthetic):
    stored = hashlib.sha256(synthetic.scene.source.values.tobytes())
    stored.update(synthetic.label_values.tobytes())
    return stored.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_scene(default):
    assert digest(make_synthetic_scene(random_state=0)) == digest(default)
    assert digest(make_synthetic_scene(random_state=1)) != digest(default)


def test_the_global_random_state_is_neither_used_nor_touched(default):
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert digest(make_synthetic_scene()) == digest(default)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_scene_is_stored_as_a_georeferenced_product(default):
    scene = default.scene
    assert scene.shape == (120, 120)
    assert scene.source.shape == (120, 120, 120)
    assert scene.source.dtype == np.int16
    assert scene.scale == pytest.approx(1e-4)
    assert scene.nodata == NODATA
    assert scene.crs.to_epsg() == 32633
    assert (scene.transform.a, scene.transform.e) == (5.0, -5.0)


def test_bands_in_the_gaps_of_water_vapour_are_bad_and_hold_only_noise(default):
    scene = default.scene
    wavelengths = scene.file_wavelengths_nm
    gap = ((wavelengths > 1350) & (wavelengths < 1430)) | (
        (wavelengths > 1800) & (wavelengths < 1950)
    )
    assert not scene.good_bands[gap].any()
    assert 0.8 < scene.good_bands.mean() < 0.95
    valid = scene.source.values[..., 0] != NODATA
    in_gap = scene.source.values[valid][:, gap] * scene.scale
    assert np.abs(in_gap.mean(axis=0)).max() < 1e-3
    assert in_gap.std(axis=0).min() > 0.005


def test_a_pixel_is_valid_in_all_bands_or_in_none_and_few_are_invalid(default, pixels):
    missing = default.scene.source.values == NODATA
    np.testing.assert_array_equal(missing.any(axis=-1), missing.all(axis=-1))
    np.testing.assert_array_equal(missing[..., 0], np.isnan(pixels).any(axis=-1))
    assert 0.01 < missing[..., 0].mean() < 0.1


def test_values_are_plausible_reflectances(pixels):
    valid = pixels[np.isfinite(pixels[..., 0])]
    assert np.percentile(valid, 0.1) > -0.06
    assert 0.4 < np.percentile(valid, 99.9) < 0.9


def test_half_to_seven_tenths_of_the_valid_pixels_are_labelled(default, pixels):
    valid = np.isfinite(pixels[..., 0])
    labelled = default.label_values > 0
    assert not (labelled & ~valid).any()
    assert 0.5 < labelled.sum() / valid.sum() < 0.7


@pytest.mark.parametrize(
    "settings",
    [{}, {"n_classes": 8}, {"shape": (145, 145), "n_bands": 10, "n_classes": 16}],
    ids=["default", "8 classes", "16 classes"],
)
def test_every_class_lies_in_at_least_four_separate_places_and_blocks(settings):
    made = make_synthetic_scene(**settings)
    assert (
        set(made.class_names) == set(made.class_colors) == set(np.unique(made.label_values)) - {0}
    )
    for class_id in made.class_names:
        mask = made.label_values == class_id
        places, _ = ndimage.label(mask, np.ones((3, 3)))
        assert (np.bincount(places.ravel())[1:] >= 4).sum() >= 4, made.class_names[class_id]
        rows, cols = np.nonzero(mask)
        blocks, counts = np.unique((rows // BLOCK_PX) * 100 + cols // BLOCK_PX, return_counts=True)
        assert (counts >= 5).sum() >= 4, (made.class_names[class_id], blocks, counts)


def test_noise_is_stronger_in_swir_than_in_nir(default, pixels):
    # Water is dark and flat: its spread from pixel to pixel is mostly noise.
    water = pixels[default.label_values == 1]
    spread = water.std(axis=0)
    wavelengths = default.scene.wavelengths_nm
    assert spread[wavelengths > 2200].mean() > 1.4 * spread[np.abs(wavelengths - 1000) < 50].mean()


def test_one_band_is_enough_and_any_larger_shape_works():
    made = make_synthetic_scene(shape=(96, 131), n_bands=1, n_classes=8)
    assert made.scene.read().shape == (96, 131, 1)
    assert made.label_values.shape == (96, 131)


@pytest.mark.parametrize(
    "settings",
    [{"shape": (95, 200)}, {"n_bands": 0}, {"n_classes": 7}, {"n_classes": 17}],
)
def test_a_setting_out_of_range_is_refused_with_its_value(settings):
    (name, value), *_ = settings.items()
    with pytest.raises(SettingError, match=name) as error:
        make_synthetic_scene(**settings)
    assert str(value) in str(error.value)


def block_split(labels, rng, guard_px=5, n_per_class=30):
    """Training labels drawn in half of the blocks, test labels away from them."""
    n_blocks = [-(-size // BLOCK_PX) for size in labels.shape]
    blocks = rng.random(n_blocks) < 0.5
    region = np.kron(blocks, np.ones((BLOCK_PX, BLOCK_PX), bool))
    region = region[: labels.shape[0], : labels.shape[1]]
    train = np.zeros_like(labels)
    for class_id in np.unique(labels[labels > 0]):
        found = np.flatnonzero((labels == class_id) & region)
        train.flat[rng.choice(found, n_per_class, replace=False)] = class_id
    return train, np.where(ndimage.distance_transform_edt(~region) > guard_px, labels, 0)


def test_the_scene_is_hard_for_spectra_alone_and_impossible_from_position(default, pixels):
    train, test = block_split(default.label_values, np.random.default_rng(100))
    known, wanted = train[train > 0], test[test > 0]
    grid = {"svc__C": [1, 10, 100], "svc__gamma": [1e-3, 1e-2, 1e-1]}
    models = {
        "svm": GridSearchCV(make_pipeline(StandardScaler(), SVC()), grid, cv=3),
        "lda": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    }
    accuracy = {
        name: model.fit(pixels[train > 0], known).score(pixels[test > 0], wanted)
        for name, model in models.items()
    }
    position = KNeighborsClassifier(1).fit(np.argwhere(train > 0), known)
    assert 0.6 < accuracy["svm"] < 0.9
    assert 0.6 < accuracy["lda"] < 0.92
    assert position.score(np.argwhere(test > 0), wanted) < 0.45
