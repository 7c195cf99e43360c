"""A head that is a network on patches of values, such as the papers' transformers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import nan

import numpy as np
import torch
from scipy.special import log_softmax
from torch import nn

from hsidiff.about import Cost
from hsidiff.errors import TrainingError
from hsidiff.heads.head import Head, LabelledValues
from hsidiff.heads.held_out import best_sharpness, folds_of, judged_samples, log_loss
from hsidiff.heads.regularisation import Regularisation, networks_of
from hsidiff.kinds import DENOISER_INPUT, SPECTRUM, Kinds, widths_of, without_kinds
from hsidiff.networks.counting import cost_of
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.patch_classifier import (
    fit_patch_classifier,
    predict_patches,
    score_patches,
)
from hsidiff.training.weights import load_weights, weights

NetworkOf = Callable[[tuple[int, ...], int, int], nn.Module]
"""From the widths of the parts of the values, the side of a patch and the number of classes to a
network: patches (batch, n_values, rows, cols) to class scores."""
UNGUARDED = Regularisation()


@dataclass(kw_only=True, repr=False, eq=False)
class PatchHead(Head):
    """A network on the patch of values around a pixel.

    Attributes:
        make_network: makes one, nothing learned.
        patch_px: side of the patch, odd.
        recipe: how it is trained; its steps follow from the epochs.
        batch_size: patches per step.
        n_epochs: passes over the training labels.
        n_falls: how often a rate that falls in "steps" does so.
        regularisation: what guards it against few labels.
        network_: the trained network, in evaluation mode.
        sharpness_: a factor on its scores, found on held-out labels; 1 if none was looked for.
    """

    make_network: NetworkOf
    patch_px: int
    recipe: Recipe
    batch_size: int = 64
    n_epochs: int = 100
    n_falls: int = 1
    regularisation: Regularisation = UNGUARDED
    leaves_out: tuple[str, ...] = (DENOISER_INPUT, SPECTRUM)

    network_: nn.Module = field(init=False)
    sharpness_: float = field(init=False, default=1.0)
    _columns: slice | np.ndarray = field(init=False)

    @property
    def context_px(self) -> int:
        """Half the patch."""
        return self.patch_px // 2

    def fit(self, samples: LabelledValues) -> None:
        """Train the network on all samples."""
        _, self._columns = without_kinds(samples.kinds, self.leaves_out)
        self.network_ = self._trained(samples, np.arange(len(samples)))

    def cross_validate(self, samples: LabelledValues) -> float | None:
        """Mean log loss on held-out groups, after :attr:`sharpness_` was fitted to them.

        Returns:
            None where nothing can be held out; no number of a network that diverged.
        """
        _, self._columns = without_kinds(samples.kinds, self.leaves_out)
        folds = folds_of(samples.classes, samples.groups, self.random_state, known=samples.known)
        judged = judged_samples(samples.classes, folds)
        if not judged.any():
            return None
        scores = np.zeros((len(samples), samples.n_classes))
        for inside, outside in folds:
            patches = samples.values[outside][..., self._columns]
            try:
                network = self._trained(samples, inside)
            except TrainingError:
                return nan
            scores[outside] = score_patches(network, patches, self.device)
        scores, known = scores[judged], samples.classes[judged]
        self.sharpness_ = best_sharpness(scores, known)
        return log_loss(log_softmax(self.sharpness_ * scores, axis=1), known)

    def predict_proba(self, values: np.ndarray, window: Window) -> np.ndarray:
        """Class probabilities of the pixels that have their whole patch inside ``values``."""
        seen = values[..., self._columns]
        return predict_patches(self.network_, seen, self.patch_px, self.device, self.sharpness_)

    def cost(self, kinds: Kinds, n_classes: int) -> Cost:
        """That of the network for the patch of a pixel."""
        widths = widths_of(without_kinds(kinds, self.leaves_out)[0])
        patch = (1, sum(widths), self.patch_px, self.patch_px)
        return cost_of(
            lambda: self._new_network(widths, n_classes),
            lambda network: network(torch.empty(patch)),
        )

    def learned(self) -> Learned:
        """The network's weights, and the factor on its scores."""
        return Learned(weights("network.", self.network_), {"sharpness": self.sharpness_})

    def restore(self, learned: Learned, kinds: Kinds, n_classes: int) -> None:
        """Become the head that was stored."""
        seen, self._columns = without_kinds(kinds, self.leaves_out)
        with seeded(self.random_state):
            self.network_ = self._new_network(widths_of(seen), n_classes)
        load_weights(self.network_, "network.", learned.arrays)
        self.sharpness_ = learned.facts["sharpness"]

    def _new_network(self, widths: tuple[int, ...], n_classes: int) -> nn.Module:
        """Networks, as many as are averaged, with what guards them against few labels."""
        return self.regularisation.around(
            lambda: self.make_network(widths, self.patch_px, n_classes), widths
        )

    def _trained(self, samples: LabelledValues, chosen: np.ndarray) -> nn.Module:
        """A new network, trained on the samples at some positions."""
        patches, classes = samples.values[chosen][..., self._columns], samples.classes[chosen]
        n_steps = -(-len(classes) // self.batch_size) * self.n_epochs
        recipe = replace(self.recipe, n_steps=n_steps, fall_every=max(n_steps // self.n_falls, 1))
        widths = widths_of(without_kinds(samples.kinds, self.leaves_out)[0])
        with seeded(self.random_state):
            network = self._new_network(widths, samples.n_classes)
            for position, single in enumerate(networks_of(network)):
                order = int(self.random_state) + position
                fit_patch_classifier(
                    single, patches, classes, recipe, self.batch_size, order, self.device
                )
        return network.eval()
