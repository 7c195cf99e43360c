"""The control for features: SpectralDiff's own heads on spectra, without any denoiser.

The paper's ablation (Chen et al., IEEE TGRS 2023, Table V) feeds its transformer spectra in place
of features; it does not say how they are scaled. Here ``head="transformer"`` sees the 13 x 13
pixels around a pixel, each band scaled to -1..1 over the scene as the denoiser of the ``paper``
profile would see it, and is built and trained as in that profile.

``head="linear"`` is the head of the ``fast`` profile with one kind of value less: its experts are
fitted to the whitened values that the denoiser would see, to the spectrum, and to both, and weighed
inside the training labels. What SpectralDiff gains over it, its features are worth.

Scaling and whitening are learned from the scene without labels, as there (transductive).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from hsidiff.about import About, Cost
from hsidiff.classifier import Learned
from hsidiff.denoising_classifier import DenoisingClassifier
from hsidiff.errors import SettingError, check_choice, check_whole_number
from hsidiff.features.feature_profile import FAST, FeatureProfile
from hsidiff.labels.label_map import LabelMap
from hsidiff.networks.counting import cost_of
from hsidiff.networks.pixel_transformer import PixelTransformer, TransformerShape
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.linear_head import LinearHead, side_by_side
from hsidiff.training.loop import pick_device, seeded
from hsidiff.training.patch_classifier import predict_patches
from hsidiff.training.weights import load_weights, weights
from hsidiff.windows.gather import gather_patches
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from hsidiff.windows.tiles import read_with_halo


@dataclass(repr=False, eq=False)
class RawSpectra(DenoisingClassifier):
    """Of a method that denoises, what remains without the denoiser. ``pretrain_steps`` stays None.

    Attributes:
        head: "linear" or "transformer".
        head_epochs: passes of the transformer over the training labels.
        transform_: from spectra to what the denoiser would see.
        head_: the learned head.
    """

    head: str | None = None
    head_epochs: int | None = None

    transform_: SpectralTransform = field(init=False)
    head_: LinearHead | nn.Module = field(init=False)

    name: ClassVar[str] = "raw"
    about: ClassVar[About] = About("control", "Chen et al., IEEE TGRS", 2023)
    profiles: ClassVar[Mapping[str, FeatureProfile]] = {"fast": FAST}

    def settings(self) -> FeatureProfile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range, or there is one of the denoiser.
        """
        if self.pretrain_steps is not None:
            raise SettingError(
                f"pretrain_steps={self.pretrain_steps!r}: {self.name} has no denoiser; leave it out"
            )
        profile: FeatureProfile = self._profile_with(("head", "head_epochs"))
        check_whole_number("head_epochs", profile.head_epochs, 1)
        if check_choice("head", profile.head, ("transformer", "linear")) == "linear":
            return profile
        return replace(profile, denoising=replace(profile.denoising, space="range"))

    @property
    def halo_px(self) -> int:
        """Half the patch of the transformer."""
        return self.settings().patch_px // 2

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of scaling and head."""
        profile = self.settings()
        n_seen, patch_px = profile.denoising.n_seen(n_bands), profile.patch_px
        scaling = Cost.of_projection(n_bands, n_seen)
        if profile.head == "linear":
            return scaling + Cost.of_linear_scores(n_seen + n_bands, n_classes)
        return scaling + cost_of(
            lambda: _transformer(profile, n_bands, n_classes),
            lambda head: head(torch.empty(1, n_bands, patch_px, patch_px)),
        )

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        profile, region = self.settings(), self._seen_region(labels)
        pick_device(self.device)

        # 1. Learn what the denoiser would see.
        self.transform_ = profile.denoising.transform_of(scene_moments(scene, region))
        # 2. Gather it at the labelled pixels.
        samples = gather_patches(scene, labels, profile.patch_px, partial(self._read_values, scene))
        # 3. Fit the head.
        if profile.head == "linear":
            self.head_ = self._fit_linear_head(scene, samples, self._parts(), region)
        else:
            make = partial(_transformer, profile, self.n_bands_, len(self.classes_))
            self.head_ = self._fit_transformer(profile, samples, make)

    def _read_values(self, scene: Scene, window: Window, margin: int) -> np.ndarray:
        """What the head sees in a window and ``margin`` pixels around it."""
        return self._values(read_with_halo(scene, window, margin))

    def _values(self, cube: np.ndarray) -> np.ndarray:
        """What the head sees of spectra (rows, cols, n_bands), (rows, cols, n_values)."""
        if self.settings().head == "transformer":
            return np.nan_to_num(self.transform_.apply(cube), nan=0.0)
        spectra = np.nan_to_num(cube, nan=0.0)
        return np.concatenate([self.transform_.apply(spectra), spectra], axis=-1)

    def _parts(self) -> Mapping[str, slice]:
        """Which of the values are of one kind, for the linear head."""
        return side_by_side(
            {"denoiser input": self.transform_.n_outputs, "spectrum": self.n_bands_}
        )

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        values = self._values(cube)
        if isinstance(self.head_, LinearHead):
            return self.head_.predict_proba(values)
        return predict_patches(self.head_, values, self.settings().patch_px, self.device)

    def _get_learned(self) -> Learned:
        arrays = {"shift": self.transform_.shift, "matrix": self.transform_.matrix}
        if isinstance(self.head_, LinearHead):
            return Learned(arrays | self.head_.arrays(), self.head_.facts())
        return Learned(arrays | weights("head.", self.head_), {})

    def _set_learned(self, learned: Learned) -> None:
        profile, arrays = self.settings(), learned.arrays
        self.transform_ = SpectralTransform(arrays["shift"], arrays["matrix"])
        if profile.head == "linear":
            self.head_ = LinearHead.of(arrays, learned.facts)
            return
        with seeded(self.random_state):
            self.head_ = _transformer(profile, self.n_bands_, len(self.classes_))
        load_weights(self.head_, "head.", arrays)


def _transformer(profile: FeatureProfile, n_bands: int, n_classes: int) -> PixelTransformer:
    return PixelTransformer(TransformerShape(), profile.head_patch_px, n_bands, n_classes)
