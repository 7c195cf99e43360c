"""The two rasters that every map may have: its classes, and their probabilities."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.labels.label_map import LandClass
from hsidiff.maps.doubt import NO_DOUBT, Doubt
from hsidiff.maps.geotiff import (
    Grid,
    class_dtype,
    open_class_map,
    open_probabilities,
    stored_probabilities,
)
from hsidiff.maps.layer import Drawn, Write
from hsidiff.scenes.window import Window


@dataclass(frozen=True)
class ClassLayer:
    """The class ids, see :func:`hsidiff.maps.geotiff.open_class_map`.

    Attributes:
        path: ``*.tif``; its legend comes beside it.
        doubt: which pixels get no class.
    """

    path: Path
    doubt: Doubt = NO_DOUBT
    name: ClassVar[str] = "classes"

    def bands(self, model: SceneClassifier) -> tuple[int, np.dtype[Any]]:
        """One band."""
        return 1, class_dtype(self._legend(model))

    def stored(self, model: SceneClassifier, drawn: Drawn) -> np.ndarray:
        """Class ids, 0 at invalid pixels."""
        spectra = None if self.doubt.false_alarms is None else drawn.read_spectra()
        class_ids = self.doubt.applied(model, drawn.probabilities, spectra)
        return class_ids[..., None].astype(class_dtype(self._legend(model)))

    @contextmanager
    def open(self, model: SceneClassifier, grid: Grid) -> Iterator[Write]:
        """Begin the map; it appears with its legend."""
        with open_class_map(self.path, grid, self._legend(model)) as writer:

            def write(window: Window, class_ids: np.ndarray) -> None:
                writer.write(window, class_ids[..., 0])

            yield write

    def _legend(self, model: SceneClassifier) -> tuple[LandClass, ...]:
        return (*model.classes_, *self.doubt.classes(model))


@dataclass(frozen=True)
class ProbabilityLayer:
    """The probabilities, see :func:`hsidiff.maps.geotiff.open_probabilities`.

    Attributes:
        path: ``*.tif``.
    """

    path: Path
    name: ClassVar[str] = "probabilities"

    def bands(self, model: SceneClassifier) -> tuple[int, np.dtype[Any]]:
        """A band per class."""
        return len(model.classes_), np.dtype(np.uint8)

    def stored(self, model: SceneClassifier, drawn: Drawn) -> np.ndarray:
        """Steps of 1/250, 255 at invalid pixels."""
        return stored_probabilities(drawn.probabilities)

    @contextmanager
    def open(self, model: SceneClassifier, grid: Grid) -> Iterator[Write]:
        """Begin the file; whole or not at all."""
        with open_probabilities(self.path, grid, model.classes_) as write:
            yield write
