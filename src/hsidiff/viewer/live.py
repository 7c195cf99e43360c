"""A map that follows the labels: values are kept, and only its head is fitted again."""

import time
from importlib import import_module
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from hsidiff.errors import HsidiffError, SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.report.result_folder import ResultFolder
from hsidiff.suggestion.pool import Pool
from hsidiff.viewer.fitted_head import FittedHead
from hsidiff.viewer.kept_values import KeptValues
from hsidiff.viewer.label_store import LabelStore
from hsidiff.windows.tiles import tile_windows

if TYPE_CHECKING:  # they load PyTorch, which takes seconds and is not needed to see a scene
    from hsidiff.suggestion.suggest import Suggestions

WINDOW_PX = 256


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
        self._learned_from: LabelMap | None = None
        self._scoring = Lock()
        self._scored: tuple[FittedHead, ResultFolder] | None = None
        self._wake, self._is_asked = Condition(), False
        Thread(target=self._follow, daemon=True).start()

    @property
    def is_ready(self) -> bool:
        """Whether the scene was learned."""
        return KeptValues.are_in(self._folder)

    def ask(self) -> None:
        """Fit a head soon, if it is on and the scene was learned."""
        with self._wake:
            self._is_asked = self.on and self.is_ready
            self._wake.notify_all()

    def wait_for(self, labels_version: int, timeout_s: float = 60.0) -> bool:
        """Wait until there was a fit to labels of this version; whether there was."""
        with self._wake:
            return self._wake.wait_for(lambda: self.fitted_to >= labels_version, timeout_s)

    def suggest(self, n: int) -> "Suggestions":
        """Pixels to label next, by what the last head makes of the scene.

        Raises:
            SettingError: if there is no head.
        """
        head, kept, labels = self.head, self._kept, self._labels.label_map()
        if not self.on or head is None or kept is None:
            raise SettingError("switch the live map on and label two classes: then it can suggest")
        suggestion = import_module("hsidiff.suggestion.suggest")
        pool = Pool(suggestion.LEAST_POOL, kept.shape[1], self.version)
        for window in tile_windows(kept.shape, WINDOW_PX):
            probabilities = head.probabilities(window, 1)
            is_free = labels.values[window.slices] == 0
            pool.add(window, probabilities, probabilities.any(axis=-1) & is_free)
        taken = np.argwhere(labels.values > 0)
        taken = taken[np.isfinite(kept.at(taken)).all(axis=1)]
        suggested: Suggestions = suggestion.suggest_from(
            pool, kept.at, head.classes, n, taken=taken
        )
        return suggested

    def accuracy(self) -> ResultFolder:
        """What held-out labels say of the last head, in the form of a result that has no files.

        Raises:
            SettingError: if there is no head.
        """
        # Those who ask for the scores of one head wait for the first of them.
        with self._scoring:
            head, kept, labels = self.head, self._kept, self._learned_from
            if head is None or kept is None or labels is None:
                raise SettingError("label two classes: then the live map has scores")
            if self._scored is None or self._scored[0] is not head:
                scoring = import_module("hsidiff.viewer.live_scores")
                result = scoring.score_live(kept, labels)
                self._scored = head, ResultFolder(self._folder, result, None, None)
            return self._scored[1]

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
                labels = self._labels.label_map()
                self.head, self._learned_from = FittedHead(self._kept, labels), labels
                self.message = ""
            except (HsidiffError, OSError, ValueError) as error:
                self.head, self.message = None, str(error)
            self.seconds = time.perf_counter() - began_s
            with self._wake:
                self.version, self.fitted_to = self.version + 1, version
                self._wake.notify_all()
