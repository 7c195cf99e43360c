"""DiffCRN: a staged denoiser learns by denoising and contrast; chosen timesteps are fused.

Paper: Y. Zhu, L. Xu, "Spatial-Spectral Diffusion Contrastive Representation Network for
Hyperspectral Image Classification", IEEE TGRS (2025), arXiv 2502.19699.

What is special: the denoiser is no U-Net but four stages that attend to the pixels and to the bands
of a patch in turn; contrast joins the denoising loss; timesteps are chosen by spectral angle and by
the labels; each stage's features are added over these timesteps with learned weights.

| step                                   | shape (``fast``, Indian Pines)              |
|----------------------------------------|---------------------------------------------|
| scene, averaged to 32 values, whitened | rows x cols x 32                            |
| patches, every 4 pixels                | 1369 x 8 x 8 x 32                           |
| stages at the chosen timesteps         | per patch 5 timesteps x 4 stages x 64 x 8 x 8|
| added over timesteps (AWAM)            | per patch 4 stages x 64 x 8 x 8             |
| middles of the patches                 | rows x cols x 256                           |
| class scores                           | 16                                          |

Profiles: ``paper`` is our design of the paper's system at full size; ``fast`` is for a laptop.

None of the paper's equations and no code could be had. What follows is built from its abstract, the
captions of its figures and summaries by others, and is no reproduction. Part by part, what is left
open, and our choice:

* Scaling, patches: bands are scaled to -1..1; patches are 16 x 16, cut every 8 pixels, and the
  middle 8 x 8 are classified. ``patch_px`` and ``stride_px`` take any other size.
* Denoiser (:mod:`hsidiff.networks.staged_denoiser`): spatial and spectral stages alternate. T =
  1000, linear, the noise is predicted.
* LAE (:mod:`hsidiff.diffusion.objectives`): mean of log(1 + |error|). Others can be named.
* Contrast (:mod:`hsidiff.features.contrastive_pretraining`): NT-Xent between the crops of a batch
  and between clusters of them, as many as ``n_clusters`` guesses, since no label is seen. Crops
  whose mean spectra differ by less than 0.03 rad are never pushed apart. ``contrastive=False`` sets
  both weights to 0 and leaves the views as they are, so it switches off the contrast alone.
* Choice of timesteps (:mod:`hsidiff.features.timestep_angles`): the spectral angle between pixels
  and their one-step reconstruction is a coordinate: candidates lie at equal steps of it. Angles are
  taken in the scene's units; whitened inputs are brought back first, where the averaging of bands
  leaves the smallest such spectrum. A straight-through choice of the candidates learns on the
  training labels with a small classifier, and is then frozen. Without evidence it is evenly spread.
* AWAM and CTSSFM (:mod:`hsidiff.networks.timestep_fusion`): AWAM learns with that small classifier;
  under the head "ctssfm" it goes on learning with CTSSFM. ``fusion="mean"`` replaces it.
* Features are taken with one draw of noise that belongs to the pixel (``extraction="noisy"``).

``fast`` keeps every part and shrinks it: 32 whitened averages of bands and the target v, patches of
8 x 8, the clean scene in place of a noisy one, and a linear head chosen by cross-validation inside
the training labels in place of CTSSFM, which overfits few labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np
import torch

from hsidiff.about import About, Cost
from hsidiff.denoising_classifier import DenoisingClassifier
from hsidiff.errors import SettingError, check_whole_number
from hsidiff.features.contrastive_pretraining import PhysicalSpectra, pretrain_with_contrast
from hsidiff.features.fusion_head import TimestepChoice, choose_timesteps, fit_fusion_head
from hsidiff.features.pretraining import Denoising, crops_of
from hsidiff.features.stage_features import LabelledPatches, StageFeatures
from hsidiff.features.stage_profile import StageProfile
from hsidiff.features.timestep_angles import (
    equally_spaced,
    probed_timesteps,
    reconstruction_angles,
)
from hsidiff.labels.label_map import LabelMap
from hsidiff.networks.stage_cost import cost_of_addition, cost_of_fusion, cost_of_stages
from hsidiff.networks.staged_denoiser import StagedDenoiser, StagesShape
from hsidiff.networks.timestep_fusion import CrossTimestepFusion
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.linear_head import LinearHead, columns_of
from hsidiff.training.loop import Recipe, pick_device, seeded
from hsidiff.training.weights import load_weights, weights
from hsidiff.windows.crops import CropPool
from hsidiff.windows.gather import gather_patches
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import PrincipalComponents, scene_moments
from hsidiff.windows.tiles import read_with_halo

N_ANGLE_CROPS = 64
"""Crops whose pixels' spectral angles are averaged."""
READ_SIZE_PX = 16
"""Features at labels are computed in windows of this size at most, so that few are in vain."""

