"""Which training labels a classifier learns from, and which pixels it may see without labels."""

import numpy as np

from hsidiff.errors import LabelError, SettingError, check_choice
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.windows.statistics import valid_pixels


def seen_region(pretrain_on: str, labels: LabelMap) -> np.ndarray | None:
    """The pixels that may be seen without labels, (rows, cols) bool; None allows all.

    Args:
        pretrain_on: "scene" or "train_blocks".
        labels: training labels.

    Raises:
        SettingError: if only training blocks may, and the labels do not say which those are.
    """
    if check_choice("pretrain_on", pretrain_on, ("scene", "train_blocks")) == "scene":
        return None
    if labels.region is None:
        raise SettingError(
            "pretrain_on='train_blocks': these labels do not say which blocks are theirs; "
            "use the training labels of a block split, or pretrain_on='scene'"
        )
    return labels.region


def on_valid_pixels(scene: Scene, labels: LabelMap) -> LabelMap:
    """Training labels that lie on valid pixels.

    Raises:
        LabelError: if the shape is not the scene's, or fewer than two classes are left.
        SceneError: if no pixel is valid, or a band holds one value only.
    """
    if labels.shape != scene.shape:
        raise LabelError(
            f"labels are {labels.shape} (rows, cols), {scene.name} is {scene.shape}: "
            "give labels of the same grid"
        )
    if labels.n_labelled == 0:
        raise LabelError("there is no training label: label some pixels of at least two classes")
    labels = labels.keeping(valid_pixels(scene, labels.values > 0), labels.region)
    n_classes = len(labels.used_classes)
    if n_classes == 0:
        raise LabelError(
            f"none of the training labels lies on a valid pixel of {scene.name}: "
            "label pixels that have a value in every band"
        )
    if n_classes == 1:
        raise LabelError("training labels are of one class only: label at least two classes")
    return labels
