"""DiffCRN's staged denoiser of a scene, its timesteps, and how its stages are added over them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hsidiff.about import Cost
from hsidiff.diffusion.objectives import LOSSES
from hsidiff.errors import SettingError, check_choice, check_whole_number, check_whole_numbers
from hsidiff.heads.held_out import folds_of
from hsidiff.kinds import DENOISER_INPUT, Kinds
from hsidiff.labels.ground import held_out_units
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.diffcrn.contrastive_pretraining import (
    Contrast,
    PhysicalSpectra,
    pretrain_with_contrast,
)
from hsidiff.methods.diffcrn.patches import (
    LabelledPatches,
    Patches,
    PatchGrid,
    joined_middles,
    patches_at,
    patches_over,
)
from hsidiff.methods.diffcrn.reconstruction_angles import (
    at_equal_steps_of_angle,
    at_equal_steps_of_t,
    probed_timesteps,
    reconstruction_angles,
)
from hsidiff.methods.diffcrn.stage_features import PATCHES_AT_ONCE, StageFeatures
from hsidiff.methods.diffcrn.staged_denoiser import StagedDenoiser, StagesShape
from hsidiff.methods.diffcrn.timestep_choice import TimestepChoice, learn_fusion
from hsidiff.methods.diffcrn.timestep_fusion import AdaptiveAddition, Fusion
from hsidiff.methods.diffcrn.timestep_probe import ProbedFeatures, ProbeRecipe
from hsidiff.networks.counting import cost_of
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import pick_device, seeded
from hsidiff.training.weights import load_weights, weights
from hsidiff.values.denoiser_input import EXTRACTIONS, DenoiserInput
from hsidiff.values.pretraining import Denoising, crops_of
from hsidiff.values.values import Values
from hsidiff.values.way_back import way_back
from hsidiff.windows.crops import CropPool
from hsidiff.windows.gather import gather_patches
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from hsidiff.windows.tiles import read_with_halo

N_ANGLE_CROPS = 64
"""Crops whose pixels' spectral angles are averaged."""
CONTRAST, PROBE = Contrast(), ProbeRecipe()


