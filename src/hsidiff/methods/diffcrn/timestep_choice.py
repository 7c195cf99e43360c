"""Learn from training labels which timesteps count, where the labels say so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hsidiff.heads.held_out import folds_of
from hsidiff.methods.diffcrn.timestep_fusion import AdaptiveAddition, Fusion, evenly_spread
from hsidiff.methods.diffcrn.timestep_probe import Asked, ProbedFeatures, ProbeRecipe, Probing
from hsidiff.training.loop import seeded

N_ASKED = 3
"""Folds that are asked for evidence; each takes a training."""
EVIDENT = 2.0
"""Standard errors by which something learned must be better than nothing learned."""


@dataclass(frozen=True)
class TimestepChoice:
    """What was chosen, and why.

    Attributes:
        timesteps: the chosen ones.
        candidates: what they were chosen from.
        spectral_angles_rad: of the reconstruction from each candidate.
        mean_fusion_weights: for each chosen timestep the weights of the stages, mean over the
            training labels.
        gains: of a learned "choice" and of learned "weights", see :class:`LearnedFusion`.
    """

    timesteps: list[int]
    candidates: list[int]
    spectral_angles_rad: list[float]
    mean_fusion_weights: list[list[float]]
    gains: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        fusion: "LearnedFusion",
        candidates: tuple[int, ...],
        angles: np.ndarray,
        pooled: Tensor,
    ) -> "TimestepChoice":
        """What was learned, in as many digits as are saved.

        Args:
            fusion: the chosen candidates and their addition.
            candidates: timesteps, with their mean spectral ``angles`` in radians.
            angles: see there.
            pooled: (n, candidates, stages, width) the labels' features, means over their patches.
        """
        with torch.no_grad():
            mean_weights = fusion.addition.weights(pooled[:, list(fusion.positions)]).mean(dim=0)
        return cls(
            [candidates[position] for position in fusion.positions],
            list(candidates),
            [round(float(angle), 5) for angle in angles],
            [[round(weight, 4) for weight in row] for row in mean_weights.tolist()],
            {
                name: [round(gain, 4), round(error, 4)]
                for name, (gain, error) in fusion.gains.items()
                if np.isfinite(error)  # which it is not where one group was held out
            },
        )

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "TimestepChoice":
        """What ``vars`` gave, perhaps among other facts."""
        return cls(**{name: facts[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class LearnedFusion:
    """Timesteps, their addition, and what the labels had to do with it.

    Attributes:
        positions: of the chosen candidates.
        addition: AWAM of these, in evaluation mode.
        gains: by how much a learned "choice" and learned "weights" lower the log loss of pixels
            that were held out, and the standard error of that over groups; without what could not
            be asked.
    """

    positions: tuple[int, ...]
    addition: AdaptiveAddition
    gains: dict[str, tuple[float, float]]

    @property
    def follows_labels(self) -> bool:
        """Whether anything was taken from the labels."""
        return any(is_evident(gain) for gain in self.gains.values())


def learn_fusion(
    probed: ProbedFeatures,
    n_selected: int,
    fusion: Fusion,
    how: ProbeRecipe,
    random_state: int,
    device: str,
) -> LearnedFusion:
    """Choose timesteps, then learn how to add their features, where the labels speak for it.

    Without evidence the timesteps are evenly spread over the candidates, and count the same. A
    learned choice, and then learned weights, take their place if they predict held-out groups of
    labels better by more than :data:`EVIDENT` standard errors.

    Args:
        probed: features at the candidates.
        n_selected: how many timesteps to choose; all, if there are no more candidates.
        fusion: see :class:`AdaptiveAddition`; "mean" learns no weights.
        how: how the classifier learns.
        random_state: of folds, weights, the noise of the choice, and dropout.
        device: where to compute.
    """
    n_candidates = probed.at_pixel.shape[1]
    n_selected = min(n_selected, n_candidates)
    probing = Probing(how, random_state, device)
    classes = probed.classes.numpy()
    folds = folds_of(classes, probed.groups, random_state, N_ASKED) if len(classes) else []
    folds = [fold for fold in folds if len(fold[0]) > probed.n_classes]
    positions, gains = evenly_spread(n_candidates, n_selected), {}
    if folds and n_selected < n_candidates:
        asked = Asked(probed, n_selected, "mean")
        gains["choice"] = probing.gain(folds, asked, probed.of_candidates(positions).averaged)
        if is_evident(gains["choice"]):
            positions = probing.learn(asked).selection.chosen()
    seen = probed.of_candidates(positions)
    _, n_timesteps, n_stages, width = seen.at_pixel.shape
    with seeded(random_state):  # CTSSFM may go on from there
        addition = AdaptiveAddition.of_equal_weights(n_timesteps, n_stages, width, fusion)
    if folds and fusion == "adaptive" and n_selected > 1:
        asked = Asked(seen, n_selected, fusion)
        gains["weights"] = probing.gain(folds, asked, seen.averaged)
        if is_evident(gains["weights"]):
            addition = probing.learn(asked).addition
    return LearnedFusion(positions, addition.eval(), gains)


def is_evident(gain: tuple[float, float]) -> bool:
    """Whether a gain is larger than :data:`EVIDENT` times its standard error."""
    return gain[0] > EVIDENT * gain[1]
