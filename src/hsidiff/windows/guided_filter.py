"""The guided filter: values are smoothed, except across the edges of a guide.

In each square window the output is taken for a linear function of the guide, fitted to the values;
what the windows over a pixel say of it is averaged. Where the guide is flat the values are
averaged, and where it has an edge they may have one.

Source: K. He, J. Sun, X. Tang, "Guided Image Filtering", IEEE TPAMI 35 (2013), section on colour
filtering. Equations are numbered as in the version of ECCV 2010.

Where we differ: pixels have weights. A sum over a window goes over its valid pixels and is divided
by how many they are, and only windows around a valid pixel count. Beyond the border there is
nothing, as in the paper.
"""

import numpy as np
from scipy.ndimage import correlate1d

FLATNESS = 0.01
"""The paper's eps, where the guide has unit variance: a variance in a window far below it is noise,
one far above it is an edge."""


def guided_filter(
    values: np.ndarray, guide: np.ndarray, valid: np.ndarray, radius_px: int
) -> np.ndarray:
    """Smooth each of several values of a pixel along the edges of one guide.

    A pixel is changed by those up to ``2 * radius_px`` away: windows that hold it are averaged, and
    each was fitted to all of its pixels. Sums are made in an order that does not depend on where
    the array begins, so a part of an image comes out as in the whole.

    Args:
        values: (rows, cols, n); at invalid pixels anything, NaN too. They are p.
        guide: (rows, cols, d), of about unit variance; at invalid pixels anything. It is I.
        valid: (rows, cols) bool.
        radius_px: of the windows, whose side is twice this and one.

    Returns:
        (rows, cols, n) float64; 0 where invalid. It is q.
    """
    p = np.where(valid[..., None], values, 0).astype(np.float64)
    I = np.where(valid[..., None], guide, 0).astype(np.float64)  # noqa: E741
    # A window without a valid pixel is not used; it must not divide by 0 either.
    n_pixels = np.maximum(_window_sums(valid.astype(np.float64), radius_px), 1)

    def mean(of: np.ndarray) -> np.ndarray:
        return _window_sums(of, radius_px) / np.expand_dims(n_pixels, tuple(range(2, of.ndim)))

    # 1. Statistics of each window: means, covariance Sigma of the guide, and with the values.
    p_mean, mu = mean(p), mean(I)
    sigma = mean(_products(I, I)) - _products(mu, mu)
    with_values = mean(_products(I, p)) - _products(mu, p_mean)
    # 2. The linear function of each window (eqs. 14 and 15).
    a = np.linalg.solve(sigma + FLATNESS * np.eye(I.shape[-1]), with_values)
    b = p_mean - np.einsum("rcd,rcdn->rcn", mu, a)
    # 3. The mean of what the windows over a pixel say (eq. 16).
    a[~valid], b[~valid] = 0, 0
    q = np.einsum("rcd,rcdn->rcn", I, mean(a)) + mean(b)
    return np.where(valid[..., None], q, 0)


def _window_sums(values: np.ndarray, radius_px: int) -> np.ndarray:
    """Sums over the window around each pixel of (rows, cols, ...); beyond the border is 0."""
    ones = np.ones(2 * radius_px + 1)
    # Not a running sum: that loses digits, and other ones in each tile.
    down = correlate1d(values, ones, axis=0, mode="constant")
    return correlate1d(down, ones, axis=1, mode="constant")


def _products(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Outer products (rows, cols, d, n) of the vectors (rows, cols, d) and (rows, cols, n)."""
    return first[..., :, None] * second[..., None, :]
