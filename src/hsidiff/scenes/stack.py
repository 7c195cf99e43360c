"""Several scenes as one: they lie below one another, with invalid rows between them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window


@dataclass(frozen=True)
class StackedSource:
    """Scaled values of scenes with the same bands, one below the other.

    Attributes:
        scenes: the scenes, from the top.
        gap_px: invalid rows between two of them: as many as a classifier looks at, or more, keep
            its view within one scene.
    """

    scenes: tuple[Scene, ...] = field(repr=False)
    gap_px: int

    @property
    def places(self) -> tuple[Window, ...]:
        """Where each scene lies; right of a narrow one nothing is valid."""
        starts = np.cumsum([0, *(scene.shape[0] + self.gap_px for scene in self.scenes)])
        return tuple(
            Window(int(row), 0, *scene.shape)
            for row, scene in zip(starts[:-1], self.scenes, strict=True)
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands of all together."""
        last = self.places[-1]
        width = max(scene.shape[1] for scene in self.scenes)
        return last.row + last.n_rows, width, self.scenes[0].n_bands

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the scaled values."""
        return np.dtype(np.float32)

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`~hsidiff.scenes.scene.PixelSource.read`; NaN where no scene has a value."""
        values = np.full((window.n_rows, window.n_cols, len(bands)), np.nan, dtype=np.float32)
        for scene, place in zip(self.scenes, self.places, strict=True):
            moved = Window(window.row - place.row, window.col, window.n_rows, window.n_cols)
            inside = moved.clipped(scene.shape)
            if inside.n_rows and inside.n_cols:
                values[inside.within(moved)] = scene.read(inside)[..., bands]
        return values
