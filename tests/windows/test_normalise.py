import numpy as np
import pytest

from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import StreamingMoments


def smooth_spectra(n: int = 400, n_bands: int = 40, seed: int = 0) -> np.ndarray:
    """Spectra whose neighbouring bands are alike, with means and ranges that differ by band."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(n, n_bands)).cumsum(axis=1) + 0.3 * rng.normal(size=(n, n_bands))
    return (1000 + 50 * steps).astype(np.float32)


def moments_of(spectra: np.ndarray) -> StreamingMoments:
    moments = StreamingMoments()
    moments.update(spectra)
    return moments


def test_the_range_of_each_band_becomes_minus_1_to_1() -> None:
    spectra = smooth_spectra()
    transformed = SpectralTransform.to_range(moments_of(spectra)).apply(spectra)
    assert transformed.dtype == np.float32
    np.testing.assert_allclose(transformed.min(axis=0), -1, atol=1e-5)
    np.testing.assert_allclose(transformed.max(axis=0), 1, atol=1e-5)


def test_the_range_is_scaled_band_by_band_and_linearly() -> None:
    spectra = np.array([[0, 10], [4, 30], [1, 20]], dtype=np.float32)
    transformed = SpectralTransform.to_range(moments_of(spectra)).apply(spectra)
    np.testing.assert_allclose(transformed, [[-1, -1], [1, 1], [-0.5, 0]], atol=1e-6)


@pytest.mark.parametrize(("n_bands", "n_outputs"), [(40, 8), (40, 32), (33, 32), (5, 32), (1, 32)])
def test_whitened_values_have_identity_covariance(n_bands: int, n_outputs: int) -> None:
    spectra = smooth_spectra(n_bands=n_bands)
    transform = SpectralTransform.whitened(moments_of(spectra), n_outputs)
    n = min(n_bands, n_outputs)
    assert transform.n_outputs == n
    values = transform.apply(spectra).astype(np.float64)
    covariance = np.cov(values, rowvar=False).reshape(n, n)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(covariance, np.eye(n), atol=5e-3)


@pytest.mark.parametrize("n_outputs", [5, 8, 32])
def test_whitening_keeps_the_order_of_the_wavelengths(n_outputs: int) -> None:
    transform = SpectralTransform.whitened(moments_of(smooth_spectra()), n_outputs)
    groups = np.array_split(np.arange(40), n_outputs)
    for weights, group in zip(transform.matrix, groups, strict=True):
        assert weights.argmax() in group


def test_whitening_is_the_symmetric_one() -> None:
    matrix = SpectralTransform.whitened(moments_of(smooth_spectra(n_bands=6)), 6).matrix
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)


def test_rounding_is_not_blown_up_to_unit_variance() -> None:
    spectra = smooth_spectra(n_bands=4)
    doubled = np.concatenate([spectra, spectra], axis=1)
    values = SpectralTransform.whitened(moments_of(doubled), 8).apply(doubled)
    assert np.isfinite(values).all()
    assert values.std(axis=0).max() < 1.1


@pytest.mark.parametrize("kind", ["range", "whitened"])
def test_inverting_gives_back_the_spectra(kind: str) -> None:
    spectra, moments = smooth_spectra(n_bands=10), moments_of(smooth_spectra(n_bands=10))
    transform = (
        SpectralTransform.to_range(moments)
        if kind == "range"
        else SpectralTransform.whitened(moments, 10)
    )
    np.testing.assert_allclose(transform.invert(transform.apply(spectra)), spectra, rtol=1e-4)


def test_inverting_works_for_bands_of_very_different_ranges() -> None:
    spectra = smooth_spectra(n_bands=60) * np.geomspace(1e-5, 1e5, 60, dtype=np.float32)
    transform = SpectralTransform.to_range(moments_of(spectra))
    error = transform.invert(transform.apply(spectra)) - spectra
    assert (np.abs(error).max(axis=0) < 1e-5 * np.ptp(spectra, axis=0)).all()


def test_inverting_fewer_outputs_gives_spectra_with_these_outputs() -> None:
    spectra = smooth_spectra()
    transform = SpectralTransform.whitened(moments_of(spectra), 8)
    values = transform.apply(spectra)
    smallest = transform.invert(values)
    np.testing.assert_allclose(transform.apply(smallest), values, atol=2e-3)
    assert (np.linalg.norm(smallest - transform.shift, axis=1)
            <= np.linalg.norm(spectra - transform.shift, axis=1) * 1.0001).all()  # fmt: skip


def test_invalid_pixels_stay_nan_and_disturb_no_other() -> None:
    spectra = smooth_spectra(n_bands=6)
    transform = SpectralTransform.whitened(moments_of(spectra), 4)
    with_gap = spectra.copy()
    with_gap[7] = np.nan
    found = transform.apply(with_gap)
    assert np.isnan(found[7]).all()
    others = np.arange(len(spectra)) != 7
    np.testing.assert_allclose(found[others], transform.apply(spectra)[others], atol=1e-6)
