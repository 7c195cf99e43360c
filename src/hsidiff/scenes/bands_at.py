"""A scene seen through the bands of another one: taken by wavelength, or resampled.

A model knows the bands that it was fitted on. Another scene may have more bands, others left out,
another order, or be of another sensor.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.special import ndtr

from hsidiff.scenes.bands import usual_steps
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

TOLERANCE_NM = 2.0
"""A band as near as this is taken for the one that is wanted."""
MIN_COVERAGE = 0.2
"""Least share of a response that lies in bands of the scene. One band that lacks among others of
its kind has 0.24 in its neighbours, two side by side have 0.12."""
_MAX_WIDTHS = 4.0
"""A band so many times wider than the wanted one says nothing of it."""
_NARROWEST = 0.6
"""A band narrower than this share of the wanted one is averaged with its neighbours."""
_SAME_NM = 0.1
"""Where all wanted bands are as near as this, the sensor is the same."""
_SIGMAS_OF_FWHM = 2 * np.sqrt(2 * np.log(2))
_SMALLEST_WEIGHT = 1e-3


@dataclass(frozen=True)
class ResampledSource:
    """Values of a scene, scaled, as weighted means of its bands.

    Attributes:
        scene: whose usable bands are averaged.
        weights: (bands, scene.n_bands) float64, each row sums to 1.
    """

    scene: Scene
    weights: np.ndarray = field(repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands."""
        return (*self.scene.shape, len(self.weights))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the means."""
        return np.dtype(np.float32)

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`~hsidiff.scenes.scene.PixelSource.read`; NaN at invalid pixels.

        Rounded from float64 a pixel gets the same values in every window.
        """
        values = self.scene.read(window).astype(np.float64)
        return (values @ self.weights[bands].T).astype(np.float32)

    def source_pixels(self, window: Window) -> np.ndarray | None:
        """See :meth:`hsidiff.scenes.scene.Scene.source_pixels`."""
        return self.scene.source_pixels(window)


@dataclass(frozen=True)
class BandMatch:
    """How the bands of a scene answer to the wanted ones.

    Attributes:
        scene: the scene.
        wavelengths_nm: (n,) centres of the wanted bands.
        widths_nm: (n,) their widths.
        taken: (n,) position, among the scene's usable bands, of the band that is taken as it is;
            -1 for a wanted band that is resampled.
        weights: (n, scene.n_bands) float64, rows sum to 1; 0 throughout where nothing answers.
        coverage: (n,) share of each wanted response that lies in bands of the scene.
    """

    scene: Scene
    wavelengths_nm: np.ndarray
    widths_nm: np.ndarray
    taken: np.ndarray
    weights: np.ndarray
    coverage: np.ndarray

    @property
    def lacking(self) -> np.ndarray:
        """(n,) bool, the wanted bands that the scene cannot give."""
        return self.coverage < MIN_COVERAGE

    @property
    def n_resampled(self) -> int:
        """How many of the wanted bands are means of several."""
        return int((self.taken < 0).sum())

    def view(self) -> Scene:
        """The scene with the wanted bands, in the wanted order; none of them may be lacking."""
        if self.n_resampled == 0 and len(np.unique(self.taken)) == len(self.taken):
            return self._chosen()
        needed = np.flatnonzero((self.weights > 0).any(axis=0))
        inner = _with_bands(self.scene, self.scene.band_indices[needed])
        return Scene(
            name=self.scene.name,
            source=ResampledSource(inner, self.weights[:, needed]),
            good_bands=np.ones(len(self.weights), dtype=bool),
            file_wavelengths_nm=self.wavelengths_nm,
            file_fwhm_nm=np.where(self.widths_nm > 0, self.widths_nm, np.nan),
            crs=self.scene.crs,
            transform=self.scene.transform,
            files=self.scene.files,
            notes=self.scene.notes,
        )

    def _chosen(self) -> Scene:
        if np.array_equal(self.taken, np.arange(self.scene.n_bands)):
            return self.scene
        return _with_bands(self.scene, self.scene.band_indices[self.taken])


def _with_bands(scene: Scene, indices: np.ndarray) -> Scene:
    """The scene with these bands of its file, in this order."""
    good_bands = np.zeros_like(scene.good_bands)
    good_bands[indices] = True
    return replace(scene, good_bands=good_bands, band_order=indices)


