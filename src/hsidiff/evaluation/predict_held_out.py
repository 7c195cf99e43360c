"""Predictions of labels by classifiers that did not learn from them."""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.base import clone

from hsidiff.contract import WINDOW_PX, SceneClassifier
from hsidiff.evaluation.held_out_labels import HeldOut, held_out_of
from hsidiff.labels.label_map import LabelMap, labels_together
from hsidiff.labels.split import Split
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

_TILES_PX = (8, 64, WINDOW_PX)
"""Sides of tiles in which labels are looked up: small ones for few labels far apart."""


def predict_held_out(model: SceneClassifier, scene: Scene, splits: Sequence[Split]) -> HeldOut:
    """Fit a copy of a classifier to the training side of each split; predict its test side.

    Args:
        model: the classifier; it is left as it is.
        scene: the scene.
        splits: at least one; no pixel is in two of their test sides.
    """

    def predict(split: Split) -> np.ndarray:
        return probabilities_at(clone(model).fit(scene, split.train), scene, split.test)

    return predictions_of(splits, predict)


def predictions_of(splits: Sequence[Split], predict: Callable[[Split], np.ndarray]) -> HeldOut:
    """Predict the test side of each split; ``predict`` gives its probabilities.

    These are (n, n_classes), pixels row by row, classes in the order of the labels' legend.
    """
    labels = labels_together([split.test for split in splits])
    number = np.cumsum(labels.values > 0).reshape(labels.shape) - 1
    probabilities = np.empty((labels.n_labelled, len(labels.classes)), dtype=np.float32)
    for split in track(splits, "validate", len(splits)):
        probabilities[number[split.test.values > 0]] = predict(split)
    return held_out_of(labels, probabilities)


def probabilities_at(model: SceneClassifier, scene: Scene, labels: LabelMap) -> np.ndarray:
    """Probabilities of the labelled pixels, in the order of the labels' legend.

    Returns:
        (n, n_classes) float32, pixels row by row; 0 for a class that the classifier does not know,
        and in all classes of an invalid pixel.
    """
    wanted = labels.values > 0
    ids = [land_class.id for land_class in labels.classes]
    columns = [ids.index(land_class.id) for land_class in model.classes_]
    number = np.cumsum(wanted).reshape(labels.shape) - 1
    found = np.zeros((labels.n_labelled, len(ids)), dtype=np.float32)
    for window, probabilities in model.predict_proba_windows(scene, _windows(model, scene, wanted)):
        here = wanted[window.slices]
        found[number[window.slices][here][:, None], columns] = probabilities[here]
    return found


def _windows(model: SceneClassifier, scene: Scene, wanted: np.ndarray) -> list[Window]:
    """The tiles that hold wanted pixels, of the size that is least work with its context."""
    halo_px = model.halo_px
    candidates = []
    for tile_px in _TILES_PX:
        windows = model.map_windows(scene, tile_px)
        windows = [window for window in windows if wanted[window.slices].any()]
        areas = [(w.n_rows + 2 * halo_px) * (w.n_cols + 2 * halo_px) for w in windows]
        candidates.append((sum(areas), windows))
    return min(candidates, key=lambda candidate: candidate[0])[1]
