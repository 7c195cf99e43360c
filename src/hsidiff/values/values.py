"""What is known of a pixel: the contract between a scene and a head."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hsidiff.about import Cost
from hsidiff.errors import SettingError
from hsidiff.kinds import Kinds
from hsidiff.labels.label_map import LabelMap
from hsidiff.part import Part
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window


@dataclass(kw_only=True, repr=False, eq=False)
class Values(Part, ABC):
    """What is known of each pixel of a scene, whatever head reads it.

    Nothing is learned from labels but in :meth:`adapt`.

    Attributes:
        tile_px: values at labels are computed in windows of this size at most.
    """

    tile_px: ClassVar[int] = 256

    @property
    def halo_px(self) -> int:
        """How far around a pixel its values see. From settings alone."""
        return 0

    @property
    def learns_scene(self) -> bool:
        """Whether :meth:`learn` looks at pixels that have no label."""
        return True

    @property
    def light(self) -> bool:
        """Whether the values of a tile are little work, and need little memory."""
        return True

    @abstractmethod
    def learn(self, scene: Scene, region: np.ndarray | None) -> None:
        """Learn a scene without labels.

        Args:
            scene: the scene.
            region: (rows, cols) bool, the pixels that may be seen; None allows all.
        """

    def adapt(self, scene: Scene, labels: LabelMap, region: np.ndarray | None) -> None:
        """Settle what training labels decide about the values. Most values ask for none.

        Args:
            scene: the scene that was learned.
            labels: training labels on valid pixels.
            region: as for :meth:`learn`.
        """

    def learned_from(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray | None:
        """Which labelled pixels (n,) bool :meth:`adapt` learned from; None if from none."""
        return None

    @abstractmethod
    def of_window(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """Values of the pixels of a window.

        Args:
            cube: (rows + 2 halo_px, cols + 2 halo_px, n_bands) float32; NaN where invalid.
            window: where it lies in the scene, without the halo.

        Returns:
            (rows, cols, n_values) float32; finite at valid pixels.
        """

    @abstractmethod
    def kinds(self, n_bands: int) -> Kinds:
        """Which of the values are of one kind: as learned, or as settings allow at most."""

    @abstractmethod
    def cost(self, n_bands: int) -> Cost:
        """What the values of a pixel with ``n_bands`` bands cost. From settings alone."""

    @abstractmethod
    def learned(self) -> Learned:
        """What was learned and chosen, to be stored."""

    @abstractmethod
    def restore(self, learned: Learned) -> None:
        """Become the values that :meth:`learned` described, perhaps among other facts."""

    @property
    def last_reconstructed(self) -> int | None:
        """The last timestep that :meth:`reconstruct` can start at; None if it cannot."""
        return None

    def reconstruct(
        self, scene: Scene, window: Window, start: int, keep: tuple[int, ...]
    ) -> Mapping[int, np.ndarray]:
        """Add noise to a window and remove it step by step, where there is a denoiser of windows.

        Raises:
            SettingError: if there is none.
        """
        raise SettingError(
            "these values come from no denoiser of whole windows, so nothing can be reconstructed: "
            "take a method with a denoiser"
        )
