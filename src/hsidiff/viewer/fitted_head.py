"""The head of the live map: a linear discriminant on kept values.

It is the quickest head that knows what to do with more values than labels: shrinkage is found in
closed form (Ledoit and Wolf 2004), so nothing is held out and nothing iterates. A trained map has
the heads of its method, which take seconds to minutes and are better.
"""

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from hsidiff.errors import LabelError
from hsidiff.kinds import SCALED_SPECTRUM, without_kinds
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.scenes.window import Window
from hsidiff.viewer.kept_values import KeptValues

MAX_PER_CLASS = 300
"""More labels of a class than these are thinned, so that a fit stays a matter of a second."""


class FittedHead:
    """A head with the classes that it knows."""

    def __init__(self, kept: KeptValues, labels: LabelMap) -> None:
        """Fit to labels of two classes or more on valid pixels.

        Raises:
            LabelError: if there are fewer classes, or no class has two labels.
        """
        rows, cols = _chosen_pixels(labels)
        values = kept.values[rows, cols]
        valid = np.isfinite(values).all(axis=-1)
        values = values[valid]
        ids, classes = np.unique(labels.values[rows, cols][valid], return_inverse=True)
        if len(ids) < 2:
            raise LabelError("label pixels of at least two classes")
        if len(ids) == len(classes):
            raise LabelError("label a second pixel of a class")
        self.classes: tuple[LandClass, ...] = tuple(c for c in labels.classes if c.id in ids)
        self._kept = kept
        _, self._columns = without_kinds(kept.kinds, (SCALED_SPECTRUM,))
        # Shrinkage compares variances, so values of all kinds are brought to one scale.
        discriminant = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        self._head = make_pipeline(StandardScaler(), discriminant)
        with threadpool_limits(limits=1):
            self._head.fit(values[:, self._columns], classes)

    def probabilities_at(self, places: np.ndarray) -> np.ndarray:
        """Probabilities (n, n_classes) of valid pixels (n, 2), row and column."""
        return np.asarray(self._head.predict_proba(self._kept.at(places)[:, self._columns]))

    def probabilities(self, window: Window, step: int) -> np.ndarray:
        """Probabilities (rows, cols, n_classes) of every ``step``-th pixel of a window.

        0 in all classes at invalid pixels.
        """
        rows, cols = window.slices
        values = self._kept.values[rows, cols][::step, ::step]
        probabilities = np.zeros((*values.shape[:2], len(self.classes)), dtype=np.float32)
        valid = np.isfinite(values).all(axis=-1)
        if valid.any():
            probabilities[valid] = self._head.predict_proba(values[valid][:, self._columns])
        return probabilities


def _chosen_pixels(labels: LabelMap) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the labelled pixels, of many a draw, the same for the same labels."""
    draw = np.random.default_rng(0)
    chosen = []
    for land_class in labels.classes:
        pixels = np.argwhere(labels.values == land_class.id)
        chosen.append(draw.permutation(pixels)[:MAX_PER_CLASS])
    pixels = np.concatenate(chosen) if chosen else np.empty((0, 2), dtype=int)
    return pixels[:, 0], pixels[:, 1]
