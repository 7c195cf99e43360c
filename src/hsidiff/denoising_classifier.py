"""Parent of the methods that learn a scene by denoising it before they look at a label."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from scipy import ndimage

from hsidiff.classifier import SceneClassifier
from hsidiff.errors import LARGEST_RANDOM_STATE, SettingError, check_choice, check_whole_number
from hsidiff.features.pretraining import Denoising
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.budget import Budget
from hsidiff.training.class_shares import class_weights
from hsidiff.training.held_out import spatial_groups
from hsidiff.training.linear_head import LinearHead, fit_linear_head
from hsidiff.training.loop import pick_device
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
        budget: how long the denoiser learns, in place of ``pretrain_steps``: a time ("60s", "2min",
            "1h"), "400 steps", or "4 steps per pixel", with which each valid pixel is seen about
            four times. After a time the weights depend on the machine and on what else it does.
        stop_when_flat: hold out an eighth of the scene from what the denoiser learns from, and end
            its training early when its loss there is flat (:mod:`hsidiff.training.pace`).
        class_shares: the linear head takes classes for as common as they seem to be in the scene
            ("scene", see :mod:`hsidiff.training.class_shares`) or in the labels ("labels").
        device: "auto" takes a CUDA device if there is one; or "cpu", "cuda", "mps".
        pretraining_: how the denoiser's training went: the fields of
            :class:`hsidiff.training.pace.Trained`.
    """

    profiles: ClassVar[Mapping[str, Any]]

    profile: str = "fast"
    random_state: int = 0
    pretrain_on: str = "scene"
    pretrain_steps: int | None = None
    budget: str | None = None
    stop_when_flat: bool | None = None
    class_shares: str = "scene"
    device: str = "auto"

    pretraining_: dict[str, Any] = field(init=False)

    @property
    def transductive(self) -> bool:
        """Whether pixels beyond the training blocks were learned from, without labels."""
        return self.pretrain_on == "scene"

    @property
    def compute_device(self) -> str:
        """What ``device`` means on this machine."""
        return pick_device(self.device)

    @property
    def small_tiles(self) -> bool:
        """Not those of a network of published size: gigabytes, and long enough to be shared."""
        return self.profile == "fast"

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
        return replace(profile, denoising=self._lasting(profile.denoising), **given)

    def _lasting(self, denoising: Denoising) -> Denoising:
        """The profile's ``denoising``, for as long as the settings say.

        Raises:
            SettingError: if one of them is out of range, or two say how long.
        """
        if self.pretrain_steps is not None and self.budget is not None:
            raise SettingError(
                f"pretrain_steps={self.pretrain_steps!r} and budget={self.budget!r}: both say how "
                "long the denoiser learns; give one of them"
            )
        if self.pretrain_steps is not None:
            check_whole_number("pretrain_steps", self.pretrain_steps, 1)
            recipe = replace(denoising.recipe, n_steps=self.pretrain_steps)
            denoising = replace(denoising, recipe=recipe)
        if self.budget is not None:
            denoising = replace(denoising, budget=Budget.parse(self.budget))
        if self.stop_when_flat is not None:
            if not isinstance(self.stop_when_flat, bool):
                raise SettingError(
                    f"stop_when_flat={self.stop_when_flat!r}: expected True or False"
                )
            denoising = replace(denoising, stop_when_flat=self.stop_when_flat)
        return denoising

    def _refuse_length(self, why: str) -> None:
        """Refuse settings that say how long a denoiser learns, where none does.

        Raises:
            SettingError: if one of them is given; ``why`` stands in the message.
        """
        for name in ("pretrain_steps", "budget", "stop_when_flat"):
            if getattr(self, name) is not None:
                raise SettingError(f"{name}={getattr(self, name)!r}: {why}; leave it out")

    def _pretraining_facts(self) -> dict[str, Any]:
        """How the denoiser's training went, for the facts that were learned; none if it had none.

        Models that were saved before it was kept have none either.
        """
        return {"pretraining": self.pretraining_} if hasattr(self, "pretraining_") else {}

    def _set_pretraining(self, facts: Mapping[str, Any]) -> None:
        """Take over what :meth:`_pretraining_facts` gave, perhaps among other facts."""
        if "pretraining" in facts:
            self.pretraining_ = facts["pretraining"]

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
            samples: values (n, patch, patch, n_values), of which the middle pixels are seen.
            parts: see :func:`hsidiff.training.linear_head.fit_linear_head`; a value beyond all of
                them is not seen.
            region: (rows, cols) bool, the pixels that may be seen without labels; None allows all.
        """
        classes = self._class_positions(samples)
        groups = spatial_groups(samples.rows, samples.cols)
        middle, n_values = samples.values.shape[1] // 2, max(p.stop for p in parts.values())
        values = samples.values[:, middle, middle, :n_values]
        head = fit_linear_head(values, classes, groups, parts, self.random_state)
        # Where nothing could be held out, nobody knows how sure the probabilities may be.
        if self.class_shares == "labels" or head.held_out_log_loss is None:
            return head
        values = self._values_without_labels(scene, region)[:, :n_values]
        if len(values) == 0:  # few valid pixels, or small blocks: no sampled tile holds one
            return head
        shares = np.bincount(classes) / len(classes)
        return head.weighted(class_weights(head.predict_proba(values), shares))

    def _values_without_labels(self, scene: Scene, region: np.ndarray | None) -> np.ndarray:
        """What the head sees at pixels drawn from the scene, (n, n_values).

        Of a region only pixels are drawn whose context lies in it, too.
        """
        if region is not None:
            side = 2 * self.context_px + 1  # beyond the scene its edge is repeated
            region = ndimage.minimum_filter(region, side, mode="nearest")
        values = []
        for window in sampled_tile_windows(
            scene.shape, SHARES_TILE_PX, MAX_SHARES_TILES, self.random_state, region
        ):
            used = np.isfinite(scene.read(window)).all(axis=-1)
            if region is not None:
                used &= region[window.slices]
            values.append(self._read_values(scene, window, 0)[used])
        return np.concatenate(values) if values else np.empty((0, 0), dtype=np.float32)


def check_whole_numbers(name: str, numbers: object) -> None:
    """Refuse what is not a tuple (or list) of whole numbers.

    Raises:
        SettingError: if it is not.
    """
    if not isinstance(numbers, tuple | list) or not all(isinstance(n, Integral) for n in numbers):
        raise SettingError(f"{name}={numbers!r}: must be a tuple of whole numbers, such as (1,)")
