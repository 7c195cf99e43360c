"""A raster that goes with a map: what is stored of each pixel, and the file that it becomes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.maps.geotiff import Grid
from hsidiff.scenes.window import Window

Write = Callable[[Window, np.ndarray], None]
"""Takes a window and what a layer stores of it (rows, cols, bands)."""


class Drawn(NamedTuple):
    """What was computed of a window.

    Attributes:
        probabilities: (rows, cols, n_classes) float32, all 0 at invalid pixels.
        read_spectra: gives (rows, cols, n_bands) float32, NaN at invalid pixels.
    """

    probabilities: np.ndarray
    read_spectra: Callable[[], np.ndarray]


class Layer(Protocol):
    """A raster of a map."""

    @property
    def path(self) -> Path:
        """The file, ``*.tif``."""

    @property
    def name(self) -> str:
        """A word for it, such as "confidence"; no two layers of a map have the same."""

    def bands(self, model: SceneClassifier) -> tuple[int, np.dtype[Any]]:
        """How many bands it has, and their type.

        Raises:
            HsidiffError: if the layer cannot be made with this model.
        """

    def stored(self, model: SceneClassifier, drawn: Drawn) -> np.ndarray:
        """The numbers of a window, (rows, cols, bands) of that type."""

    def open(self, model: SceneClassifier, grid: Grid) -> AbstractContextManager[Write]:
        """Begin the file; it appears when the block has ended well."""
