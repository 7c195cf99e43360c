"""Parent of the methods that classify features of a denoising U-Net.

All of them learn the scene, take features at some timesteps and layers, keep principal components
of each, and fit a head at the labelled pixels. They differ in the settings and in the head.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch

from hsidiff.about import Cost
from hsidiff.denoising_classifier import check_whole_numbers
from hsidiff.errors import SettingError, check_choice, check_whole_number
from hsidiff.features.denoiser_features import (
    EXTRACTIONS,
    FEATURE_TILE_PX,
    N_DRAWS,
    DenoiserFeatures,
)
from hsidiff.features.distillation import CLEAN_TIMESTEP, distil
from hsidiff.features.feature_profile import FeatureProfile
from hsidiff.features.pretraining import crops_of, pretrain
from hsidiff.labels.label_map import LabelMap
from hsidiff.networks.counting import cost_of
from hsidiff.networks.spectral_unet import SpectralUNet
from hsidiff.patch_head_classifier import HEADS, PatchHeadClassifier
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.linear_head import columns_of
from hsidiff.training.loop import pick_device, seeded
from hsidiff.training.weights import load_weights, weights
from hsidiff.windows.gather import gather_patches
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import PrincipalComponents, scene_moments
from hsidiff.windows.tiles import read_with_halo

_COUNTED_PX = 64
"""Side of the tile whose features are counted."""


@dataclass(repr=False, eq=False)
class FeatureClassifier(PatchHeadClassifier):
    """The steps from a scene and labels to a head. ``None`` leaves a setting to the profile.

    A subclass gives ``profiles`` and the transformer.

    Attributes:
        timesteps, layers, extraction, n_components, head: see :class:`FeatureProfile`.
        head_epochs: passes of the transformer over the training labels.
        features_: the learned denoiser and how its features are taken.
        projections_: their principal components, of each timestep and layer.
    """

    timesteps: tuple[int, ...] | None = None
    layers: tuple[int, ...] | None = None
    extraction: str | None = None
    n_components: int | None = None
    head: str | None = None
    head_epochs: int | None = None

    features_: DenoiserFeatures = field(init=False)
    projections_: tuple[PrincipalComponents, ...] = field(init=False)

    def settings(self) -> FeatureProfile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range.
        """
        own = ("timesteps", "layers", "extraction", "n_components", "head", "head_epochs")
        profile: FeatureProfile = self._profile_with(own)
        for name in ("timesteps", "layers"):
            check_whole_numbers(name, getattr(profile, name))
        profile.denoising.schedule.check(profile.timesteps)
        profile.unet.check_layers(profile.layers)
        if check_choice("extraction", profile.extraction, EXTRACTIONS) == "distilled":
            if self.timesteps is not None:
                raise SettingError(
                    f"timesteps={self.timesteps}, extraction='distilled': a distilled extractor "
                    "gives all timesteps at once; leave timesteps out"
                )
            profile = replace(profile, timesteps=(CLEAN_TIMESTEP,))
        check_choice("head", profile.head, HEADS)
        check_whole_number("n_components", profile.n_components, 1)
        check_whole_number("head_epochs", profile.head_epochs, 1)
        return profile

    @property
    def context_px(self) -> int:
        """The context of the features, and half the patch of the transformer."""
        profile = self.settings()
        return profile.features_halo_px + profile.patch_px // 2

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of scaling, features, components and head."""
        profile = self.settings()
        n_seen, layers = profile.denoising.n_seen(n_bands), tuple(profile.layers)
        widths: list[int] = []

        def take_features(denoiser: SpectralUNet) -> None:
            x_t, t = torch.empty(1, n_seen, _COUNTED_PX, _COUNTED_PX), torch.empty(1)
            for _ in profile.timesteps:
                for _ in range(N_DRAWS if profile.extraction == "mean" else 1):
                    taps = denoiser.taps(x_t, t, layers)
                widths.extend(tap.shape[1] for tap in taps)

        cost = cost_of(lambda: SpectralUNet(profile.unet), take_features, _COUNTED_PX**2)
        kept = tuple(min(profile.n_components, width) for width in widths)
        for n_values, n_outputs in ((n_bands, n_seen), *zip(widths, kept, strict=True)):
            cost += Cost.of_projection(n_values, n_outputs)
        return cost + self._cost_of_head(sum(kept) + n_seen + n_bands, kept, n_classes)

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        profile, region = self.settings(), self._seen_region(labels)
        pick_device(self.device)

        # 1. Learn the scene by denoising it.
        transform = profile.denoising.transform_of(scene_moments(scene, region))
        denoiser = self._learn_scene(scene, transform, region)
        # 2. Find the principal components of its features.
        self.features_ = self._features(profile, transform, denoiser)
        self.projections_ = self.features_.principal_components(
            scene, profile.n_components, whiten=profile.whiten, region=region
        )
        # 3. Gather them at the labelled pixels.
        samples = gather_patches(
            scene, labels, profile.patch_px, partial(self._read_values, scene), FEATURE_TILE_PX
        )
        # 4. Fit the head.
        self._fit_head(scene, samples, region)

    def _learn_scene(
        self, scene: Scene, transform: SpectralTransform, region: np.ndarray | None
    ) -> SpectralUNet:
        """A denoiser of the scene, or an extractor that it taught; in evaluation mode."""
        profile = self.settings()
        with seeded(self.random_state):
            denoiser = SpectralUNet(profile.unet)
        crops = crops_of(scene, transform, profile.denoising, region, self.random_state)
        self.pretraining_ = pretrain(
            denoiser, crops, profile.denoising, self.random_state, self.device
        )
        if profile.extraction != "distilled":
            return denoiser
        return distil(
            denoiser,
            tuple(profile.layers),
            crops,
            profile.denoising,
            profile.distillation,
            self.random_state,
            self.device,
        ).extractor

    def _features(
        self, profile: FeatureProfile, transform: SpectralTransform, denoiser: SpectralUNet
    ) -> DenoiserFeatures:
        return DenoiserFeatures(
            transform=transform,
            denoiser=denoiser,
            schedule=profile.denoising.schedule,
            target=profile.denoising.target,
            timesteps=tuple(profile.timesteps),
            layers=tuple(profile.layers),
            extraction=profile.extraction,
            bfloat16=profile.bfloat16,
            limit=profile.denoising.limit,
            halo_px=profile.features_halo_px,
            seed=self.random_state,
            device=self.device,
        )

    def _read_values(self, scene: Scene, window: Window, margin: int) -> np.ndarray:
        """What the head sees in a window and ``margin`` pixels around it."""
        window = window.grown(margin)
        return self._values(read_with_halo(scene, window, self.features_.halo_px), window)

    def _values(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """What the head sees of a window, (rows, cols, n_values); ``cube`` has the features' halo.

        These are components; for the linear head what the denoiser saw and the spectrum, too.
        """
        # A model that was fitted on another machine may be given another device.
        features = replace(self.features_, device=self.device)
        spectra = self.settings().head != "transformer"
        return features.projected(cube, window, self.projections_, with_spectra=spectra)

    def _n_components(self) -> tuple[int, ...]:
        """Components of each timestep and layer."""
        return tuple(projection.n_components for projection in self.projections_)

    def _feature_widths(self) -> Mapping[str, int]:
        """The features by kind, in the order in which they are stacked, and how many values each.

        The linear head has experts on each kind. Here all features are one.
        """
        return {"features": sum(self._n_components())}

    def _parts(self) -> Mapping[str, slice]:
        """Which of the values are of one kind, for the linear head."""
        return columns_of(
            {
                **self._feature_widths(),
                "denoiser input": self.features_.transform.n_outputs,
                "spectrum": self.n_bands_,
            }
        )

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        values = self._values(cube, window.grown(self.settings().patch_px // 2))
        return self._predict_head(values)

    def reconstruct(
        self,
        scene: Scene,
        window: Window | None = None,
        start: int = 400,
        keep: tuple[int, ...] = (400, 300, 200, 100, 50, 0),
    ) -> Mapping[int, np.ndarray]:
        """Add noise to a scene and remove it step by step (SpectralDiff, Figs. 9 to 11).

        Args:
            scene: a scene with the bands that the classifier was fitted on.
            window: the part to reconstruct; None takes the whole scene.
            start: timestep of the noisy scene.
            keep: timesteps to return, 0 for the reconstruction; those above ``start`` are left out.

        Returns:
            Each timestep of ``keep`` up to ``start`` to (rows, cols, n_bands) float32, in the
            scene's units; NaN where the scene is invalid.

        Raises:
            ModelError: if the scene has other bands.
            SettingError: if a timestep is out of range, or a distilled extractor was kept in place
                of the denoiser.
        """
        self.check_scene(scene)
        if self.features_.extraction == "distilled":
            raise SettingError(
                "extraction='distilled': such a model keeps no denoiser to reconstruct with; fit "
                "one with another extraction"
            )
        features = replace(self.features_, device=self.device)
        return features.reconstruct(scene, window or Window.whole(scene.shape), start, keep)

    def _get_learned(self) -> Learned:
        arrays = self.features_.transform.arrays("transform.")
        for i, projection in enumerate(self.projections_):
            arrays |= projection.arrays(f"projection.{i}.")
        arrays |= weights("denoiser.", self.features_.denoiser)
        head = self._learned_head()
        return Learned(arrays | head.arrays, self._pretraining_facts() | head.facts)

    def _set_learned(self, learned: Learned) -> None:
        profile, arrays = self.settings(), learned.arrays
        self._set_pretraining(learned.facts)
        transform = SpectralTransform.of("transform.", arrays)
        denoiser = SpectralUNet(profile.unet)
        load_weights(denoiser, "denoiser.", arrays)
        self.features_ = self._features(profile, transform, denoiser)
        self.projections_ = tuple(
            PrincipalComponents.of(f"projection.{i}.", arrays)
            for i in range(len(profile.timesteps) * len(profile.layers))
        )
        self._set_head(learned)
