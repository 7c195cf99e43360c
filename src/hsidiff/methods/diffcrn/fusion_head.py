"""DiffCRN's classifier: CTSSFM on the patch that a pixel belongs to."""

import copy
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.about import Cost
from hsidiff.heads.head import Head, LabelledValues
from hsidiff.kinds import Kinds
from hsidiff.methods.diffcrn.stages import Stages
from hsidiff.methods.diffcrn.timestep_fusion import CrossTimestepFusion
from hsidiff.networks.counting import cost_of
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe, pick_device, seeded, train
from hsidiff.training.patch_classifier import shuffled_batches
from hsidiff.training.weights import load_weights, weights

LABEL_SMOOTHING = 0.05


@dataclass(kw_only=True, repr=False, eq=False)
class FusionHead(Head):
    """CTSSFM, trained with cross-entropy; the denoiser stays as it is.

    Attributes:
        stages: the values that it goes on from: their stages at the chosen timesteps.
        recipe: how it is trained; its steps follow from the epochs.
        width: channels inside it.
        batch_size: patches per step, fewer if there are fewer.
        n_epochs: passes over the training labels.
        network_: the network, in evaluation mode.
    """

    stages: Stages
    recipe: Recipe
    width: int = 128
    batch_size: int = 64
    n_epochs: int = 100

    network_: CrossTimestepFusion = field(init=False)

    @property
    def context_px(self) -> int:
        """How far a pixel's patch reaches."""
        return self.stages.grid.halo_px

    def fit(self, samples: LabelledValues) -> None:
        """Train the network. Features are computed anew for each batch: all would fill memory."""
        labelled = self.stages.labelled_patches(
            samples.values, samples.rows, samples.cols, samples.classes
        )
        n_steps = -(-len(samples) // self.batch_size) * self.n_epochs
        batch_size = min(self.batch_size, len(samples))
        batches = shuffled_batches(len(samples), batch_size, self.random_state)

        def loss_of(model: nn.Module, device: torch.device) -> Tensor:
            chosen = next(batches)
            with torch.no_grad():
                patches = labelled.patches[chosen.numpy()]
                features = torch.cat(list(self.stages.features().of(patches)))
            scores = model(features.to(device), labelled.pixels[chosen, None].to(device))[:, 0]
            targets = labelled.classes[chosen].to(device)
            return functional.cross_entropy(scores, targets, label_smoothing=LABEL_SMOOTHING)

        with seeded(self.random_state):
            addition = copy.deepcopy(self.stages.addition_)
            self.network_ = CrossTimestepFusion(addition, samples.n_classes, self.width)
            recipe = replace(self.recipe, n_steps=n_steps)
            train(self.network_, loss_of, recipe, self.device, "fit head")

    def predict_proba(self, values: np.ndarray, window: Window) -> np.ndarray:
        """Class probabilities, patch by patch."""
        device = pick_device(self.device)
        network, middle = self.network_.to(device), self.stages.grid.middle().to(device)

        def probabilities(features: Tensor) -> Tensor:
            return network(features, middle.expand(len(features), -1)).softmax(dim=-1)

        return self.stages.features().by_patch(values, window, probabilities)

    def cost(self, kinds: Kinds, n_classes: int) -> Cost:
        """That of CTSSFM, AWAM among it; the stages are counted with the values."""
        side, n_kept = self.stages.shape.patch_px, self.stages.grid.stride_px**2

        def build() -> CrossTimestepFusion:
            addition = self.stages.new_addition(self.stages.n_timesteps)
            return CrossTimestepFusion(addition, n_classes, self.width)

        def fuse(network: CrossTimestepFusion) -> None:
            pixels = torch.arange(n_kept, device="meta")[None]
            network(torch.empty(1, *network.addition.sizes, side, side), pixels)

        return cost_of(build, fuse, n_kept)

    def learned(self) -> Learned:
        """The network's weights."""
        return Learned(weights("network.", self.network_), {})

    def restore(self, learned: Learned, kinds: Kinds, n_classes: int) -> None:
        """Become the head that was stored."""
        with seeded(self.random_state):
            addition = copy.deepcopy(self.stages.addition_)
            self.network_ = CrossTimestepFusion(addition, n_classes, self.width)
        load_weights(self.network_, "network.", learned.arrays)
