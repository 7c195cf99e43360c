"""Whatever is made of the probabilities of a map while they pass by, window by window."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.maps.geotiff import Grid
from hsidiff.scenes.window import Window

Write = Callable[[Window, np.ndarray], None]
"""Takes a window and its probabilities (rows, cols, n_classes), all 0 at invalid pixels."""


class Layer(Protocol):
    """A file that goes with a map, or something that only listens."""

    @property
    def path(self) -> Path | None:
        """The file; None where none is written."""

    def open(self, model: SceneClassifier, grid: Grid) -> AbstractContextManager[Write]:
        """Begin; the file appears when the block has ended well."""
