"""The experts of a head: what each of them looks at, and how it goes from there to class scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from scipy.special import log_softmax

from hsidiff.heads.held_out import Folds, best_sharpness, log_loss
from hsidiff.heads.kernel_scores import SETTINGS, KernelScores, fit_kernel_scores
from hsidiff.heads.linear_head import ESTIMATORS, fit_linear_scores
from hsidiff.kinds import (
    DENOISER_INPUT,
    FEATURES,
    SPECTRUM,
    Kinds,
    columns_of,
    kind_and_side,
    kind_at,
)

KERNEL = "kernel"
Setting = tuple[float, float] | None
"""Width and ridge of a kernel; a linear estimator has none."""
Scores = tuple[np.ndarray, np.ndarray] | KernelScores
"""Weights and biases of linear scores, or a kernel's."""


@dataclass(frozen=True)
class Expert:
    """One way from some of the values to class scores.

    Attributes:
        estimator: a key of :data:`hsidiff.heads.linear_head.ESTIMATORS`, or "kernel".
        columns: (n,) int, the values that it looks at.
        simple: whether it is linear and looks at the pixel alone.
    """

    estimator: str
    columns: np.ndarray
    simple: bool = False

    @property
    def settings(self) -> Sequence[Setting]:
        """What is to be chosen by held-out samples: widths and ridges of a kernel."""
        return SETTINGS if self.estimator == KERNEL else (None,)

    def fit(
        self, values: np.ndarray, classes: np.ndarray, n_classes: int, settings: Sequence[Setting]
    ) -> list[Scores]:
        """Scores of each of the settings, fitted to scaled values (n, n_values)."""
        seen = values[:, self.columns]
        if self.estimator == KERNEL:
            chosen = [setting for setting in settings if setting is not None]
            return list(fit_kernel_scores(seen, classes, n_classes, chosen))
        return [fit_linear_scores(self.estimator, seen, classes, n_classes)]

    def score(self, scores: Scores, values: np.ndarray) -> np.ndarray:
        """Class scores (n, n_classes) of scaled values (n, n_values)."""
        seen = values[:, self.columns]
        if isinstance(scores, KernelScores):
            return scores.of(seen)
        return seen @ scores[0].T + scores[1]

    def held_out(
        self, values: np.ndarray, classes: np.ndarray, n_classes: int, folds: Folds
    ) -> np.ndarray:
        """Scores (n_settings, n, n_classes) of samples that it was not fitted to; 0 without."""
        held_out = np.zeros((len(self.settings), len(classes), n_classes))
        for inside, outside in folds:
            fitted = self.fit(values[inside], classes[inside], n_classes, self.settings)
            for position, scores in enumerate(fitted):
                held_out[position, outside] = self.score(scores, values[outside])
        return held_out


@dataclass(frozen=True)
class Judged:
    """An expert's setting of the lowest log loss on held-out samples.

    Attributes:
        setting: which.
        sharpness: the factor that calibrates its scores.
        log_probabilities: (n_judged, n_classes) of the held-out samples.
        log_loss: theirs.
    """

    setting: Setting
    sharpness: float
    log_probabilities: np.ndarray
    log_loss: float


def judge(expert: Expert, held_out: np.ndarray, classes: np.ndarray) -> Judged:
    """Calibrate each setting's scores (n_settings, n, n_classes), and take the best setting."""
    candidates = []
    for setting, scores in zip(expert.settings, held_out, strict=True):
        sharpness = best_sharpness(scores, classes)
        log_probabilities = log_softmax(sharpness * scores, axis=1)
        loss = log_loss(log_probabilities, classes) if len(classes) else inf
        candidates.append(Judged(setting, sharpness, log_probabilities, loss))
    return min(candidates, key=lambda judged: judged.log_loss)


def experts_of(kinds: Kinds) -> dict[str, Expert]:
    """The experts for values of these kinds, by name; the simple ones come first.

    Simple experts look at the pixel alone and are linear: all estimators on features, on what the
    denoiser sees, on the spectrum, and on all of them. Beyond that a discriminant and a kernel look
    at features and at what the denoiser sees in squares of each side, and in all sides together.
    """
    looks = _looks(kinds)
    pixel = {family: columns for (family, side), columns in looks.items() if side == 1}
    if len(pixel) > 1:
        pixel["all"] = np.concatenate(list(pixel.values()))
    experts = {
        f"{name} on {look}": Expert(name, columns, simple=True)
        for look, columns in pixel.items()
        for name in ESTIMATORS
    }
    around = _around(looks)
    experts |= {
        f"lda on {look}": Expert("lda", columns)
        for look, columns in around.items()
        if look not in pixel
    }
    return experts | {f"{KERNEL} on {look}": Expert(KERNEL, c) for look, c in around.items()}


def _looks(kinds: Kinds) -> dict[tuple[str, int], np.ndarray]:
    """The columns of each family of kinds at each side; whatever is learned is of one family."""
    looks: dict[tuple[str, int], list[np.ndarray]] = {}
    for name, columns in columns_of(kinds).items():
        kind, side = kind_and_side(name)
        family = kind if kind in (DENOISER_INPUT, SPECTRUM) else FEATURES
        looks.setdefault((family, side), []).append(np.arange(columns.start, columns.stop))
    return {look: np.concatenate(parts) for look, parts in looks.items()}


def _around(looks: Mapping[tuple[str, int], np.ndarray]) -> dict[str, np.ndarray]:
    """What is looked at in squares: each family at each side, at all sides, and all of that."""
    families = {family for family, _ in looks if family != SPECTRUM} or {SPECTRUM}
    around: dict[str, np.ndarray] = {}
    for family in sorted(families, reverse=True):  # features first
        sides = {side: columns for (of, side), columns in looks.items() if of == family}
        around |= {kind_at(family, side): columns for side, columns in sides.items()}
        if len(sides) > 1:
            around[f"{family}, all squares"] = np.concatenate(list(sides.values()))
    if len(families) > 1:
        around["all squares"] = np.concatenate(
            [columns for (family, _), columns in looks.items() if family in families]
        )
    return around