PROFILES = {
    "paper": StageProfile(
        denoising=Denoising(
            recipe=Recipe(n_steps=30_000, learning_rate=1e-4),
            n_timesteps=1000,
            loss="lae",
            crops="random",
            batch_size=64,
        ),
        shape=StagesShape(),
        fixed_timesteps=(10, 50, 100, 200, 400),
        extraction="noisy",
        head="ctssfm",
    ),
    "fast": StageProfile(
        denoising=Denoising(
            space="whitened",
            target="v",
            loss="lae",
            noise_timesteps=tuple(range(1, 401)),
            crops="random",
            batch_size=16,
            recipe=Recipe(
                n_steps=225,
                learning_rate=2e-3,
                rate="cosine",
                max_gradient_norm=1.0,
                ema_decay=0.99,
                bfloat16=True,
                n_threads=1,
            ),
        ),
        shape=StagesShape(width=64, patch_px=8, time_width=128),
        fixed_timesteps=(50, 125, 200, 275, 350),
        extraction="clean",
        head="linear",
    ),
}


@dataclass(repr=False, eq=False)
class DiffCRN(DenoisingClassifier):
    """DiffCRN under the common contract. ``None`` leaves a setting to the profile.

    Attributes:
        loss: a key of :data:`hsidiff.diffusion.objectives.LOSSES`.
        stages: kinds of the denoiser's stages, "spatial" or "spectral".
        patch_px: side of the patches.
        contrastive, timesteps, n_selected, fusion, extraction, head, n_components, stride_px,
            head_epochs: see :class:`hsidiff.features.stage_profile.StageProfile`.
        features_: the learned denoiser, the chosen timesteps, and how their features are added.
        choice_: these timesteps, and what they were chosen from.
        projections_: principal components of each stage; none under the head "ctssfm".
        head_: the learned head.
    """

    name: ClassVar[str] = "diffcrn"
    about: ClassVar[About] = About("method", "Zhu and Xu, IEEE TGRS", 2025)
    profiles: ClassVar[dict[str, StageProfile]] = PROFILES

    loss: str | None = None
    contrastive: bool | None = None
    stages: tuple[str, ...] | None = None
    patch_px: int | None = None
    stride_px: int | None = None
    timesteps: str | tuple[int, ...] | None = None
    n_selected: int | None = None
    fusion: str | None = None
    extraction: str | None = None
    head: str | None = None
    n_components: int | None = None
    head_epochs: int | None = None

    features_: StageFeatures = field(init=False)
    choice_: TimestepChoice = field(init=False)
    projections_: tuple[PrincipalComponents, ...] = field(init=False)
    head_: LinearHead | CrossTimestepFusion = field(init=False)

    def settings(self) -> StageProfile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range.
        """
        own = ("contrastive", "stride_px", "timesteps", "n_selected", "fusion", "extraction")
        profile: StageProfile = self._profile_with((*own, "head", "n_components", "head_epochs"))
        shape, denoising = profile.shape, profile.denoising
        patch_px = shape.patch_px if self.patch_px is None else self.patch_px
        for name, size in (("patch_px", patch_px), ("stride_px", profile.stride_px)):
            if size is not None:
                check_whole_number(name, size, 1)
        stages = shape.stages if self.stages is None else _kinds(self.stages)
        loss = denoising.loss if self.loss is None else self.loss
        profile = replace(
            profile,
            denoising=replace(denoising, crop_px=patch_px, loss=loss),
            shape=replace(shape, patch_px=patch_px, stages=stages),
        )
        profile.check()
        return profile

    @property
    def context_px(self) -> int:
        """How far a pixel's patch reaches."""
        return self.settings().grid.halo_px

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        profile, region = self.settings(), self._seen_region(labels)
        pick_device(self.device)

        # 1. Learn the scene by denoising crops of it and telling them apart.
        moments = scene_moments(scene, region)
        transform = profile.denoising.transform_of(moments)
        physical = PhysicalSpectra.of(transform, moments.min_)
        crops = crops_of(scene, transform, profile.denoising, region, self.random_state)
        denoiser = self._learn_scene(profile, crops, physical)
        # 2. Find candidate timesteps at equal steps of spectral angle.
        candidates, angles = self._candidates(profile, denoiser, crops, physical)
        # 3. Choose among them, and learn how to add their features, on the training labels.
        features = self._features(profile, transform, denoiser, candidates)
        labelled = features.gather(scene, labels)
        self.features_, self.choice_ = choose_timesteps(
            features, labelled, angles, profile.n_chosen, profile.probe
        )
        # 4. Fit the head.
        if profile.head == "linear":
            self.projections_ = self.features_.principal_components(
                scene, profile.n_components, whiten=False, region=region
            )
            read = partial(self._read_values, scene)
            samples = gather_patches(scene, labels, 1, read, READ_SIZE_PX)
            self.head_ = self._fit_linear_head(scene, samples, self._parts(), region)
        else:
            self.projections_ = ()
            self.head_ = self._fit_fusion(profile, labelled)

    def _learn_scene(
        self, profile: StageProfile, crops: CropPool, physical: PhysicalSpectra
    ) -> StagedDenoiser:
        """A denoiser of the scene, in evaluation mode."""
        contrast = profile.contrast
        if not profile.contrastive:
            contrast = replace(contrast, weight=0.0, cluster_weight=0.0)
        seed, device = self.random_state, self.device
        with seeded(seed):
            denoiser = StagedDenoiser(profile.shape, crops.values.shape[1])
            self.pretraining_ = pretrain_with_contrast(
                denoiser, crops, profile.denoising, contrast, physical, seed, device
            )
        return denoiser

    def _candidates(
        self,
        profile: StageProfile,
        denoiser: StagedDenoiser,
        crops: CropPool,
        physical: PhysicalSpectra,
    ) -> tuple[tuple[int, ...], np.ndarray]:
        """Candidate timesteps, and the spectral angle of the reconstruction from each."""
        seed, denoising = self.random_state, profile.denoising
        sample = crops.sample(N_ANGLE_CROPS, torch.Generator().manual_seed(int(seed)))
        probed = probed_timesteps(denoising.schedule, profile.last_timestep)
        denoiser.to(pick_device(self.device))
        angles = reconstruction_angles(denoiser, denoising, physical, sample, probed, seed)
        if profile.given_timesteps is not None:
            return profile.given_timesteps, np.interp(profile.given_timesteps, probed, angles)
        found, angles = equally_spaced(probed, angles, profile.n_candidates, profile.cap_quantile)
        return tuple(found.tolist()), angles

    def _features(
        self,
        profile: StageProfile,
        transform: SpectralTransform,
        denoiser: StagedDenoiser,
        timesteps: tuple[int, ...],
    ) -> StageFeatures:
        with seeded(self.random_state):
            addition = profile.new_addition(len(timesteps))
        return StageFeatures(
            transform=transform,
            denoiser=denoiser,
            schedule=profile.denoising.schedule,
            target=profile.denoising.target,
            timesteps=timesteps,
            layers=tuple(range(profile.shape.n_stages)),
            extraction=profile.extraction,
            bfloat16=False,
            limit=profile.denoising.limit,
            halo_px=profile.grid.halo_px,
            seed=self.random_state,
            device=self.device,
            grid=profile.grid,
            addition=addition,
        )

    def _fit_fusion(self, profile: StageProfile, labelled: LabelledPatches) -> CrossTimestepFusion:
        with seeded(self.random_state):
            head = profile.new_fusion(self.features_.addition, len(self.classes_))
            recipe, epochs = profile.head_recipe, profile.head_epochs
            fit_fusion_head(head, self.features_, labelled, recipe, profile.head_batch_size, epochs)
        return head

    def _read_values(self, scene: Scene, window: Window, margin: int) -> np.ndarray:
        """What the linear head sees in a window and ``margin`` pixels around it."""
        window = window.grown(margin)
        return self._values(read_with_halo(scene, window, self.features_.halo_px), window)

    def _values(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """What the linear head sees of a window, (rows, cols, n_values)."""
        # A model that was fitted on another machine may be given another device.
        features = replace(self.features_, device=self.device)
        return features.projected(cube, window, self.projections_, with_spectra=True)

    def _parts(self) -> Mapping[str, slice]:
        """Which of the values are of one kind, for the linear head."""
        return columns_of(
            {
                "features": sum(projection.n_components for projection in self.projections_),
                "denoiser input": self.features_.transform.n_outputs,
                "spectrum": self.n_bands_,
            }
        )

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        if isinstance(self.head_, LinearHead):
            return self.head_.predict_proba(self._values(cube, window))
        features = replace(self.features_, device=self.device)
        device = pick_device(self.device)
        head, middle = self.head_.to(device), features.grid.middle().to(device)
        return features.by_patch(
            cube, window, lambda found: head(found, middle.expand(len(found), -1)).softmax(dim=-1)
        )

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of scaling, stages, addition, components and head."""
        profile = self.settings()
        shape, n_seen = profile.shape, profile.denoising.n_seen(n_bands)
        n_kept = profile.grid.stride_px**2
        with torch.device("meta"):  # shapes without values: nothing is drawn
            addition = profile.new_addition(profile.n_chosen)
            head = profile.new_fusion(addition, n_classes)
        cost = Cost.of_projection(n_bands, n_seen)
        cost += cost_of_stages(shape, n_seen, profile.n_chosen, n_kept)
        if profile.head == "ctssfm":
            return cost + cost_of_fusion(head, shape.patch_px, n_kept)
        cost += cost_of_addition(addition, shape.patch_px, n_kept)
        n_components = shape.n_stages * min(profile.n_components, shape.width)
        cost += Cost.of_projection(shape.width, n_components)
        return cost + Cost.of_linear_scores(n_components + n_seen + n_bands, n_classes)

    def _get_learned(self) -> Learned:
        facts = self._pretraining_facts() | vars(self.choice_)
        arrays = self.features_.transform.arrays("transform.")
        for i, projection in enumerate(self.projections_):
            arrays |= projection.arrays(f"projection.{i}.")
        arrays |= weights("denoiser.", self.features_.denoiser)
        arrays |= weights("addition.", self.features_.addition)
        if isinstance(self.head_, LinearHead):
            return Learned(arrays | self.head_.arrays(), facts | self.head_.facts())
        return Learned(arrays | weights("head.", self.head_), facts)

    def _set_learned(self, learned: Learned) -> None:
        profile, arrays = self.settings(), learned.arrays
        self._set_pretraining(learned.facts)
        transform = SpectralTransform.of("transform.", arrays)
        denoiser = StagedDenoiser(profile.shape, transform.n_outputs)
        load_weights(denoiser, "denoiser.", arrays)
        self.choice_ = TimestepChoice.of(learned.facts)
        timesteps = tuple(self.choice_.timesteps)
        self.features_ = self._features(profile, transform, denoiser, timesteps)
        load_weights(self.features_.addition, "addition.", arrays)
        if profile.head == "ctssfm":
            self.projections_ = ()
            self.head_ = profile.new_fusion(self.features_.addition, len(self.classes_))
            load_weights(self.head_, "head.", arrays)
            return
        self.head_ = LinearHead.of(arrays, learned.facts)
        self.projections_ = tuple(
            PrincipalComponents.of(f"projection.{i}.", arrays)
            for i in range(profile.shape.n_stages)
        )


def _kinds(stages: object) -> tuple[str, ...]:
    """Kinds of stages as a tuple of words.

    Raises:
        SettingError: if they are not.
    """
    if not isinstance(stages, tuple | list) or not all(isinstance(kind, str) for kind in stages):
        raise SettingError(f"stages={stages!r}: must be a tuple of 'spatial' and 'spectral'")
    return tuple(stages)
