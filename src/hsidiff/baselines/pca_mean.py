"""Smoothing without learning: principal components, their 5 x 5 mean, a support vector machine.

The control for spatial context: what a network's patch gains over single spectra is worth something
only where it is more than this mean gains. On large fields that is a lot, on small ones a loss.

Components are those of all valid pixels of the scene (transductive). The mean is over the valid
pixels of the window; beyond the scene its edge is repeated. Taking means and taking components are
both linear, so means of spectra are projected, which is the same and cheaper. The machine and how
it chooses its settings are those of :mod:`hsidiff.baselines.svm`.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.ndimage import uniform_filter
from sklearn.base import ClassifierMixin

from hsidiff.about import About
from hsidiff.baselines.components import OnComponents
from hsidiff.baselines.svm import SupportVectorMachine
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.gather import Samples, gather_patches

WINDOW_PX = 5


@dataclass(repr=False, eq=False)
class PrincipalComponentsMean(OnComponents, SupportVectorMachine):
    """PCA of the scene, mean of the 5 x 5 pixels around each pixel, SVM; transductive.

    Attributes:
        train_spectra_: (n, n_bands) float64, means of spectra around the training pixels.
    """

    name: ClassVar[str] = "pca-mean"
    about: ClassVar[About] = About("control")

    @property
    def halo_px(self) -> int:
        """Half the window of the mean."""
        return WINDOW_PX // 2

    def _gather(self, scene: Scene, labels: LabelMap) -> Samples:
        samples = gather_patches(scene, labels, WINDOW_PX)
        means = [window_means(patch)[0, 0] for patch in samples.values]
        return replace(samples, values=np.stack(means))

    def _choose(self, spectra: np.ndarray, class_ids: np.ndarray) -> dict[str, float]:
        return super()._choose(self.projection_.project(spectra), class_ids)

    def _make_estimator(self) -> ClassifierMixin:
        return self._after_projection(super()._make_estimator())

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        return super()._predict_proba_tile(window_means(cube), window)


def window_means(cube: np.ndarray) -> np.ndarray:
    """Mean of the valid pixels of each 5 x 5 window that lies inside ``cube``.

    Args:
        cube: (rows + 4, cols + 4, n_bands) float32; NaN in all bands of an invalid pixel.

    Returns:
        (rows, cols, n_bands) float64; NaN where the middle pixel is invalid.
    """
    half = WINDOW_PX // 2
    middle = (slice(half, -half), slice(half, -half))
    valid = np.isfinite(cube).all(axis=-1, keepdims=True)
    size = (WINDOW_PX, WINDOW_PX, 1)
    # In double precision: a running sum loses digits, and other ones in each tile.
    sums = uniform_filter(np.where(valid, cube, 0).astype(np.float64), size)[middle]
    shares = uniform_filter(valid.astype(np.float64), size)[middle]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(valid[middle], sums / shares, np.nan)
