"""The control for features: SpectralDiff's own heads on spectra, without any denoiser.

The paper's ablation (Chen et al., IEEE TGRS 2023, Table V) feeds its transformer spectra in place
of features; it does not say how they are scaled. Here ``head="transformer"`` sees each band scaled
to -1..1 over the scene, as the denoiser of the ``paper`` profile would see it, and is built as in
that profile. Its patch and its training are those of ``fast`` with that head.

``head="linear"`` is the head of the ``fast`` profile with one kind of value less: its experts are
fitted to the whitened values that the denoiser would see, to the spectrum, and to both, and weighed
inside the training labels. What SpectralDiff gains over it, its features are worth.
``head="chosen"`` takes the one of both that predicts held-out training labels better.

Scaling and whitening are learned from the scene without labels, as there (transductive).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np

from hsidiff.about import About, Cost
from hsidiff.errors import check_choice, check_whole_number
from hsidiff.features.feature_profile import FAST, FeatureProfile
from hsidiff.features.pretraining import Denoising
from hsidiff.labels.label_map import LabelMap
from hsidiff.patch_head_classifier import HEADS, PatchHeadClassifier
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.linear_head import columns_of
from hsidiff.training.loop import pick_device
from hsidiff.windows.gather import gather_patches
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from hsidiff.windows.tiles import read_with_halo


@dataclass(repr=False, eq=False)
class RawSpectra(PatchHeadClassifier):
    """Of a method that denoises, what remains without the denoiser.

    Settings of how long one would learn stay None.

    Attributes:
        head: "linear", "transformer" or "chosen", see :class:`FeatureProfile`.
        head_epochs: passes of the transformer over the training labels.
        transform_: from spectra to what the denoiser would see.
        range_transform_: from spectra to what the transformer sees, under the head "chosen".
    """

    head: str | None = None
    head_epochs: int | None = None

    transform_: SpectralTransform = field(init=False)
    range_transform_: SpectralTransform = field(init=False)

    name: ClassVar[str] = "raw"
    about: ClassVar[About] = About("control", "Chen et al., IEEE TGRS", 2023)
    profiles: ClassVar[Mapping[str, FeatureProfile]] = {"fast": FAST}

    def settings(self) -> FeatureProfile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range, or there is one of the denoiser.
        """
        self._refuse_length(f"{self.name} has no denoiser")
        profile: FeatureProfile = self._profile_with(("head", "head_epochs"))
        check_whole_number("head_epochs", profile.head_epochs, 1)
        if check_choice("head", profile.head, HEADS) == "transformer":
            return replace(profile, denoising=_in_range(profile.denoising))
        return profile

    @property
    def context_px(self) -> int:
        """Half the patch of the transformer."""
        return self.settings().patch_px // 2

    @property
    def compute_device(self) -> str:
        """The CPU under the linear head, which needs no other."""
        return "cpu" if self.settings().head == "linear" else super().compute_device

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of scaling and head."""
        profile = self.settings()
        n_seen = profile.denoising.n_seen(n_bands)
        scaling = Cost.of_projection(n_bands, n_seen)
        return scaling + self._cost_of_head(n_seen + n_bands, (n_bands,), n_classes)

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        profile, region = self.settings(), self._seen_region(labels)
        pick_device(self.device)

        # 1. Learn what the denoiser would see.
        moments = scene_moments(scene, region)
        self.transform_ = profile.denoising.transform_of(moments)
        if profile.head == "chosen":
            self.range_transform_ = _in_range(profile.denoising).transform_of(moments)
        # 2. Gather it at the labelled pixels.
        samples = gather_patches(scene, labels, profile.patch_px, partial(self._read_values, scene))
        # 3. Fit the head.
        self._fit_head(scene, samples, region)

    def _read_values(self, scene: Scene, window: Window, margin: int) -> np.ndarray:
        """What the head sees in a window and ``margin`` pixels around it."""
        return self._values(read_with_halo(scene, window, margin))

    def _values(self, cube: np.ndarray) -> np.ndarray:
        """What the head sees of spectra (rows, cols, n_bands), (rows, cols, n_values)."""
        head = self.settings().head
        if head == "transformer":
            return np.nan_to_num(self.transform_.apply(cube), nan=0.0)
        spectra = np.nan_to_num(cube, nan=0.0)
        values = [self.transform_.apply(spectra), spectra]
        if head == "chosen":
            values.append(np.nan_to_num(self.range_transform_.apply(cube), nan=0.0))
        return np.concatenate(values, axis=-1)

    def _n_components(self) -> tuple[int, ...]:
        """The transformer sees all bands."""
        return (self.n_bands_,)

    def _seen_by_transformer(self) -> slice:
        """Its values are all there are, or follow those of the linear head."""
        if self.settings().head == "transformer":
            return slice(None)
        return slice(self.transform_.n_outputs + self.n_bands_, None)

    def _parts(self) -> Mapping[str, slice]:
        """Which of the values are of one kind, for the linear head."""
        return columns_of({"denoiser input": self.transform_.n_outputs, "spectrum": self.n_bands_})

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        return self._predict_head(self._values(cube))

    def _get_learned(self) -> Learned:
        arrays, head = self.transform_.arrays(""), self._learned_head()
        if self.head_choice_ is not None:
            arrays |= self.range_transform_.arrays("range.")
        return Learned(arrays | head.arrays, head.facts)

    def _set_learned(self, learned: Learned) -> None:
        arrays = learned.arrays
        self.transform_ = SpectralTransform.of("", arrays)
        if self.settings().head == "chosen":
            self.range_transform_ = SpectralTransform.of("range.", arrays)
        self._set_head(learned)


def _in_range(denoising: Denoising) -> Denoising:
    """Each band from -1 to 1 in place of whitened averages of bands."""
    return replace(denoising, space="range")
