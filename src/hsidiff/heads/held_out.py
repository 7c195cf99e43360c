"""Spatial folds inside the training labels, and how well their held-out samples were predicted."""

import warnings

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedGroupKFold

N_FOLDS = 4

Folds = list[tuple[np.ndarray, np.ndarray]]
"""Positions of the samples inside and outside of each fold."""


def folds_of(
    classes: np.ndarray,
    groups: np.ndarray,
    random_state: int,
    n_folds: int = N_FOLDS,
    known: np.ndarray | None = None,
) -> Folds:
    """Folds that keep groups together; fewer where groups or samples are few, none for one group.

    A fold that leaves one class, or one sample per class, has nothing to fit a head to and goes.

    Args:
        classes: (n,) int.
        groups: (n,) int.
        random_state: of the folds.
        n_folds: how many there are at most.
        known: (n,) bool, samples whose labels the values learned from: always inside, since it
            would flatter the values to hold them out. None knows of none.
    """
    if known is not None and known.any():
        fresh, inside_always = np.flatnonzero(~known), np.flatnonzero(known)
        folds = folds_of(classes[fresh], groups[fresh], random_state, n_folds) if len(fresh) else []
        return [(np.concatenate([inside_always, fresh[i]]), fresh[o]) for i, o in folds]
    n_folds = min(n_folds, len(np.unique(groups)), np.bincount(classes).max())
    if n_folds < 2:
        return []
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # Classes of fewer samples than folds are usual here.
        warnings.filterwarnings("ignore", message="The least populated class")
        folds = list(splitter.split(classes, classes, groups))
    return [
        (inside, outside)
        for inside, outside in folds
        if len(inside) > len(np.unique(classes[inside])) > 1
    ]


def judged_samples(classes: np.ndarray, folds: Folds) -> np.ndarray:
    """Samples (n,) bool that say something about a head: held out, their class was not.

    A class whose labels lie in one group is unseen whenever it is held out. No head can know it
    then, and counting it would make all of them look unsure.
    """
    judged = np.zeros(len(classes), dtype=bool)
    for inside, outside in folds:
        judged[outside] = np.isin(classes[outside], classes[inside])
    return judged


def log_loss(
    log_probabilities: np.ndarray, classes: np.ndarray, counts: np.ndarray | None = None
) -> float:
    """Mean log loss of log probabilities (n, n_classes) of samples of classes (n,).

    ``counts`` (n,) says how often each sample counts; None counts each once.
    """
    losses = -log_probabilities[np.arange(len(classes)), classes]
    return float(np.average(losses, weights=counts))


def best_sharpness(scores: np.ndarray, classes: np.ndarray) -> float:
    """The factor on the scores that makes held-out probabilities most likely (Guo et al. 2017)."""
    if len(classes) == 0:
        return 1.0
    optimum = minimize_scalar(
        lambda log_factor: log_loss(log_softmax(np.exp(log_factor) * scores, axis=1), classes),
        bounds=(-4, 2),
        method="bounded",
    )
    return float(np.exp(optimum.x))
