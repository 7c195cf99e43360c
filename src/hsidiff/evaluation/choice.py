"""Choose settings on validation pixels that are carved from the training labels.

What is chosen here has never met a test label: this module is given the scene and the training
labels, and there is no argument through which more could come.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hsidiff.classifier import DEFAULT_TILE_SIZE_PX, SceneClassifier
from hsidiff.evaluation.metrics import score
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.split import Split
from hsidiff.labels.splits import block_split, random_split
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene
from hsidiff.windows.tiles import tile_windows


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


@dataclass(frozen=True)
class Choice:
    """What was chosen, and why.

    Attributes:
        chosen: the settings with the highest validation accuracy; of equals the first.
        about: the same and every validation score, as JSON values.
    """

    chosen: dict[str, Any]
    about: dict[str, Any]


def choose_settings(
    scene: Scene,
    validation: Split,
    candidates: Sequence[dict[str, Any]],
    make: Callable[[dict[str, Any]], SceneClassifier],
) -> Choice:
    """Fit each candidate and score it on the validation pixels.

    Args:
        scene: the scene.
        validation: the training labels, divided by :func:`carve_validation`; its ``test`` side
            scores the candidates.
        candidates: settings to compare, in the order that decides between equals.
        make: gives the classifier with these settings, not fitted.
    """
    scores = []
    for candidate in track(candidates, "choose", len(candidates)):
        model = make(candidate).fit(scene, validation.train)
        predicted = predict_at(model, scene, validation.test.values > 0)
        scores.append(score(predicted, validation.test).overall_accuracy)
    chosen = candidates[int(np.argmax(scores))]
    about = {
        "chosen": chosen,
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
    return Choice(chosen, about)


def carve_validation(
    train: TrainingLabels,
    validation_fraction: float,
    *,
    receptive_field_px: int,
    random_state: int,
) -> Split:
    """Divide training labels in the way in which they were divided from the test labels.

    Of a block split, whole blocks become validation blocks, with a guard as ``block_split`` makes
    it. Of other splits, pixels of each class are drawn. Classes with one training pixel have no
    part in it.

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
    train_fraction = 1 - validation_fraction
    if train.kind != "blocks":
        return random_split(labels, train_fraction, random_state=random_state)
    return block_split(
        labels,
        train_fraction=train_fraction,
        block_px=train.parameters["block_px"],
        receptive_field_px=receptive_field_px,
        random_state=random_state,
    )


def predict_at(model: SceneClassifier, scene: Scene, pixels: np.ndarray) -> np.ndarray:
    """Map the tiles that hold some pixels.

    Args:
        model: a fitted classifier.
        scene: the scene.
        pixels: (rows, cols) bool, where class ids are wanted.

    Returns:
        (rows, cols) int32 class ids; 0 in tiles without a wanted pixel.
    """
    class_map = np.zeros(scene.shape, dtype=np.int32)
    for window in tile_windows(scene.shape, tile_size_px(model), model.tile_multiple):
        if pixels[window.slices].any():
            probabilities = model.predict_proba_window(scene, window)
            class_map[window.slices] = model.most_probable(probabilities)
    return class_map


def tile_size_px(model: SceneClassifier, wanted_px: int = DEFAULT_TILE_SIZE_PX) -> int:
    """A side of a tile, rounded up to what the model can take."""
    return -(-wanted_px // model.tile_multiple) * model.tile_multiple
