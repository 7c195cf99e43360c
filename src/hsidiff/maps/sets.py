"""Sets of classes that hold the true one as often as asked, as a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hsidiff.amounts import percent
from hsidiff.calibrated import Calibrated, check_share
from hsidiff.contract import SceneClassifier
from hsidiff.errors import ModelError
from hsidiff.maps.geotiff import (
    Grid,
    bands_writer,
    open_raster_of_bands,
)
from hsidiff.maps.layer import Drawn, Write

NO_SET = 255


@dataclass(frozen=True)
class SetsLayer:
    """Sets of classes, see :meth:`hsidiff.calibrated.Calibrated.prediction_sets`.

    Attributes:
        path: ``*.tif``, uint8: a band with the number of classes in the set, and a band per class
            with 1 where it is of the set; 255 = invalid pixel.
        coverage: how often a set is to hold the true class, in (0, 1).
        sampling: "groups" or "random": how labels are held out.
    """

    path: Path
    coverage: float
    sampling: str = "groups"
    name: ClassVar[str] = "sets"

    def bands(self, model: SceneClassifier) -> tuple[int, np.dtype[Any]]:
        """The number of classes in a set, and a band per class.

        Raises:
            ModelError: if the model was not calibrated.
            SettingError: if the coverage is wrong, or no label could be held out.
        """
        self._checked(model)
        return 1 + len(model.classes_), np.dtype(np.uint8)

    def stored(self, model: SceneClassifier, drawn: Drawn) -> np.ndarray:
        """How many classes are possible, and which."""
        calibrated = self._checked(model)
        sets = calibrated.prediction_sets(drawn.probabilities, self.coverage, self.sampling)
        sizes = sets.sum(axis=-1, keepdims=True)
        bands = np.concatenate([sizes, sets], axis=-1)
        return np.where(sizes > 0, bands, NO_SET).astype(np.uint8)

    @contextmanager
    def open(self, model: SceneClassifier, grid: Grid) -> Iterator[Write]:
        """Begin the file; whole or not at all."""
        names = [land_class.name for land_class in model.classes_]
        profile = {"dtype": np.uint8, "count": 1 + len(names), "nodata": NO_SET}
        with open_raster_of_bands(self.path, grid, "nearest", **profile) as dataset:
            title = f"classes in a set of {percent(self.coverage, 0)} coverage"
            dataset.descriptions = [title, *(f"{name} is possible" for name in names)]
            yield bands_writer(dataset)

    def _checked(self, model: SceneClassifier) -> Calibrated:
        check_share("coverage", self.coverage)
        if not isinstance(model, Calibrated):
            raise ModelError(
                f"this {model.name} model has held out no labels: fit it again with hsidiff map, "
                "or inside hsidiff.Calibrated"
            )
        model.prediction_sets(np.zeros(len(model.classes_)), self.coverage, self.sampling)
        return model
