"""What a map shows where it does not say a class: "not sure", and "none of these"."""

import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.calibrated import Calibrated, check_share
from hsidiff.contract import SceneClassifier
from hsidiff.errors import HsidiffWarning, ModelError
from hsidiff.labels.label_map import LandClass
from hsidiff.maps.geotiff import class_map_windows
from hsidiff.maps.legend import NONE_OF_THESE, NOT_SURE


@dataclass(frozen=True)
class Doubt:
    """Which pixels of a map get no class, and what they get instead.

    Both are values of their own in the map and its legend, and not "no data": a pixel that was
    looked at is not one that is missing. They come after the highest class id, whichever of them
    is asked for, so that a value means the same in every map of a model.

    Attributes:
        abstain: pixels with a confidence below it are "not sure", id max + 1; None leaves none out.
        false_alarms: pixels whose spectra are farther from what was learned than all but this share
            of held-out labelled pixels are "none of these", id max + 2; None leaves none out.
    """

    abstain: float | None = None
    false_alarms: float | None = None

    def check(self, model: SceneClassifier) -> None:
        """Refuse shares that are out of range, and a model that learned no distances.

        Raises:
            SettingError: if a share is not in (0, 1), or too few labels could be held out.
            ModelError: if the model was not calibrated.

        Warns:
            HsidiffWarning: if "not sure" goes by a confidence that no held-out label checked.
        """
        if self.abstain is not None:
            check_share("abstain", self.abstain)
            if not (isinstance(model, Calibrated) and model.is_calibrated):
                warnings.warn(
                    f'"not sure" goes by what {model.name} believes, which no held-out label '
                    "checked: a map that is scored has a confidence that was",
                    HsidiffWarning,
                    stacklevel=3,
                )
        if self.false_alarms is not None:
            self._distances(model).farthest(self.false_alarms)

    def classes(self, model: SceneClassifier) -> tuple[LandClass, ...]:
        """The legend's further entries."""
        not_sure, none_of_these = _entries(model)
        asked = ((self.abstain, not_sure), (self.false_alarms, none_of_these))
        return tuple(entry for share, entry in asked if share is not None)

    def applied(
        self, model: SceneClassifier, probabilities: np.ndarray, spectra: np.ndarray | None
    ) -> np.ndarray:
        """Class ids of the pixels of a window.

        Args:
            model: the classifier.
            probabilities: (rows, cols, n_classes), its own.
            spectra: (rows, cols, n_bands), NaN at invalid pixels; looked at for "none of these".

        Returns:
            (rows, cols) int64; 0 at invalid pixels. What is none of the classes is not merely
            unsure, so that goes first.
        """
        class_ids = model.most_probable(probabilities).astype(np.int64)
        not_sure, none_of_these = _entries(model)
        if self.abstain is not None:
            class_ids[(probabilities.max(axis=-1) < self.abstain) & (class_ids > 0)] = not_sure.id
        if self.false_alarms is not None and spectra is not None:
            calibrated, valid = self._distances(model), class_ids > 0
            far = np.zeros(valid.shape, dtype=bool)
            distances = calibrated.familiar_.distances(spectra[valid])
            far[valid] = distances > calibrated.farthest(self.false_alarms)
            class_ids[far] = none_of_these.id
        return class_ids

    def _distances(self, model: SceneClassifier) -> Calibrated:
        if isinstance(model, Calibrated):
            return model
        raise ModelError(
            f"this {model.name} model has not learned how far from its labels a spectrum may lie: "
            "fit it again with hsidiff map, or inside hsidiff.Calibrated"
        )


NO_DOUBT = Doubt()
"""Every pixel with a value gets a class."""


def _entries(model: SceneClassifier) -> tuple[LandClass, LandClass]:
    highest = max(land_class.id for land_class in model.classes_)
    return (
        LandClass(highest + 1, *NOT_SURE),
        LandClass(highest + 2, *NONE_OF_THESE),
    )


def describe_doubt(doubt: Doubt, model: SceneClassifier, map_path: Path) -> list[dict[str, Any]]:
    """The map's values that are no class, with the pixels that have them, as JSON values."""
    entries = doubt.classes(model)
    counts = dict.fromkeys((entry.id for entry in entries), 0)
    for _, values in class_map_windows(map_path) if entries else ():
        for entry_id in counts:
            counts[entry_id] += int((values == entry_id).sum())
    return [{**asdict(entry), "n_pixels": counts[entry.id]} for entry in entries]
