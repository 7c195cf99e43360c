"""A small classifier that is asked which timesteps count, and is thrown away."""

from dataclasses import dataclass, replace
from math import inf

import numpy as np
import torch
from scipy.special import log_softmax
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.heads.held_out import Folds, best_sharpness, judged_samples
from hsidiff.heads.linear_head import fit_linear_scores
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
class ProbedFeatures:
    """Features of labelled pixels at candidate timesteps.

    Attributes:
        at_pixel: (n, candidates, stages, width), of the pixel itself.
        pooled: as ``at_pixel``, means over its patch.
        classes: (n,) int64, positions 0..n_classes - 1.
        groups: (n,) int; neighbours are of one group, and never on both sides of a fold.
        angles: (candidates,) spectral angles, see :class:`TimestepSelection`.
    """

    at_pixel: Tensor
    pooled: Tensor
    classes: Tensor
    groups: np.ndarray
    angles: Tensor

    def part(self, chosen: np.ndarray) -> "ProbedFeatures":
        """Those of some pixels, by position or (n,) bool; classes keep their numbers."""
        at = torch.from_numpy(np.arange(len(self.groups))[chosen])
        classes, groups = self.classes[at], self.groups[at.numpy()]
        return replace(
            self, at_pixel=self.at_pixel[at], pooled=self.pooled[at], classes=classes, groups=groups
        )

    @property
    def n_classes(self) -> int:
        """How many classes there are, if the last one occurs."""
        return int(self.classes.max()) + 1

    @property
    def averaged(self) -> np.ndarray:
        """Features (n, stages * width) whose timesteps all count the same."""
        return self.at_pixel.mean(dim=1).flatten(1).numpy()

    def of_candidates(self, positions: tuple[int, ...]) -> "ProbedFeatures":
        """The same at some of the candidates."""
        at = list(positions)
        return replace(
            self,
            at_pixel=self.at_pixel[:, at],
            pooled=self.pooled[:, at],
            angles=self.angles[at],
        )


@dataclass(frozen=True)
class Asked:
    """What a classifier is trained with.

    Attributes:
        probed: features.
        n_selected: how many of their timesteps it chooses; all leaves nothing to choose.
        fusion: how these are added.
    """

    probed: ProbedFeatures
    n_selected: int
    fusion: Fusion


@dataclass(frozen=True)
class Probing:
    """How the small classifiers are trained."""

    how: ProbeRecipe
    random_state: int
    device: str

    def learn(self, asked: Asked) -> "Probe":
        """Train a classifier, its choice of timesteps, and their addition."""
        probed = asked.probed
        n_candidates, n_stages, width = probed.at_pixel.shape[1:]
        n_classes, recipe = probed.n_classes, self.how.recipe
        with seeded(self.random_state):
            selection = TimestepSelection(probed.angles, asked.n_selected)
            addition = AdaptiveAddition(n_candidates, n_stages, width, asked.fusion)
            probe = Probe(selection, addition, probed.at_pixel, n_classes, self.how.dropout)
            steps = iter(range(recipe.n_steps))

            def loss_of(model: nn.Module, device: torch.device) -> Tensor:
                done = next(steps) / recipe.n_steps
                temperature = HOTTEST * (COLDEST / HOTTEST) ** done
                scores = model(probed.at_pixel.to(device), probed.pooled.to(device), temperature)
                loss = functional.cross_entropy(scores, probed.classes.to(device))
                return loss + self.how.penalty * probe.classify.weight.square().mean()

            train(probe, loss_of, recipe, self.device, "choose timesteps")
        return probe.cpu().eval()

    def gain(self, folds: Folds, asked: Asked, plain: np.ndarray) -> tuple[float, float]:
        """How much lower the log loss of held-out pixels is with what is learned inside the folds.

        Features are judged by a discriminant, which is fitted to the pixels inside.

        Args:
            folds: of the pixels.
            asked: what is learned, in each fold anew.
            plain: (n, stages * width) features without anything learned.

        Returns:
            The mean over the pixels, and its standard error, from the spread of the groups.
        """
        classes, groups = asked.probed.classes.numpy(), asked.probed.groups
        learned: list[np.ndarray] = []
        without: list[np.ndarray] = []
        for inside, outside in folds:
            part = replace(asked, probed=asked.probed.part(inside))
            added = self.learn(part).added_features(asked.probed)
            for features, scores in ((added, learned), (plain, without)):
                scores.append(_discriminant_scores(features, classes, inside, outside))
        places = np.concatenate([outside for _, outside in folds])
        known = judged_samples(classes, folds)[places]
        losses = [
            _losses(np.concatenate(s)[known], classes[places][known]) for s in (learned, without)
        ]
        return mean_over_groups(losses[1] - losses[0], groups[places][known])


def _discriminant_scores(
    features: np.ndarray, classes: np.ndarray, inside: np.ndarray, outside: np.ndarray
) -> np.ndarray:
    """Class scores (n_outside, n_classes) of a discriminant that is fitted to the pixels inside."""
    centre, spread = features[inside].mean(axis=0), features[inside].std(axis=0)
    scaled = (features - centre) / np.where(spread > 0, spread, 1)
    weights, biases = fit_linear_scores("lda", scaled[inside], classes[inside], classes.max() + 1)
    return scaled[outside] @ weights.T + biases


def _losses(scores: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Log loss (n,) of each pixel, by scores (n, n_classes) that one factor calibrates."""
    log_probabilities = log_softmax(best_sharpness(scores, classes) * scores, axis=1)
    return -log_probabilities[np.arange(len(classes)), classes]


def mean_over_groups(values: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Mean of values (n,), and its standard error where those of a group are no independent draws.

    Without two groups nothing is known of the error: it is infinite.
    """
    mean = float(values.mean()) if len(values) else 0.0
    of_group = np.unique(groups, return_inverse=True)[1]
    n_groups = len(np.unique(of_group))
    if n_groups < 2:
        return mean, inf
    sums = np.bincount(of_group, values - mean)
    error = np.sqrt(n_groups / (n_groups - 1) * np.square(sums).sum()) / len(values)
    return mean, float(error)


class Probe(nn.Module):
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
        """Class scores (n, n_classes) of features (n, candidates, stages, width)."""
        added = self._added(at_pixel, pooled, temperature)
        return self.classify(self.drop(((added - self.centre) / self.scale).flatten(1)))

    @torch.no_grad()
    def added_features(self, probed: ProbedFeatures) -> np.ndarray:
        """Features (n, stages * width), added over the chosen timesteps."""
        return self._added(probed.at_pixel, probed.pooled, COLDEST).flatten(1).numpy()

    def _added(self, at_pixel: Tensor, pooled: Tensor, temperature: float) -> Tensor:
        weights = self.addition.weights(pooled, self.selection(temperature))
        return torch.einsum("nksd,nks->nsd", at_pixel, weights)