def match_bands(
    scene: Scene, wavelengths_nm: np.ndarray, widths_nm: np.ndarray | None = None
) -> BandMatch:
    """Find the bands that are wanted among those of a scene.

    A usable band within ``TOLERANCE_NM`` is taken as it is, unless it is much narrower than the
    wanted one and the sensor is another. Another wanted band is the mean of the scene's bands,
    weighted by a Gaussian response of the wanted width, or of the width of the nearest band if that
    is wider.

    Args:
        scene: a scene with wavelengths.
        wavelengths_nm: (n,) centres of the wanted bands.
        widths_nm: (n,) their widths; None takes the usual step between them.
    """
    own, own_widths = scene.wavelengths_nm, band_widths_nm(scene)
    assert own is not None, "only a scene with wavelengths can be asked"
    assert own_widths is not None
    wanted_widths = usual_steps(wavelengths_nm) if widths_nm is None else widths_nm
    distance = np.abs(np.subtract.outer(wavelengths_nm, own))
    nearest = distance.argmin(axis=1)
    like = (distance.min(axis=1) <= _SAME_NM).all() | (
        own_widths[nearest] >= _NARROWEST * wanted_widths
    )
    is_taken = (distance.min(axis=1) <= TOLERANCE_NM) & like
    reach = _reach_of(scene, own_widths)
    weights, coverage = _responses(wavelengths_nm, wanted_widths, own, reach, nearest)
    weights[is_taken] = np.eye(len(own))[nearest[is_taken]]
    coverage = np.where(is_taken, 1.0, coverage)
    taken = np.where(is_taken, nearest, -1)
    return BandMatch(scene, wavelengths_nm, wanted_widths, taken, weights, coverage)


def band_widths_nm(scene: Scene) -> np.ndarray | None:
    """(n_bands,) width of each usable band in nm, or None where wavelengths are unknown.

    It is the FWHM where known, else the usual step to the next band of the file.
    """
    steps = _file_steps(scene)
    if steps is None or scene.fwhm_nm is None:
        return steps
    return np.where(np.isfinite(scene.fwhm_nm) & (scene.fwhm_nm > 0), scene.fwhm_nm, steps)


def _file_steps(scene: Scene) -> np.ndarray | None:
    """(n_bands,) usual steps of the file around its usable bands: one left out makes none wider."""
    everywhere = scene.file_wavelengths_nm
    if everywhere is None:
        return None
    known = np.isfinite(everywhere)
    steps = np.zeros(everywhere.shape)
    steps[known] = usual_steps(everywhere[known])
    return steps[scene.band_indices]


def _reach_of(scene: Scene, widths: np.ndarray) -> np.ndarray:
    """(n_bands,) the part of the spectrum that each usable band stands for, in nm: no gaps."""
    steps = _file_steps(scene)
    assert steps is not None, "only a scene with wavelengths can be asked"
    return np.maximum(steps, widths)


def _responses(
    wavelengths_nm: np.ndarray,
    widths: np.ndarray,
    own_nm: np.ndarray,
    own_widths: np.ndarray,
    nearest: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n, bands) of the bands for each wanted response, and its coverage (n,)."""
    sigmas = np.maximum(widths, own_widths[nearest]) / _SIGMAS_OF_FWHM
    sigmas = np.maximum(sigmas, 1e-6)[:, None]
    low, high = (own_nm + sign * own_widths / 2 for sign in (-1, 1))
    weights = ndtr((high - wavelengths_nm[:, None]) / sigmas)
    weights -= ndtr((low - wavelengths_nm[:, None]) / sigmas)
    weights[own_widths > _MAX_WIDTHS * np.maximum(widths, 1e-6)[:, None]] = 0
    coverage = np.array(
        [
            _share_covered(low[used], high[used], centre, sigma)
            for used, centre, sigma in zip(weights > 0, wavelengths_nm, sigmas[:, 0], strict=True)
        ]
    )
    weights[weights < _SMALLEST_WEIGHT * weights.max(axis=1, keepdims=True)] = 0
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0), coverage


def _share_covered(low: np.ndarray, high: np.ndarray, centre: float, sigma: float) -> float:
    """Share of a Gaussian response that lies in the union of intervals."""
    order = np.argsort(low)
    low, high = low[order], np.maximum.accumulate(high[order]) if high.size else high
    begin = np.maximum(low, np.concatenate([[-np.inf], high[:-1]])) if low.size else low
    parts = ndtr((high - centre) / sigma) - ndtr((begin - centre) / sigma)
    return float(np.maximum(parts, 0).sum())
