"""Parent of classifiers whose head is linear, a network on patches, or the better of the two."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import nn

from hsidiff.about import Cost
from hsidiff.denoising_classifier import DenoisingClassifier
from hsidiff.errors import check_choice
from hsidiff.features.feature_profile import FeatureProfile
from hsidiff.networks.counting import cost_of
from hsidiff.networks.pixel_transformer import PixelTransformer, TransformerShape
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.training.head_choice import (
    Head,
    HeadChoice,
    choose_head,
    head_arrays,
    head_facts,
    predict_head,
    read_head,
)
from hsidiff.training.held_out import spatial_groups
from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.patch_classifier import fit_patch_classifier
from hsidiff.training.regularisation import networks_of
from hsidiff.windows.gather import Samples

HEADS = ("transformer", "linear", "chosen")


@dataclass(repr=False, eq=False)
class PatchHeadClassifier(DenoisingClassifier):
    """The head: how it is made, fitted, chosen, applied, saved and counted.

    A subclass gives the values, and the transformer. It has the settings ``head`` and
    ``head_epochs``.

    Attributes:
        head_: the learned head.
        head_choice_: which was taken and why; None where the setting ``head`` says which.
    """

    head_: Head = field(init=False)
    head_choice_: HeadChoice | None = field(init=False)

    @abstractmethod
    def settings(self) -> FeatureProfile:
        """The profile with this classifier's own settings in their places."""

    @abstractmethod
    def _parts(self) -> Mapping[str, slice]:
        """Which of the values are of one kind, for the linear head, which sees no value beyond."""

    @abstractmethod
    def _n_components(self) -> tuple[int, ...]:
        """How many values the transformer sees of each (timestep, layer)."""

    def _make_transformer(self, n_components: tuple[int, ...], n_classes: int) -> nn.Module:
        """A new head, from patches (batch, components, rows, cols) to class scores.

        By default it is that of SpectralDiff's paper.

        Args:
            n_components: of each timestep and layer, in the order in which they are stacked.
            n_classes: how many classes.
        """
        patch_px = self.settings().head_patch_px
        return PixelTransformer(TransformerShape(), patch_px, sum(n_components), n_classes)

    def _seen_by_transformer(self) -> slice:
        """Which of the values the transformer sees; by default the first."""
        return slice(0, sum(self._n_components()))

    def _head_recipe(self, profile: FeatureProfile, n_steps: int) -> Recipe:
        """How the transformer is trained for ``n_steps``."""
        return replace(profile.head_recipe, n_steps=n_steps)

    def _new_network(self, widths: tuple[int, ...], n_classes: int) -> nn.Module:
        """Transformers, as many as the profile says, with what guards them against few labels."""
        regularisation = self.settings().head_regularisation
        return regularisation.around(lambda: self._make_transformer(widths, n_classes), widths)

    def _fit_head(self, scene: Scene, samples: Samples, region: np.ndarray | None) -> None:
        """Fit the head to samples, or both heads, and take the better.

        Args:
            scene: the scene.
            samples: values (n, patch, patch, n_values).
            region: (rows, cols) bool, the pixels that may be seen without labels; None allows all.
        """
        kind = check_choice("head", self.settings().head, HEADS)
        patches = samples.values[..., self._seen_by_transformer()]
        classes = self._class_positions(samples)
        self.head_choice_ = None
        if kind == "transformer":
            self.head_ = self._fit_network(patches, classes)
            return
        self.head_ = self._fit_linear_head(scene, samples, self._parts(), region)
        if kind == "chosen":
            self.head_, self.head_choice_ = choose_head(
                self.head_,
                lambda chosen: self._fit_network(patches[chosen], classes[chosen]),
                patches,
                classes,
                spatial_groups(samples.rows, samples.cols),
                self.random_state,
                self.device,
            )

    def _fit_network(self, patches: np.ndarray, classes: np.ndarray) -> nn.Module:
        """Make transformers and train them.

        Args:
            patches: (n, patch, patch, n_values) float32.
            classes: (n,) int, their positions in ``classes_``.
        """
        profile, n_classes, seed = self.settings(), len(self.classes_), int(self.random_state)
        batch_size = profile.head_batch_size
        recipe = self._head_recipe(profile, -(-len(classes) // batch_size) * profile.head_epochs)
        with seeded(seed):
            network = self._new_network(self._n_components(), n_classes)
            for position, single in enumerate(networks_of(network)):
                order = seed + position
                fit_patch_classifier(
                    single, patches, classes, recipe, batch_size, order, self.device
                )
        return network.eval()

    def _predict_head(self, values: np.ndarray) -> np.ndarray:
        """Class probabilities of values with half a patch more on each side."""
        patch_px = self.settings().patch_px
        return predict_head(self.head_, values, patch_px, self._seen_by_transformer(), self.device)

    def _cost_of_head(self, n_values: int, widths: tuple[int, ...], n_classes: int) -> Cost:
        """That of the head; of two to choose from, that of the dearer.

        Args:
            n_values: how many the linear head sees.
            widths: how many the transformer sees of each (timestep, layer).
            n_classes: how many classes.
        """
        profile = self.settings()
        if profile.head == "linear":
            return Cost.of_linear_scores(n_values, n_classes)
        patch = (1, sum(widths), profile.patch_px, profile.patch_px)
        # The transformer is the dearer one: it mixes all pixels of a patch.
        return cost_of(
            lambda: self._new_network(widths, n_classes), lambda head: head(torch.empty(patch))
        )

    def _learned_head(self) -> Learned:
        """The head, to be stored; :meth:`_set_head` reads it."""
        return Learned(head_arrays(self.head_), head_facts(self.head_, self.head_choice_))

    def _set_head(self, learned: Learned) -> None:
        """Become a classifier with the head that :meth:`_learned_head` gave, among other things."""
        with seeded(self.random_state):
            self.head_, self.head_choice_ = read_head(
                learned.arrays,
                learned.facts,
                self.settings().head,
                lambda: self._new_network(self._n_components(), len(self.classes_)),
            )
