"""The control that sees no spectrum: each pixel takes the class of the nearest training pixel.

Whatever it scores, the split gives away: where test pixels lie between training pixels of the same
field, as in random splits, that is a lot. So it belongs beside every result.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hsidiff.about import About
from hsidiff.contract import SceneClassifier
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import NearestTrainingClass
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window


@dataclass(repr=False, eq=False)
class PositionOnly(SceneClassifier):
    """Nearest training pixel by row and column; its class has probability 1.

    Attributes:
        random_state: unused, nothing is drawn; every classifier has it.
        nearest_: the training pixels.
    """

    random_state: int = 0

    name: ClassVar[str] = "position"
    about: ClassVar[About] = About("control")

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        self.nearest_ = NearestTrainingClass.from_labels(labels)

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        rows, cols = np.indices((window.n_rows, window.n_cols)).reshape(2, -1)
        ids = self.nearest_.at(rows + window.row, cols + window.col)
        one_hot = ids[:, None] == [land_class.id for land_class in self.classes_]
        return one_hot.reshape(window.n_rows, window.n_cols, -1).astype(np.float32)

    def _get_learned(self) -> Learned:
        nearest = self.nearest_
        arrays = {"rows": nearest.rows, "cols": nearest.cols, "class_ids": nearest.class_ids}
        return Learned(arrays, {})

    def _set_learned(self, learned: Learned) -> None:
        self.nearest_ = NearestTrainingClass(**learned.arrays)
