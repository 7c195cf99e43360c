"""What a profile of a method fixes that classifies features of a staged denoiser."""

import copy
from dataclasses import dataclass
from numbers import Integral
from typing import Literal

from hsidiff.diffusion.objectives import LOSSES
from hsidiff.errors import SettingError, check_choice, check_whole_number
from hsidiff.features.contrastive_pretraining import Contrast
from hsidiff.features.pretraining import Denoising
from hsidiff.features.stage_features import PatchGrid
from hsidiff.networks.staged_denoiser import StagesShape
from hsidiff.networks.timestep_fusion import AdaptiveAddition, CrossTimestepFusion, Fusion
from hsidiff.training.loop import Recipe
from hsidiff.training.timestep_probe import ProbeRecipe

CONTRAST, PROBE = Contrast(), ProbeRecipe()
HEAD = Recipe(n_steps=1, learning_rate=1e-3, weight_decay=1e-2, rate="cosine")


@dataclass(frozen=True, kw_only=True)
class StageProfile:
    """What a profile fixes. Settings of a classifier with the same name replace it.

    Attributes:
        denoising: how the scene is learned; ``noise_timesteps`` bounds what is chosen, too.
        contrast: how crops are told apart meanwhile.
        contrastive: whether they are.
        shape: of the denoiser.
        stride_px: from one patch to the next; None takes half the patch, or a little less.
        timesteps: "auto" chooses them, "fixed" takes ``fixed_timesteps``; or a tuple of them.
        fixed_timesteps: see ``timesteps``.
        n_candidates: how many timesteps can be chosen from.
        cap_quantile: see :func:`hsidiff.features.timestep_angles.equally_spaced`.
        n_selected: K, how many are chosen.
        fusion: features of the timesteps are added with learned weights ("adaptive") or equal ones
            ("mean").
        probe: how choice and weights are learned.
        extraction: the denoiser sees one draw of noise ("noisy") or none ("clean").
        head: "ctssfm" (the paper's) or "linear".
        n_components: principal components of each stage that the linear head sees.
        head_recipe: how CTSSFM is trained; its steps follow from the epochs.
        head_width: channels inside it.
        head_batch_size: patches per step.
        head_epochs: passes over the training labels.
    """

    denoising: Denoising
    shape: StagesShape
    timesteps: str | tuple[int, ...] = "auto"
    fixed_timesteps: tuple[int, ...]
    extraction: Literal["noisy", "clean"]
    head: Literal["ctssfm", "linear"]
    contrast: Contrast = CONTRAST
    contrastive: bool = True
    stride_px: int | None = None
    n_candidates: int = 10
    cap_quantile: float = 0.6
    n_selected: int = 5
    fusion: Fusion = "adaptive"
    probe: ProbeRecipe = PROBE
    n_components: int = 32
    head_recipe: Recipe = HEAD
    head_width: int = 128
    head_batch_size: int = 64
    head_epochs: int = 100

    @property
    def grid(self) -> PatchGrid:
        """Where the patches lie."""
        side = self.shape.patch_px
        half = side // 2 - (side - side // 2) % 2
        return PatchGrid(side, self.stride_px or (half if half > 0 else side))

    @property
    def last_timestep(self) -> int:
        """The last timestep that is learned, and can be chosen."""
        return max(self.denoising.noise_timesteps or (self.denoising.n_timesteps,))

    @property
    def given_timesteps(self) -> tuple[int, ...] | None:
        """The timesteps to use; None if they are to be chosen."""
        if isinstance(self.timesteps, str):
            return self.fixed_timesteps if self.timesteps == "fixed" else None
        return tuple(map(int, self.timesteps))

    @property
    def n_chosen(self) -> int:
        """How many timesteps are used."""
        given = self.given_timesteps
        return self.n_selected if given is None else len(given)

    def new_addition(self, n_timesteps: int) -> AdaptiveAddition:
        """AWAM, nothing learned yet."""
        shape = self.shape
        return AdaptiveAddition(n_timesteps, shape.n_stages, shape.width, self.fusion)

    def new_fusion(self, addition: AdaptiveAddition, n_classes: int) -> CrossTimestepFusion:
        """CTSSFM, nothing learned yet but a copy of AWAM."""
        return CrossTimestepFusion(copy.deepcopy(addition), n_classes, self.head_width)

    def check(self) -> None:
        """Refuse what cannot be computed.

        Raises:
            SettingError: naming the setting.
        """
        for name in ("n_selected", "n_components", "head_epochs"):
            check_whole_number(name, getattr(self, name), 1)
        if not isinstance(self.contrastive, bool):
            raise SettingError(f"contrastive={self.contrastive!r}: expected True or False")
        check_choice("loss", self.denoising.loss, LOSSES)
        check_choice("fusion", self.fusion, ("adaptive", "mean"))
        check_choice("extraction", self.extraction, ("noisy", "clean"))
        check_choice("head", self.head, ("ctssfm", "linear"))
        self.shape.check()
        self.grid.check()
        if isinstance(self.timesteps, str):
            check_choice("timesteps", self.timesteps, ("auto", "fixed"))
        else:
            given = self.timesteps
            if not isinstance(given, tuple | list) or not all(
                isinstance(t, Integral) for t in given
            ):
                raise SettingError(
                    f"timesteps={given!r}: must be auto, fixed, or a tuple of whole numbers"
                )
            self.denoising.schedule.check(self.timesteps)
            if max(self.timesteps) > self.last_timestep:
                raise SettingError(
                    f"timesteps={tuple(self.timesteps)}: the denoiser learns timesteps up to "
                    f"{self.last_timestep}; choose among those"
                )
        if self.n_selected > self.n_candidates:
            raise SettingError(
                f"n_selected={self.n_selected}: there are {self.n_candidates} candidates; choose "
                "at most as many"
            )
