"""How common each class is, from the probabilities of pixels without labels.

Labels are mostly drawn by class, a few of each; the scene is not made like that. A classifier that
takes all classes for equally likely then finds too much of the rare ones.
"""

import numpy as np

N_STEPS = 50
TRUST = 0.25
"""How far the estimate is followed, on a log scale: 0 not at all, 1 wholly.

Probabilities are too sure away from the labels, and the estimate then runs ahead of the truth.
"""
LEAST_WEIGHT = 0.5
"""No class is given up by an estimate: a smaller weight makes rare classes vanish from a map."""


def class_weights(probabilities: np.ndarray, training_shares: np.ndarray) -> np.ndarray:
    """What to multiply each class's probability with, so that the classes' shares fit the scene.

    Source: M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the Outputs of a Classifier to New a
    Priori Probabilities: A Simple Procedure", Neural Computation 14 (2002), eqs. 2.9 and 2.10; that
    it is followed by a quarter only (``TRUST``) is our choice.

    Args:
        probabilities: (n, n_classes) of pixels without labels.
        training_shares: (n_classes,) share of each class in the training labels, above 0.

    Returns:
        (n_classes,) float64, at least :data:`LEAST_WEIGHT`.
    """
    weights = np.ones_like(training_shares, dtype=np.float64)
    for _ in range(N_STEPS):
        posterior = probabilities * weights
        posterior /= posterior.sum(axis=1, keepdims=True)
        weights = posterior.mean(axis=0) / training_shares
    return np.maximum(weights**TRUST, LEAST_WEIGHT)
