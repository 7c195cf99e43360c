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
  middle 8 x 8 are classified. ``patch_px`` takes any other size.
* Denoiser (:mod:`.staged_denoiser`): spectral and spatial stages alternate; a spectral one comes
  first, so that its groups are of neighbouring bands. T = 1000, linear, the noise is predicted.
* LAE (:mod:`hsidiff.diffusion.objectives`): mean of log(1 + |error|). Others can be named.
* Contrast (:mod:`.contrastive_pretraining`): NT-Xent between the crops of a batch and between
  clusters of them, as many as ``n_clusters`` guesses, since no label is seen. Crops whose mean
  spectra differ by less than 0.03 rad are never pushed apart. ``contrastive=False`` sets both
  weights to 0 and leaves the views as they are, so it switches off the contrast alone.
* Choice of timesteps (:mod:`.reconstruction_angles`): the spectral angle between each pixel and its
  one-step reconstruction is a coordinate: candidates lie at equal steps of it, over all timesteps
  that are learned. Angles are taken in the scene's units; whitened inputs are brought back first,
  where the averaging of bands leaves the smallest such spectrum. A straight-through choice of the
  candidates (:mod:`.timestep_probe`) learns on half of the training labels with a small classifier.
  It is taken if it predicts held-out groups of that half better than evenly spread candidates
  (:mod:`.timestep_choice`); what the head holds out is of the other half.
* AWAM and CTSSFM (:mod:`.timestep_fusion`): AWAM learns with that small classifier, and is taken on
  the same condition in place of equal weights; under the head "ctssfm" it goes on learning with
  CTSSFM. ``fusion="mean"`` replaces it.
* Features are taken with one draw of noise that belongs to the pixel (``extraction="noisy"``).

``fast`` keeps every part and shrinks it: 32 whitened averages of bands and the target v, patches of
8 x 8, the clean scene in place of a noisy one, and in place of CTSSFM, which overfits few labels,
experts on the stages, spectra and means around the pixel, weighed inside the training labels.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import ClassVar

from hsidiff.about import About
from hsidiff.errors import SettingError, check_choice
from hsidiff.heads.head import Head
from hsidiff.heads.linear_head import LinearHead
from hsidiff.heads.weighed_head import WeighedHead
from hsidiff.methods.diffcrn.fusion_head import FusionHead
from hsidiff.methods.diffcrn.stage_values import StageValues
from hsidiff.methods.diffcrn.staged_denoiser import StagesShape
from hsidiff.methods.diffcrn.stages import Stages
from hsidiff.methods.fast_denoiser import FAST_DENOISING
from hsidiff.training.loop import Recipe
from hsidiff.two_step import TwoStepClassifier, given
from hsidiff.values.pretraining import Denoising
from hsidiff.values.surroundings import Surroundings
from hsidiff.values.values import Values

PAPER_STAGES = Stages(
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
)
FAST_STAGES = Stages(
    denoising=replace(
        FAST_DENOISING,
        loss="lae",
        noise_timesteps=tuple(range(1, 401)),
        batch_size=16,
        recipe=replace(FAST_DENOISING.recipe, n_steps=225),
    ),
    shape=StagesShape(width=64, patch_px=8, time_width=128),
    fixed_timesteps=(50, 125, 200, 275, 350),
    extraction="clean",
)
FUSION_RECIPE = Recipe(n_steps=1, learning_rate=1e-3, weight_decay=1e-2, rate="cosine")
PROFILES: Mapping[str, tuple[Stages, str]] = {
    "paper": (PAPER_STAGES, "ctssfm"),
    "fast": (FAST_STAGES, "weighed"),
}
"""What is learned of the scene, and the head that is taken if nothing is said."""


@dataclass(repr=False, eq=False)
class DiffCRN(TwoStepClassifier):
    """DiffCRN under the common contract. ``None`` leaves a setting to the profile.

    Attributes:
        profile: "paper" or "fast".
        pretrain_steps, budget: as of SpectralDiff.
        loss: what a wrong prediction costs, a key of :data:`hsidiff.diffusion.objectives.LOSSES`;
            the paper's is "lae".
        stages: kinds of the denoiser's stages, "spatial" or "spectral".
        patch_px: side of the denoiser's patches, in pixels.
        contrastive, timesteps, fusion, extraction: see
            :class:`hsidiff.methods.diffcrn.stages.Stages`.
        head: "ctssfm" (the paper's), "linear" or "weighed".
        n_components: principal components of each stage that the linear head sees.
        head_epochs: passes of CTSSFM over the training labels.
    """

    profile: str = "fast"
    pretrain_steps: int | None = None
    budget: str | None = None
    loss: str | None = None
    contrastive: bool | None = None
    stages: tuple[str, ...] | None = None
    patch_px: int | None = None
    timesteps: str | tuple[int, ...] | None = None
    fusion: str | None = None
    extraction: str | None = None
    head: str | None = None
    n_components: int | None = None
    head_epochs: int | None = None

    name: ClassVar[str] = "diffcrn"
    about: ClassVar[About] = About("method", "Zhu and Xu, IEEE TGRS", 2025)
    profiles: ClassVar[Mapping[str, tuple[Stages, str]]] = PROFILES

    def _parts(self) -> tuple[Values, Head]:
        profile, head = PROFILES[check_choice("profile", self.profile, PROFILES)]
        stages = deepcopy(self._stages(profile))
        values = StageValues(stages=stages, **given(n_components=self.n_components))
        values.check()  # whichever head is taken
        fusion = FusionHead(stages=stages, recipe=FUSION_RECIPE)
        parts: dict[str, tuple[Values, Head]] = {
            "weighed": (Surroundings(values=values), WeighedHead()),
            "linear": (values, LinearHead()),
            "ctssfm": (stages, fusion.with_epochs(self.head_epochs)),
        }
        return parts[check_choice("head", head if self.head is None else self.head, parts)]

    def _stages(self, profile: Stages) -> Stages:
        """The profile's, with this classifier's own settings in their places."""
        if self.stages is not None and not (
            isinstance(self.stages, tuple | list) and all(isinstance(s, str) for s in self.stages)
        ):
            raise SettingError(
                f"stages={self.stages!r}: must be a tuple of 'spatial' and 'spectral'"
            )
        kinds = given(stages=None if self.stages is None else tuple(self.stages))
        shape = replace(profile.shape, **kinds, **given(patch_px=self.patch_px))
        denoising = profile.denoising.with_length(self.pretrain_steps, self.budget)
        return replace(
            profile,
            shape=shape,
            denoising=replace(denoising, crop_px=shape.patch_px, **given(loss=self.loss)),
            **given(
                contrastive=self.contrastive,
                timesteps=self.timesteps,
                fusion=self.fusion,
                extraction=self.extraction,
            ),
        )