@dataclass(kw_only=True, repr=False, eq=False)
class Stages(Values):
    """A staged denoiser, its timesteps, and how its stages are added over them.

    As values of a pixel this gives what the denoiser sees, for a head that goes on from there.

    Attributes:
        denoising: how the scene is learned; ``noise_timesteps`` bounds what is chosen, too.
        shape: of the denoiser.
        contrast: how crops are told apart meanwhile.
        contrastive: whether crops are told apart, beside being denoised.
        timesteps: "auto" chooses among candidates at equal steps of spectral angle, "even" among
            candidates at equal steps of t; "fixed" takes ``fixed_timesteps``; or a tuple of them.
        fixed_timesteps: see ``timesteps``.
        n_candidates: how many timesteps can be chosen from.
        n_selected: K, how many are chosen.
        fusion: features of the timesteps are added with learned weights ("adaptive") or equal ones
            ("mean").
        probe: how choice and weights are learned.
        extraction: the denoiser is shown one draw of noise ("noisy") or none ("clean").
        transform_: from spectra to what the denoiser sees.
        denoiser_: in evaluation mode.
        choice_: the timesteps, and what they were chosen from.
        addition_: AWAM of these timesteps, in evaluation mode.
        pretraining_: how the training went: the fields of :class:`hsidiff.training.pace.Trained`.
    """

    denoising: Denoising
    shape: StagesShape
    contrast: Contrast = CONTRAST
    contrastive: bool = True
    timesteps: str | tuple[int, ...] = "auto"
    fixed_timesteps: tuple[int, ...]
    n_candidates: int = 10
    n_selected: int = 5
    fusion: Fusion = "adaptive"
    probe: ProbeRecipe = PROBE
    extraction: str

    transform_: SpectralTransform = field(init=False)
    denoiser_: StagedDenoiser = field(init=False)
    choice_: TimestepChoice = field(init=False)
    addition_: AdaptiveAddition = field(init=False)
    pretraining_: dict[str, Any] = field(init=False, default_factory=dict)
    _candidates: tuple[tuple[int, ...], np.ndarray] = field(init=False)
    _known: np.ndarray | None = field(init=False, default=None)

    def check(self) -> None:
        """Refuse settings that are out of range with a SettingError."""
        if not isinstance(self.contrastive, bool):
            raise SettingError(f"contrastive={self.contrastive!r}: expected True or False")
        check_choice("loss", self.denoising.loss, LOSSES)
        check_choice("fusion", self.fusion, ("adaptive", "mean"))
        check_choice("extraction", self.extraction, EXTRACTIONS)
        check_whole_number("patch_px", self.shape.patch_px, 1)
        self.shape.check()
        if isinstance(self.timesteps, str):
            check_choice("timesteps", self.timesteps, ("auto", "even", "fixed"))
            return
        check_whole_numbers("timesteps", self.timesteps)
        self.denoising.schedule.check(self.timesteps)
        if max(self.timesteps) > self.last_reconstructed:
            raise SettingError(
                f"timesteps={tuple(self.timesteps)}: the denoiser learns timesteps up to "
                f"{self.last_reconstructed}; choose among those"
            )

    @property
    def grid(self) -> PatchGrid:
        """Where the patches lie."""
        return PatchGrid.with_half_steps(self.shape.patch_px)

    @property
    def light(self) -> bool:
        """Not those of a network that sees all bands."""
        return self.denoising.space == "whitened"

    @property
    def n_timesteps(self) -> int:
        """How many timesteps are used."""
        given = self._given_timesteps
        return self.n_selected if given is None else len(given)

    @property
    def _given_timesteps(self) -> tuple[int, ...] | None:
        """The timesteps to use; None if they are to be chosen."""
        if isinstance(self.timesteps, str):
            return self.fixed_timesteps if self.timesteps == "fixed" else None
        return tuple(map(int, self.timesteps))

    @property
    def last_reconstructed(self) -> int:
        """The last timestep that is learned, hence that can be chosen."""
        return max(self.denoising.noise_timesteps or (self.denoising.n_timesteps,))

    def learn(self, scene: Scene, region: np.ndarray | None) -> None:
        """Learn the scene, then find candidate timesteps at equal steps of spectral angle."""
        moments = scene_moments(scene, region)
        self.transform_ = self.denoising.transform_of(moments)
        physical = PhysicalSpectra.from_transform(self.transform_, moments.min_)
        crops = crops_of(scene, self.transform_, self.denoising, region, self.random_state)
        contrast = self.contrast
        if not self.contrastive:
            contrast = replace(contrast, weight=0.0, cluster_weight=0.0)
        with seeded(self.random_state):
            self.denoiser_ = StagedDenoiser(self.shape, self.transform_.n_outputs)
            self.pretraining_ = pretrain_with_contrast(
                self.denoiser_,
                crops,
                self.denoising,
                contrast,
                physical,
                self.random_state,
                self.device,
            )
        self._candidates = self._find_candidates(crops, physical)

    def _find_candidates(
        self, crops: CropPool, physical: PhysicalSpectra
    ) -> tuple[tuple[int, ...], np.ndarray]:
        """Candidate timesteps, and the mean spectral angle of the reconstruction from each."""
        sample = crops.sample(N_ANGLE_CROPS, torch.Generator().manual_seed(self.random_state))
        probed = probed_timesteps(self.denoising.schedule, self.last_reconstructed)
        self.denoiser_.to(pick_device(self.device))
        angles = reconstruction_angles(
            self.denoiser_, self.denoising, physical, sample, probed, self.random_state
        )
        if self._given_timesteps is not None:
            candidates = np.array(self._given_timesteps)
        elif self.timesteps == "even":
            candidates = at_equal_steps_of_t(1, self.last_reconstructed, self.n_candidates)
        else:
            candidates = at_equal_steps_of_angle(probed, angles, self.n_candidates)
        of_candidates = np.interp(candidates, probed, angles.mean(axis=1))
        return tuple(candidates.tolist()), of_candidates

    def adapt(self, scene: Scene, labels: LabelMap, region: np.ndarray | None) -> None:
        """Choose among the candidates, and learn how to add their features, on training labels."""

        def inputs(window: Window, margin_px: int) -> np.ndarray:
            return self.transform_.apply(read_with_halo(scene, window, margin_px))

        samples = gather_patches(scene, labels, 2 * self.grid.halo_px + 1, inputs)
        classes = np.unique(samples.class_ids, return_inverse=True)[1]
        labelled = self.labelled_patches(samples.values, samples.rows, samples.cols, classes)
        candidates, angles = self._candidates
        at_pixel, pooled = self.features(candidates).at_labels(labelled)
        groups = held_out_units(labels, samples.rows, samples.cols)
        probed = ProbedFeatures(
            at_pixel, pooled, labelled.classes, groups, torch.from_numpy(angles.astype(np.float32))
        )
        # The head must be able to judge by labels that nothing was learned from: half is left.
        halves = folds_of(classes, groups, self.random_state, n_folds=2)
        half = halves[0][0] if halves else np.arange(0)
        fusion = learn_fusion(
            probed.part(half),
            self.n_timesteps,
            self.fusion,
            self.probe,
            self.random_state,
            self.device,
        )
        self.addition_ = fusion.addition
        learned_from = np.stack([samples.rows[half], samples.cols[half]], axis=1)
        self._known = learned_from if fusion.follows_labels else None
        self.choice_ = TimestepChoice.of(fusion, candidates, angles, pooled)

    def learned_from(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray | None:
        """The half of the labels that timesteps or their weights follow, if they follow any."""
        if self._known is None:
            return None
        known = set(map(tuple, self._known.tolist()))
        return np.array(
            [pixel in known for pixel in zip(rows.tolist(), cols.tolist(), strict=True)]
        )

    def labelled_patches(
        self, values: np.ndarray, rows: np.ndarray, cols: np.ndarray, classes: np.ndarray
    ) -> LabelledPatches:
        """The patch of each labelled pixel, see :func:`.patches.patches_at`."""
        labelled = patches_at(self.grid, values, rows, cols, classes)
        patches = Patches(self.denoising.cut(labelled.patches.x_0), labelled.patches.corners)
        return replace(labelled, patches=patches)

    def features(self, timesteps: tuple[int, ...] | None = None) -> StageFeatures:
        """What takes features of patches at some timesteps; None takes the chosen ones."""
        at = tuple(self.choice_.timesteps if timesteps is None else timesteps)
        self.denoiser_.to(pick_device(self.device))
        return StageFeatures(self.denoiser_, self.shape.n_stages, self.grid, self._shown, at)

    @property
    def _shown(self) -> DenoiserInput:
        return DenoiserInput(
            self.transform_, self.denoising, self.extraction, self.random_state, self.device
        )

    def reconstruct(
        self, scene: Scene, window: Window, start: int, keep: tuple[int, ...]
    ) -> Mapping[int, np.ndarray]:
        """See :func:`hsidiff.values.way_back.way_back`. At each step every patch gives its middle.

        Beyond the window, the values at its edge are repeated.
        """
        if start > self.last_reconstructed:
            raise SettingError(
                f"start={start}: the denoiser learns timesteps up to {self.last_reconstructed}; "
                "start there, or below"
            )
        self.denoiser_.to(pick_device(self.device))
        halo, middle = self.grid.halo_px, self.grid.middle()
        clean_of = partial(self.denoising.estimate_clean, self.denoiser_)

        def estimate_clean(x_t: Tensor, t: Tensor) -> Tensor:
            wide = functional.pad(x_t, (halo, halo, halo, halo), mode="replicate")
            patches, n_down, n_right = patches_over(self.grid, wide[0].permute(1, 2, 0), window)
            some = patches.x_0.split(PATCHES_AT_ONCE)
            parts = torch.cat([clean_of(x, t.expand(len(x))) for x in some])
            kept = parts.flatten(2)[..., middle.to(parts.device)].transpose(1, 2)
            joined = joined_middles(self.grid, kept.unflatten(0, (n_down, n_right)), window)
            return joined.permute(2, 0, 1)[None]

        return way_back(scene, window, start, keep, self._shown, estimate_clean)

    def of_window(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """What the denoiser sees of the pixels; NaN where invalid."""
        return self.transform_.apply(cube)

    def kinds(self, n_bands: int) -> Kinds:
        """One kind: the input."""
        return {DENOISER_INPUT: (self.denoising.n_seen(n_bands),)}

    def cost(self, n_bands: int) -> Cost:
        """That of scaling, and of the stages at all timesteps."""
        n_seen, side = self.denoising.n_seen(n_bands), self.shape.patch_px

        def take_features(denoiser: StagedDenoiser) -> None:
            for _ in range(self.n_timesteps):
                x_t = torch.empty(1, n_seen, side, side)
                denoiser.taps(x_t, torch.empty(1), tuple(range(self.shape.n_stages)))

        stages = cost_of(
            lambda: StagedDenoiser(self.shape, n_seen), take_features, self.grid.stride_px**2
        )
        return Cost.of_projection(n_bands, n_seen) + stages

    def new_addition(self, n_timesteps: int) -> AdaptiveAddition:
        """AWAM, nothing learned yet."""
        return AdaptiveAddition(n_timesteps, self.shape.n_stages, self.shape.width, self.fusion)

    def learned(self) -> Learned:
        """Scaling, denoiser and AWAM; how the training went, and what was chosen."""
        arrays = self.transform_.arrays("transform.")
        arrays |= weights("denoiser.", self.denoiser_) | weights("addition.", self.addition_)
        return Learned(arrays, {"pretraining": self.pretraining_, **vars(self.choice_)})

    def restore(self, learned: Learned) -> None:
        """Become the values that were stored."""
        self.pretraining_ = learned.facts["pretraining"]
        self.choice_ = TimestepChoice.from_facts(learned.facts)
        self.transform_ = SpectralTransform.from_arrays("transform.", learned.arrays)
        self.denoiser_ = StagedDenoiser(self.shape, self.transform_.n_outputs)
        load_weights(self.denoiser_, "denoiser.", learned.arrays)
        self.addition_ = self.new_addition(len(self.choice_.timesteps))
        load_weights(self.addition_, "addition.", learned.arrays)
