"""Choose settings on validation pixels that are carved from the training labels.

What is chosen here has never met a test label: this module is given the scene and the training
labels, and there is no argument through which more could come.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.evaluation.drawn_map import draw_map
from hsidiff.evaluation.metrics import score
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import block_split, field_split, random_split
from hsidiff.labels.split import Split
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene


@dataclass(frozen=True)
class TrainingLabels:
    """One side of a split, and how it was made.

    Attributes:
        labels: the training labels.
        kind: of the split.
        parameters: of the split.
    """

    labels: LabelMap
    kind: str
    parameters: dict[str, Any]


def choose_settings(
    scene: Scene,
    validation: Split,
    candidates: Sequence[dict[str, Any]],
    make: Callable[[dict[str, Any]], SceneClassifier],
) -> dict[str, Any]:
    """Fit each candidate and score it on the validation pixels.

    Args:
        scene: the scene.
        validation: the training labels, divided by :func:`carve_validation`; its ``test`` side
            scores the candidates.
        candidates: settings to compare, in the order that decides between equals.
        make: gives the classifier with these settings, not fitted.

    Returns:
        ``chosen``, the settings with the highest validation accuracy, of equals the first; and
        why: every score of the candidates, and the validation pixels, as JSON values.
    """
    scores = []
    for candidate in track(candidates, "choose", len(candidates)):
        model = make(candidate).fit(scene, validation.train)
        predicted = draw_map(model, scene, validation.test.values > 0)["class_map"]
        scores.append(score(predicted, validation.test).overall_accuracy)
    return {
        "chosen": candidates[int(np.argmax(scores))],
        "candidates": [
            {"settings": settings, "overall_accuracy": accuracy}
            for settings, accuracy in zip(candidates, scores, strict=True)
        ],
        "validation": {
            "kind": validation.kind,
            "parameters": validation.parameters,
            "sha256": validation.sha256,
            "n_train": validation.train.n_labelled,
            "n_validation": validation.test.n_labelled,
        },
    }


def carve_validation(
    train: TrainingLabels,
    validation_fraction: float,
    *,
    receptive_field_px: int,
    random_state: int,
) -> Split:
    """Divide training labels in the way in which they were divided from the test labels.

    Of a split by blocks or fields, whole ones become validation blocks or fields, with a guard as
    ``block_split`` and ``field_split`` make it. Of other splits, pixels of each class are drawn.
    Classes with one training pixel have no part in it.

    Args:
        train: the training labels.
        validation_fraction: share of the training blocks, or of the training pixels of each class.
        receptive_field_px: of the method, for the guard.
        random_state: seed of the draw.

    Raises:
        SplitError: if the training labels are too few, or lie in one block.
    """
    several = [class_id for class_id, n in train.labels.counts().items() if n > 1]
    labels = train.labels.keeping(np.isin(train.labels.values, several))
    if train.kind not in ("blocks", "fields"):
        return random_split(labels, 1 - validation_fraction, random_state=random_state)
    by_unit: Callable[..., Split] = field_split
    if train.kind == "blocks":
        by_unit = partial(block_split, block_px=train.parameters["block_px"])
    return by_unit(
        labels,
        train_fraction=1 - validation_fraction,
        receptive_field_px=receptive_field_px,
        random_state=random_state,
    )
