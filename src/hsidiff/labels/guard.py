"""The guard: how far labels of one side of a split must lie from those of the other."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_cdt

from hsidiff.errors import HsidiffWarning, SettingError
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.overlap import Overlap
from hsidiff.labels.split import check_samples_per_class, check_train_fraction, named


def check_sides(
    train_fraction: float,
    samples_per_class: int | None,
    guard_px: int | None,
    receptive_field_px: int,
) -> None:
    """Refuse settings of a split by whole parts of the ground that are out of range.

    Raises:
        SettingError: naming the setting.
    """
    check_train_fraction(train_fraction)
    if samples_per_class is not None:
        check_samples_per_class(samples_per_class)
    check_guard(guard_px, receptive_field_px)


def check_guard(guard_px: int | None, receptive_field_px: int) -> None:
    """Refuse a guard or a receptive field out of range with a SettingError."""
    if guard_px is not None and guard_px < 0:
        raise SettingError(f"guard_px={guard_px}: must be at least 0")
    if receptive_field_px < 1:
        raise SettingError(f"receptive_field_px={receptive_field_px}: must be at least 1")


def distance_to_px(pixels: np.ndarray, overlap: Overlap | None = None) -> np.ndarray:
    """Chebyshev distance (rows, cols) int from each pixel to the nearest of ``pixels`` (bool).

    Args:
        pixels: at least one.
        overlap: ground that several scenes show: a pixel of another scene may be the nearest, and
            is at distance 0 on the same place.
    """
    distance_px: np.ndarray = distance_transform_cdt(~pixels, metric="chessboard")
    if overlap is None:
        return distance_px
    return np.minimum(distance_px, overlap.distance_px(pixels))


@dataclass(frozen=True)
class Guards:
    """How far labels must lie from those of the other side, class by class.

    Attributes:
        wanted_px: the guard of all classes that are not in ``narrower``.
        narrower: classes that have a narrower one, with its width in pixels.
    """

    wanted_px: int
    narrower: tuple[tuple[LandClass, int], ...] = ()

    @classmethod
    def of(
        cls,
        labels: LabelMap,
        distance_px: np.ndarray,
        guard_px: int | None,
        receptive_field_px: int,
    ) -> "Guards":
        """The guard that is given or, of each class, the widest that leaves it half of its labels.

        Args:
            labels: the labels that may be left out.
            distance_px: (rows, cols) Chebyshev distance to the labels of the other side.
            guard_px: the guard that was asked for, or None.
            receptive_field_px: the widest guard, where None was.
        """
        if guard_px is not None:
            return cls(guard_px)
        narrower = []
        for land_class in labels.classes:
            of_class = np.sort(distance_px[labels.values == land_class.id])
            # The labels from the middle on are kept by a guard of the middle one's distance.
            if of_class.size and of_class[of_class.size // 2] < receptive_field_px:
                narrower.append((land_class, int(of_class[of_class.size // 2])))
        return cls(receptive_field_px, tuple(narrower))

    def outside(self, values: np.ndarray, distance_px: np.ndarray) -> np.ndarray:
        """(rows, cols) bool, whether a pixel lies outside the guard of its class.

        Unlabelled pixels must lie outside the widest guard.
        """
        needed_px = np.full(values.shape, self.wanted_px)
        for land_class, guard_px in self.narrower:
            needed_px[values == land_class.id] = guard_px
        return distance_px >= np.maximum(needed_px, 1)  # 0: on the ground of a label of theirs

    def warn(self, receptive_field_px: int, side: str, stacklevel: int = 1) -> None:
        """Say in one warning which classes have a narrower guard; silent if none has."""
        if not self.narrower:
            return
        names = ", ".join(f"{named(c)} {guard_px}" for c, guard_px in self.narrower)
        warnings.warn(
            f"a guard of the receptive field, {receptive_field_px} px, would leave classes fewer "
            f"than half of their {side} pixels; the widest that leaves half is used (px): {names}",
            HsidiffWarning,
            stacklevel=stacklevel + 1,
        )

    def to_json(self) -> dict[str, int] | None:
        """Class id, as text, to its narrower guard; None if no class has one."""
        return {str(c.id): guard_px for c, guard_px in self.narrower} or None
