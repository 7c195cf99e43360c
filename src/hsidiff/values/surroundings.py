"""What is known around a pixel: means over squares of several sides, beside any other values.

A field is larger than a pixel, and the mean over a square is the simplest thing to say of it. It is
the same for every method and control, so what a method gains beyond it is its own.

| step                                | shape (SpectralDiff's ``fast``, Indian Pines)     |
|-------------------------------------|---------------------------------------------------|
| values of a window and of 7 px more | rows + 14 x cols + 14 x (96 + 32 + 200)            |
| the pixel's own                     | rows x cols x (96 + 32 + 200)                     |
| means over 5, 9 and 15 px           | rows x cols x 3 x (96 + 32)                       |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.ndimage import correlate1d

from hsidiff.about import Cost
from hsidiff.errors import SettingError, check_whole_numbers
from hsidiff.kinds import SCALED_SPECTRUM, SPECTRUM, Kinds, kind_at, widths_of, without_kinds
from hsidiff.labels.label_map import LabelMap
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.values.components import FEATURE_TILE_PX
from hsidiff.values.values import Values
from hsidiff.windows.tiles import without_margin

SCALES = (5, 9, 15)
"""Sides of the squares for the head that weighs: of a garden, of a small and of a larger field."""


@dataclass(kw_only=True, repr=False, eq=False)
class Surroundings(Values):
    """Other values of a pixel, and their means over the squares around it.

    Only valid pixels count. Beyond the scene its edge is repeated, as everywhere.

    Attributes:
        values: what is averaged.
        scales: sides of the squares in pixels, odd, rising.
        pixel_only: kinds that are never averaged. A mean of spectra says little beyond that of what
            a denoiser sees of them, and they are the widest kind.
    """

    values: Values
    scales: tuple[int, ...] = SCALES
    pixel_only: tuple[str, ...] = (SPECTRUM, SCALED_SPECTRUM)

    tile_px: ClassVar[int] = FEATURE_TILE_PX

    def check(self) -> None:
        """Refuse settings that are out of range with a SettingError."""
        super().check()
        check_whole_numbers("scales", self.scales)
        if any(side < 3 or side % 2 == 0 for side in self.scales):
            raise SettingError(f"scales={tuple(self.scales)}: must be odd, and at least 3")
        if list(self.scales) != sorted(set(self.scales)):
            raise SettingError(f"scales={tuple(self.scales)}: must rise, each side once")

    @property
    def margin_px(self) -> int:
        """How far the widest square reaches."""
        return max(self.scales, default=1) // 2

    @property
    def halo_px(self) -> int:
        """That of the values, and half the widest square."""
        return self.values.halo_px + self.margin_px

    @property
    def learns_scene(self) -> bool:
        """As of the values inside."""
        return self.values.learns_scene

    @property
    def light(self) -> bool:
        """As of the values."""
        return self.values.light

    @property
    def uses_device(self) -> bool:
        """As of the values."""
        return self.values.uses_device

    def learn(self, scene: Scene, region: np.ndarray | None) -> None:
        """Learn the values; a mean has nothing to learn."""
        self.values.learn(scene, region)

    def adapt(self, scene: Scene, labels: LabelMap, region: np.ndarray | None) -> None:
        """Settle what labels decide about the values."""
        self.values.adapt(scene, labels, region)

    def learned_from(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray | None:
        """As of the values."""
        return self.values.learned_from(rows, cols)

    def of_window(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """The pixel's own values, then the means, scale by scale."""
        _, averaged = without_kinds(self.values.kinds(cube.shape[-1]), self.pixel_only)
        wide = self.values.of_window(cube, window.grown(self.margin_px))
        valid = np.isfinite(without_margin(cube, self.values.halo_px)).all(axis=-1)
        means = (square_means(wide[..., averaged], valid, side) for side in self.scales)
        return np.concatenate(
            [without_margin(each, self.margin_px) for each in (wide, *means)], axis=-1
        )

    def kinds(self, n_bands: int) -> Kinds:
        """Those of the values by their own name, and those of means as "features 9x9", say."""
        kinds = self.values.kinds(n_bands)
        averaged, _ = without_kinds(kinds, self.pixel_only)
        means = {kind_at(name, n): widths for n in self.scales for name, widths in averaged.items()}
        return {**kinds, **means}

    def cost(self, n_bands: int) -> Cost:
        """That of the values, and a sum along rows and one along columns for each mean."""
        averaged, _ = without_kinds(self.values.kinds(n_bands), self.pixel_only)
        n_taps = sum(2 * side for side in self.scales)
        return self.values.cost(n_bands) + Cost(0, n_taps * sum(widths_of(averaged)))

    def learned(self) -> Learned:
        """What was learned of the values."""
        return self.values.learned()

    def restore(self, learned: Learned) -> None:
        """Become the values that were stored."""
        self.values.restore(learned)

    @property
    def last_reconstructed(self) -> int | None:
        """As of the values inside."""
        return self.values.last_reconstructed

    def reconstruct(
        self, scene: Scene, window: Window, start: int, keep: tuple[int, ...]
    ) -> Mapping[int, np.ndarray]:
        """As the values do."""
        return self.values.reconstruct(scene, window, start, keep)


def square_means(values: np.ndarray, valid: np.ndarray, side: int) -> np.ndarray:
    """Mean of the valid pixels in the square around each pixel.

    Sums are in double precision and made in an order that does not depend on where the array
    begins, so a part of a scene gives what the whole gives.

    Args:
        values: (rows, cols, n) float32.
        valid: (rows, cols) bool.
        side: of the squares, odd.

    Returns:
        (rows, cols, n) float32; 0 where a square holds no valid pixel. Within half a side of the
        border of the array pixels are missing.
    """
    n_valid = _sums(valid.astype(np.float64), side)
    sums = _sums(np.where(valid[..., None], values, 0).astype(np.float64), side)
    return (sums / np.maximum(n_valid, 1)[..., None]).astype(np.float32)


def _sums(values: np.ndarray, side: int) -> np.ndarray:
    """Sums over squares; beyond the border of the array is 0."""
    ones = np.ones(side)
    # Not a running sum: that loses digits, and other ones in each tile.
    down = correlate1d(values, ones, axis=0, mode="constant")
    return correlate1d(down, ones, axis=1, mode="constant")
