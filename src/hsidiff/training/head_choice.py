"""A choice between the linear head and a network on patches, made inside the training labels.

Both predict the same held-out groups of training labels; the one with the lower log loss is taken.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
from scipy.special import log_softmax
from torch import nn

from hsidiff.networks.averaged import Sharpened
from hsidiff.training.held_out import best_sharpness, folds_of, judged_samples, log_loss
from hsidiff.training.linear_head import LinearHead
from hsidiff.training.patch_classifier import predict_patches, score_patches
from hsidiff.training.weights import load_weights, weights

Head = LinearHead | nn.Module


@dataclass(frozen=True)
class HeadChoice:
    """Which head was taken, and why.

    Attributes:
        head: the one that was taken.
        held_out_log_loss: of each, on the same held-out samples; None where none could be held out
            and the linear head is taken. Each was calibrated on these samples by one factor, and
            the experts of the linear head were weighed by them, so both are a little too good.
    """

    head: Literal["linear", "transformer"]
    held_out_log_loss: dict[str, float | None]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "HeadChoice":
        """What :func:`head_facts` described, perhaps among other facts."""
        return cls(facts["head"], facts["held_out_log_loss"])


def choose_head(
    linear: LinearHead,
    fit: Callable[[np.ndarray], nn.Module],
    patches: np.ndarray,
    classes: np.ndarray,
    groups: np.ndarray,
    random_state: int,
    device: str,
) -> tuple[Head, HeadChoice]:
    """Take the linear head, or a network that predicts held-out samples better.

    Args:
        linear: the head, fitted to these samples with the same ``random_state``.
        fit: trains a new network on the samples at these positions (m,), all classes in its scores.
        patches: (n, rows, cols, n_values) float32.
        classes: (n,) int, positions 0..n_classes - 1.
        groups: (n,) int, as for the linear head: the folds are the same.
        random_state: of the folds.
        device: where to predict.

    Returns:
        The head, fitted to all samples, and what it was chosen by.
    """
    if linear.held_out_log_loss is None:
        return linear, HeadChoice("linear", {"linear": None, "transformer": None})
    folds = folds_of(classes, groups, random_state)
    scores = np.zeros((len(classes), classes.max() + 1))
    for inside, outside in folds:
        scores[outside] = score_patches(fit(inside), patches[outside], device)
    judged = judged_samples(classes, folds)
    scores, known = scores[judged], classes[judged]
    sharpness = best_sharpness(scores, known)
    loss = log_loss(log_softmax(sharpness * scores, axis=1), known)
    losses = {"linear": linear.held_out_log_loss, "transformer": loss if isfinite(loss) else None}
    if not loss < linear.held_out_log_loss:  # of a network that diverged it is no number
        return linear, HeadChoice("linear", losses)
    whole = fit(np.arange(len(classes)))
    return Sharpened(whole, sharpness).eval(), HeadChoice("transformer", losses)


def predict_head(
    head: Head, values: np.ndarray, patch_px: int, seen: slice, device: str
) -> np.ndarray:
    """Class probabilities of every pixel that has its whole patch inside ``values``.

    Args:
        head: the linear head, which sees the middle pixel, or a network on patches.
        values: (rows + patch_px - 1, cols + patch_px - 1, n_values) float32.
        patch_px: side of the patch, odd.
        seen: which of the values the network sees; the linear head sees as many as it has weights.
        device: where to compute.

    Returns:
        (rows, cols, n_classes).
    """
    if not isinstance(head, LinearHead):
        return predict_patches(head, values[..., seen], patch_px, device)
    half = patch_px // 2
    middle = values[half : values.shape[0] - half, half : values.shape[1] - half]
    return head.predict_proba(middle[..., : head.weights.shape[1]])


def head_arrays(head: Head) -> dict[str, np.ndarray]:
    """Names to arrays, to be stored; :func:`read_head` reads them."""
    return head.arrays() if isinstance(head, LinearHead) else weights("head.", head)


def head_facts(head: Head, choice: HeadChoice | None) -> dict[str, Any]:
    """What was chosen, as JSON values; ``choice`` is None where the head was given."""
    facts = head.facts() if isinstance(head, LinearHead) else {}
    return facts if choice is None else facts | asdict(choice)


def read_head(
    arrays: Mapping[str, np.ndarray],
    facts: Mapping[str, Any],
    kind: str,
    make: Callable[[], nn.Module],
) -> tuple[Head, HeadChoice | None]:
    """The head that :func:`head_arrays` and :func:`head_facts` described, and how it was chosen.

    Args:
        arrays: all arrays of the model.
        facts: all facts of the model.
        kind: "linear", "transformer" or "chosen".
        make: gives a new network.
    """
    choice = HeadChoice.of(facts) if kind == "chosen" else None
    if choice is not None:
        facts = {**facts, "held_out_log_loss": choice.held_out_log_loss["linear"]}
        kind = choice.head
    if kind == "linear":
        return LinearHead.of(arrays, facts), choice
    network = make() if choice is None else Sharpened(make())
    load_weights(network, "head.", arrays)
    return network, choice
