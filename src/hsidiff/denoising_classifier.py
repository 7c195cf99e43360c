"""Parent of the methods that learn a scene by denoising it before they look at a label."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from torch import nn

from hsidiff.classifier import SceneClassifier
from hsidiff.errors import LARGEST_RANDOM_STATE, SettingError, check_choice, check_whole_number
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.class_shares import class_weights
from hsidiff.training.linear_head import LinearHead, fit_linear_head, spatial_groups
from hsidiff.training.loop import Recipe, pick_device, seeded
from hsidiff.training.patch_classifier import fit_patch_classifier
from hsidiff.windows.gather import Samples
from hsidiff.windows.tiles import sampled_tile_windows

SHARES_TILE_PX = 16
MAX_SHARES_TILES = 32
"""Classes' shares are estimated from at most these small tiles, all over the scene."""


@dataclass(repr=False, eq=False)
class DenoisingClassifier(SceneClassifier):
    """What learning a scene first has in common, whatever the denoiser and the head.

    Attributes:
        profiles: name to profile, a frozen dataclass with a field ``denoising``.
        profile: which of them; a setting of the same name as one of its fields replaces it, and
            ``None`` leaves it.
        random_state: everything random follows from it.
        pretrain_on: what is learned without labels is learned from all pixels of the scene
            ("scene", as in the papers: transductive) or from the training blocks of a block split
            only ("train_blocks").
        pretrain_steps: optimiser steps of the denoiser.
        class_shares: the linear head takes classes for as common as they seem to be in the scene
            ("scene", see :mod:`hsidiff.training.class_shares`) or in the labels ("labels").
        device: "auto" takes a CUDA device if there is one; or "cpu", "cuda", "mps".
    """

    profiles: ClassVar[Mapping[str, Any]]

    profile: str = "fast"
    random_state: int = 0
    pretrain_on: str = "scene"
    pretrain_steps: int | None = None
    class_shares: str = "scene"
    device: str = "auto"

    @property
    def transductive(self) -> bool:
        """Whether pixels beyond the training blocks were learned from, without labels."""
        return self.pretrain_on == "scene"

    @property
    def compute_device(self) -> str:
        """What ``device`` means on this machine."""
        return pick_device(self.device)

    def _profile_with(self, own: tuple[str, ...]) -> Any:
        """The profile with those of the settings ``own`` that are given in their places.

        Raises:
            SettingError: if a setting that every method has is unknown or out of range.
        """
        profile = self.profiles[check_choice("profile", self.profile, self.profiles)]
        check_whole_number("random_state", self.random_state, 0, LARGEST_RANDOM_STATE)
        check_choice("pretrain_on", self.pretrain_on, ("scene", "train_blocks"))
        check_choice("class_shares", self.class_shares, ("scene", "labels"))
        given = {name: getattr(self, name) for name in own if getattr(self, name) is not None}
        if self.pretrain_steps is not None:
            check_whole_number("pretrain_steps", self.pretrain_steps, 1)
            recipe = replace(profile.denoising.recipe, n_steps=self.pretrain_steps)
            given["denoising"] = replace(profile.denoising, recipe=recipe)
        return replace(profile, **given)

    def _seen_region(self, labels: LabelMap) -> np.ndarray | None:
        """The pixels that may be seen without labels, (rows, cols) bool; None allows all.

        Raises:
            SettingError: if only training blocks may, and the labels do not say which those are.
        """
        if self.pretrain_on == "scene":
            return None
        if labels.region is None:
            raise SettingError(
                "pretrain_on='train_blocks': these labels do not say which blocks are theirs; "
                "use the training labels of a block split, or pretrain_on='scene'"
            )
        return labels.region

    def _class_positions(self, samples: Samples) -> np.ndarray:
        """Positions (n,) of the samples' classes in ``classes_``."""
        ids = np.array([land_class.id for land_class in self.classes_])
        return np.searchsorted(ids, samples.class_ids)

    @abstractmethod
    def _read_values(self, scene: Scene, window: Window, margin: int) -> np.ndarray:
        """What the head sees in a window and ``margin`` pixels around it.

        Returns:
            (window.n_rows + 2 margin, window.n_cols + 2 margin, n_values) float32.
        """

    def _fit_linear_head(
        self,
        scene: Scene,
        samples: Samples,
        parts: Mapping[str, slice],
        region: np.ndarray | None,
    ) -> LinearHead:
        """Fit the linear head to samples, then fit its class shares to the scene.

        Args:
            scene: the scene.
            samples: values (n, 1, 1, n_values).
            parts: see :func:`hsidiff.training.linear_head.fit_linear_head`.
            region: (rows, cols) bool, the pixels that may be seen without labels; None allows all.
        """
        classes = self._class_positions(samples)
        groups = spatial_groups(samples.rows, samples.cols)
        head = fit_linear_head(samples.values[:, 0, 0], classes, groups, parts, self.random_state)
        # Where nothing could be held out, nobody knows how sure the probabilities may be.
        if self.class_shares == "labels" or head.held_out_log_loss is None:
            return head
        values = self._values_without_labels(scene, region)
        if len(values) == 0:  # a scene of few valid pixels: none of the sampled tiles holds one
            return head
        shares = np.bincount(classes) / len(classes)
        return head.weighted(class_weights(head.predict_proba(values), shares))

    def _head_recipe(self, profile: Any, n_steps: int) -> Recipe:
        """How the transformer is trained for ``n_steps``."""
        return replace(profile.head_recipe, n_steps=n_steps)

    def _fit_transformer(
        self, profile: Any, samples: Samples, make: Callable[[], nn.Module]
    ) -> nn.Module:
        """Make a transformer and train it on patches.

        Args:
            profile: with ``head_recipe``, ``head_batch_size`` and ``head_epochs``.
            samples: values (n, patch, patch, n_values).
            make: gives a new one, from patches to class scores.
        """
        batch_size, seed = profile.head_batch_size, self.random_state
        n_steps = -(-len(samples) // batch_size) * profile.head_epochs
        recipe, classes = self._head_recipe(profile, n_steps), self._class_positions(samples)
        with seeded(seed):
            network = make()
            fit_patch_classifier(
                network, samples.values, classes, recipe, batch_size, seed, self.device
            )
        return network

    def _values_without_labels(self, scene: Scene, region: np.ndarray | None) -> np.ndarray:
        """What the head sees at pixels drawn from the scene, (n, n_values)."""
        values = []
        for window in sampled_tile_windows(
            scene.shape, SHARES_TILE_PX, MAX_SHARES_TILES, self.random_state, region
        ):
            used = np.isfinite(scene.read(window)).all(axis=-1)
            if region is not None:
                used &= region[window.slices]
            values.append(self._read_values(scene, window, 0)[used])
        return np.concatenate(values)


def check_whole_numbers(name: str, numbers: object) -> None:
    """Refuse what is not a tuple (or list) of whole numbers.

    Raises:
        SettingError: if it is not.
    """
    if not isinstance(numbers, tuple | list) or not all(isinstance(n, Integral) for n in numbers):
        raise SettingError(f"{name}={numbers!r}: must be a tuple of whole numbers, such as (1,)")
