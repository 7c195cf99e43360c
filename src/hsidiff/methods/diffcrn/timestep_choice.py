"""Learn from training labels which timesteps count, with a small classifier that is thrown away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.methods.diffcrn.timestep_fusion import AdaptiveAddition, Fusion, TimestepSelection
from hsidiff.training.loop import Recipe, seeded, train

HOTTEST, COLDEST = 1.0, 0.1
"""Temperatures of the choice at the first and the last step."""


PROBE_STEPS = Recipe(n_steps=200, learning_rate=0.01, rate="cosine", n_threads=1)


@dataclass(frozen=True)
class ProbeRecipe:
    """How the small classifier learns.

    Attributes:
        recipe: steps, rate and so on; each step sees all samples.
        penalty: on the mean square of its weights.
        dropout: share of the added features that it does not see, other ones at every step.
    """

    recipe: Recipe = PROBE_STEPS
    penalty: float = 1.0
    dropout: float = 0.5


@dataclass(frozen=True)
class TimestepChoice:
    """What was chosen, and why.

    Attributes:
        timesteps: the chosen ones.
        candidates: what they were chosen from.
        spectral_angles_rad: of the reconstruction from each candidate.
        mean_fusion_weights: for each chosen timestep the weights of the stages, mean over the
            training labels.
    """

    timesteps: list[int]
    candidates: list[int]
    spectral_angles_rad: list[float]
    mean_fusion_weights: list[list[float]]

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "TimestepChoice":
        """What ``vars`` gave, perhaps among other facts."""
        return cls(**{name: facts[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class ProbedFeatures:
    """Features of labelled pixels at candidate timesteps.

    Attributes:
        at_pixel: (n, candidates, stages, width), of the pixel itself.
        pooled: as ``at_pixel``, means over its patch.
        classes: (n,) int64, positions 0..n_classes - 1.
        angles: (candidates,) spectral angles, see :class:`TimestepSelection`.
    """

    at_pixel: Tensor
    pooled: Tensor
    classes: Tensor
    angles: Tensor


def learn_fusion(
    probed: ProbedFeatures,
    n_selected: int,
    fusion: Fusion,
    how: ProbeRecipe,
    random_state: int,
    device: str,
) -> tuple[tuple[int, ...], AdaptiveAddition]:
    """Choose timesteps and learn how to add their features, on training labels only.

    Args:
        probed: features at the candidates.
        n_selected: how many timesteps to choose; all, if there are no more candidates.
        fusion: see :class:`AdaptiveAddition`.
        how: how the classifier learns.
        random_state: of its weights, the noise of the choice, and dropout.
        device: where to compute.

    Returns:
        Positions of the chosen candidates, and the addition of these, in evaluation mode.
    """
    n_candidates, n_stages, width = probed.at_pixel.shape[1:]
    n_selected = min(n_selected, n_candidates)
    n_classes = int(probed.classes.max()) + 1
    with seeded(random_state):
        selection = TimestepSelection(probed.angles, n_selected)
        addition = AdaptiveAddition(n_candidates, n_stages, width, fusion)
        probe = _Probe(selection, addition, probed.at_pixel, n_classes, how.dropout)
        steps = iter(range(how.recipe.n_steps))

        def loss_of(model: nn.Module, device: torch.device) -> Tensor:
            done = next(steps) / how.recipe.n_steps
            temperature = HOTTEST * (COLDEST / HOTTEST) ** done
            scores = model(probed.at_pixel.to(device), probed.pooled.to(device), temperature)
            loss = functional.cross_entropy(scores, probed.classes.to(device))
            return loss + how.penalty * probe.classify.weight.square().mean()

        train(probe, loss_of, how.recipe, device, "choose timesteps")
    positions = selection.chosen()
    return positions, addition.of_timesteps(positions)


class _Probe(nn.Module):
    """Softmax regression on features that are added over the chosen timesteps."""

    centre: Tensor
    scale: Tensor

    def __init__(
        self,
        selection: TimestepSelection,
        addition: AdaptiveAddition,
        at_pixel: Tensor,
        n_classes: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.selection, self.addition = selection, addition
        self.register_buffer("centre", at_pixel.mean(dim=(0, 1)))
        # The largest spread of a timestep, so that no timestep's features are blown up.
        spread = at_pixel.std(dim=0, correction=0).amax(dim=0)
        self.register_buffer("scale", torch.where(spread > 0, spread, torch.ones(())))
        self.drop = nn.Dropout(dropout)
        self.classify = nn.Linear(at_pixel.shape[2] * at_pixel.shape[3], n_classes)

    def forward(self, at_pixel: Tensor, pooled: Tensor, temperature: float) -> Tensor:
        weights = self.addition.weights(pooled, self.selection(temperature))
        added = torch.einsum("nksd,nks->nsd", at_pixel, weights)
        return self.classify(self.drop(((added - self.centre) / self.scale).flatten(1)))
