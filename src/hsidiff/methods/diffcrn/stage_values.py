"""What DiffCRN knows of a pixel: the stages of its denoiser, added over chosen timesteps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from hsidiff.about import Cost
from hsidiff.errors import check_whole_number
from hsidiff.kinds import FEATURES, SPECTRUM, Kinds
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.diffcrn.stages import Stages
from hsidiff.networks.counting import cost_of
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import pick_device
from hsidiff.values.components import principal_components
from hsidiff.values.values import Values
from hsidiff.windows.statistics import PrincipalComponents
from hsidiff.windows.tiles import without_margin


@dataclass(kw_only=True, repr=False, eq=False)
class StageValues(Values):
    """Components of the stages, added over the timesteps; what the denoiser sees; the spectrum.

    Attributes:
        stages: the denoiser and its timesteps.
        n_components: principal components that are kept of each stage.
        projections_: these, of each stage.
    """

    stages: Stages
    n_components: int = 32

    tile_px: ClassVar[int] = 16
    projections_: tuple[PrincipalComponents, ...] = field(init=False, default=())

    def check(self) -> None:
        """Refuse settings that are out of range with a SettingError."""
        super().check()
        check_whole_number("n_components", self.n_components, 1)

    @property
    def halo_px(self) -> int:
        """How far a pixel's patch reaches."""
        return self.stages.grid.halo_px

    @property
    def light(self) -> bool:
        """As of the stages."""
        return self.stages.light

    def learn(self, scene: Scene, region: np.ndarray | None) -> None:
        """Learn the scene."""
        self.stages.learn(scene, region)

    def adapt(self, scene: Scene, labels: LabelMap, region: np.ndarray | None) -> None:
        """Choose timesteps by the labels, then find the components of what they give."""
        self.stages.adapt(scene, labels, region)
        self.projections_ = principal_components(
            scene,
            self.added,
            self.halo_px,
            self.n_components,
            region=region,
            random_state=self.random_state,
        )

    def learned_from(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray | None:
        """As of the stages."""
        return self.stages.learned_from(rows, cols)

    def added(self, cube: np.ndarray, window: Window) -> list[np.ndarray]:
        """Features (rows, cols, width) of each stage, added over the timesteps.

        Args:
            cube: as in :meth:`of_window`.
            window: as there.
        """
        device = pick_device(self.device)
        addition = self.stages.addition_.to(device)
        middle = self.stages.grid.middle().to(device)

        def at_middle(features: Tensor) -> Tensor:
            return addition(features).flatten(1, 2).flatten(2)[:, :, middle].transpose(1, 2)

        inputs = self.stages.of_window(cube, window)
        values = self.stages.features().by_patch(inputs, window, at_middle)
        return np.split(values, self.stages.shape.n_stages, axis=-1)

    def of_window(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """Components of each stage, what the denoiser sees, and the spectrum."""
        added = zip(self.projections_, self.added(cube, window), strict=True)
        components = [projection.project(values) for projection, values in added]
        spectra = without_margin(np.nan_to_num(cube, nan=0.0), self.halo_px)
        inputs = self.stages.transform_.apply(spectra)
        return np.concatenate([*components, inputs, spectra], axis=-1)

    def kinds(self, n_bands: int) -> Kinds:
        """All stages as one kind, what the denoiser sees, and the spectrum."""
        shape = self.stages.shape
        widths = tuple(projection.n_components for projection in self.projections_)
        widths = widths or shape.n_stages * (min(self.n_components, shape.width),)
        return {FEATURES: widths, **self.stages.kinds(n_bands), SPECTRUM: (n_bands,)}

    def cost(self, n_bands: int) -> Cost:
        """That of the stages, their addition, and the components."""
        stages, side = self.stages, self.stages.shape.patch_px
        patch = (1, stages.n_timesteps, stages.shape.n_stages, stages.shape.width, side, side)
        addition = cost_of(
            lambda: stages.new_addition(stages.n_timesteps),
            lambda add: add(torch.empty(patch)),
            stages.grid.stride_px**2,
        )
        n_components = sum(self.kinds(n_bands)[FEATURES])
        components = Cost.of_projection(stages.shape.width, n_components)
        return stages.cost(n_bands) + addition + components

    @property
    def last_reconstructed(self) -> int:
        """As of the stages."""
        return self.stages.last_reconstructed

    def reconstruct(
        self, scene: Scene, window: Window, start: int, keep: tuple[int, ...]
    ) -> Mapping[int, np.ndarray]:
        """As the stages do."""
        return self.stages.reconstruct(scene, window, start, keep)

    def learned(self) -> Learned:
        """What was learned of the stages, and the components."""
        learned = self.stages.learned()
        for i, projection in enumerate(self.projections_):
            learned.arrays.update(projection.arrays(f"projection.{i}."))
        return learned

    def restore(self, learned: Learned) -> None:
        """Become the values that were stored."""
        self.stages.restore(learned)
        self.projections_ = tuple(
            PrincipalComponents.from_arrays(f"projection.{i}.", learned.arrays)
            for i in range(self.stages.shape.n_stages)
        )
