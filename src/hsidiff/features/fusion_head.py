"""What DiffCRN learns from labelled patches: which timesteps count, and its classifier."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.features.stage_features import LabelledPatches, StageFeatures
from hsidiff.networks.timestep_fusion import CrossTimestepFusion
from hsidiff.training.loop import Recipe, train
from hsidiff.training.patch_classifier import shuffled_batches
from hsidiff.training.timestep_probe import ProbedFeatures, ProbeRecipe, learn_fusion

LABEL_SMOOTHING = 0.05


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
    def of(cls, facts: dict[str, Any]) -> "TimestepChoice":
        """What ``vars`` gave, perhaps among other facts."""
        return cls(**{name: facts[name] for name in cls.__dataclass_fields__})


def choose_timesteps(
    features: StageFeatures,
    labelled: LabelledPatches,
    angles_rad: np.ndarray,
    n_selected: int,
    how: ProbeRecipe,
) -> tuple[StageFeatures, TimestepChoice]:
    """Choose among the timesteps of features, and learn how to add those, on training labels.

    Args:
        features: at the candidates; its addition says how they are added ("adaptive", "mean").
        labelled: the labelled pixels.
        angles_rad: (candidates,) spectral angles of the reconstructions.
        n_selected: how many to choose, at most all.
        how: how the small classifier learns.

    Returns:
        Features at the chosen timesteps, and what was chosen.
    """
    at_pixel, pooled = features.at_labels(labelled)
    angles = torch.from_numpy(angles_rad.astype(np.float32))
    chosen, addition = learn_fusion(
        ProbedFeatures(at_pixel, pooled, labelled.classes, angles),
        n_selected,
        features.addition.fusion,
        how,
        features.seed,
        features.device,
    )
    with torch.no_grad():
        mean_weights = addition.weights(pooled[:, list(chosen)]).mean(dim=0)
    timesteps = tuple(features.timesteps[position] for position in chosen)
    choice = TimestepChoice(
        list(timesteps),
        list(features.timesteps),
        [round(float(angle), 5) for angle in angles_rad],
        [[round(weight, 4) for weight in row] for row in mean_weights.tolist()],
    )
    return replace(features, timesteps=timesteps, addition=addition), choice


def fit_fusion_head(
    head: CrossTimestepFusion,
    features: StageFeatures,
    labelled: LabelledPatches,
    recipe: Recipe,
    batch_size: int,
    n_epochs: int,
) -> None:
    """Train CTSSFM in place with cross-entropy; the denoiser stays as it is.

    Args:
        head: the network.
        features: what it is fed; computed anew for each batch, since all would fill the memory.
        labelled: the labelled pixels.
        recipe: how; its steps follow from the epochs.
        batch_size: patches per step, fewer if there are fewer.
        n_epochs: passes over the labels.
    """
    n = len(labelled.classes)
    recipe = replace(recipe, n_steps=-(-n // batch_size) * n_epochs)
    batches = shuffled_batches(n, min(batch_size, n), features.seed)

    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        chosen = next(batches)
        with torch.no_grad():
            seen = torch.cat(list(features.of_patches(labelled.patches[chosen.numpy()])))
        scores = model(seen.to(device), labelled.pixels[chosen, None].to(device))[:, 0]
        targets = labelled.classes[chosen].to(device)
        return functional.cross_entropy(scores, targets, label_smoothing=LABEL_SMOOTHING)

    train(head, loss_of, recipe, features.device, "fit head")
