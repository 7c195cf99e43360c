"""A map that follows the labels: values are kept, and only a linear discriminant is fitted again.

It is the quickest head that knows what to do with more values than labels: shrinkage is found in
closed form (Ledoit and Wolf 2004), so nothing is held out and nothing iterates. A trained map has
the heads of its method, which take seconds to minutes and are better.
"""

import time
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from hsidiff.errors import HsidiffError, LabelError, SettingError
from hsidiff.kinds import SCALED_SPECTRUM, without_kinds
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.scenes.window import Window
from hsidiff.suggestion.pool import Pool
from hsidiff.suggestion.suggest import LEAST_POOL, Suggestions, suggest_from
from hsidiff.viewer.kept_values import KeptValues
from hsidiff.viewer.label_store import LabelStore
from hsidiff.windows.tiles import tile_windows

WINDOW_PX = 256
MAX_PER_CLASS = 300
"""More labels of a class than these are thinned, so that a fit stays a matter of a second."""


class FittedHead:
    """A head with the classes that it knows."""

    def __init__(self, kept: KeptValues, labels: LabelMap, random_state: int = 0) -> None:
        """Fit to labels of two classes or more on valid pixels.

        Raises:
            LabelError: if there are fewer classes, or no class has two labels.
        """
        rows, cols = _chosen_pixels(labels, random_state)
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


def _chosen_pixels(labels: LabelMap, random_state: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the labelled pixels, of many a draw, the same for the same labels."""
    draw = np.random.default_rng(random_state)
    chosen = []
    for land_class in labels.classes:
        pixels = np.argwhere(labels.values == land_class.id)
        chosen.append(draw.permutation(pixels)[:MAX_PER_CLASS])
    pixels = np.concatenate(chosen) if chosen else np.empty((0, 2), dtype=int)
    return pixels[:, 0], pixels[:, 1]


class LiveMap:
    """Fits a head whenever labels changed, in a thread of its own; the last labels win.

    Attributes:
        on: whether it follows.
        version: counts the heads.
        fitted_to: the version of the labels that the last one was fitted to.
        head: the last one, or None.
        seconds: what its fit took.
        message: why there is no newer one.
    """

    def __init__(self, folder: Path, labels: LabelStore) -> None:
        self.on, self.version, self.seconds, self.message = False, 0, 0.0, ""
        self.fitted_to = -1
        self.head: FittedHead | None = None
        self._folder, self._labels = folder, labels
        self._kept: KeptValues | None = None
        self._wake, self._is_asked = Condition(), False
        Thread(target=self._follow, daemon=True).start()

    @property
    def is_ready(self) -> bool:
        """Whether the scene was learned."""
        return (self._folder / "kinds.json").exists()

    def ask(self) -> None:
        """Fit a head soon, if it is on and the scene was learned."""
        with self._wake:
            self._is_asked = self.on and self.is_ready
            self._wake.notify_all()

    def wait_for(self, labels_version: int, timeout_s: float = 60.0) -> bool:
        """Wait until there was a fit to labels of this version; whether there was."""
        with self._wake:
            return self._wake.wait_for(lambda: self.fitted_to >= labels_version, timeout_s)

    def suggest(self, n: int) -> Suggestions:
        """Pixels to label next, by what the last head makes of the scene.

        Raises:
            SettingError: if there is no head.
        """
        head, kept, labels = self.head, self._kept, self._labels.label_map()
        if not self.on or head is None or kept is None:
            raise SettingError("switch the live map on and label two classes: then it can suggest")
        pool = Pool(LEAST_POOL, kept.shape[1], self.version)
        for window in tile_windows(kept.shape, WINDOW_PX):
            probabilities = head.probabilities(window, 1)
            is_free = labels.values[window.slices] == 0
            pool.add(window, probabilities, probabilities.any(axis=-1) & is_free)
        taken = np.argwhere(labels.values > 0)
        taken = taken[np.isfinite(kept.at(taken)).all(axis=1)]
        return suggest_from(pool, kept.at, head.classes, n, taken=taken)

    def to_json(self) -> dict[str, Any]:
        """What a page shows."""
        return {
            "on": self.on,
            "ready": self.is_ready,
            "version": self.version if self.on and self.head else 0,
            "seconds": round(self.seconds, 2),
            "message": self.message,
        }

    def _follow(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._is_asked)
                self._is_asked = False
            began_s, version = time.perf_counter(), self._labels.version
            try:
                self._kept = self._kept or KeptValues.open(self._folder)
                self.head = FittedHead(self._kept, self._labels.label_map())
                self.message = ""
            except (HsidiffError, OSError, ValueError) as error:
                self.head, self.message = None, str(error)
            self.seconds = time.perf_counter() - began_s
            with self._wake:
                self.version, self.fitted_to = self.version + 1, version
                self._wake.notify_all()
