"""Quality masks of products: pixels that are hidden, unless the user wants to see them."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.scene import PixelSource, Scene
from hsidiff.scenes.window import Window


@dataclass(frozen=True)
class HidingSource:
    """What sources share that read some pixels of another source as NaN.

    Attributes:
        source: where the pixels come from.
    """

    source: PixelSource
    masked = True

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored numbers."""
        return self.source.dtype


@dataclass(frozen=True)
class MaskedSource(HidingSource):
    """Pixels of another source; those that a mask hides read as NaN.

    Attributes:
        hidden: (rows, cols) bool, True where a pixel is hidden.
    """

    hidden: np.ndarray = field(repr=False)

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        stored = self.source.read(window, bands)
        values = stored.astype(np.result_type(stored.dtype, np.float32), copy=False)
        values[self.hidden[window.slices]] = np.nan
        return values

    def source_pixels(self, window: Window) -> np.ndarray | None:
        """See :meth:`hsidiff.scenes.scene.Scene.source_pixels`."""
        read = getattr(self.source, "source_pixels", None)
        return None if read is None else read(window)


def without_masks(scene: Scene, names: Iterable[str]) -> Scene:
    """The scene with a note of the masks that it has and that are not applied."""
    text = ", ".join(names)
    note = (f"masks that are not applied: {text}",) if text else ()
    return replace(scene, notes=(*scene.notes, *note))


def with_masks(scene: Scene, layers: Mapping[str, np.ndarray]) -> Scene:
    """The scene without the pixels that a layer hides.

    Args:
        scene: the scene.
        layers: what a layer shows, such as ``cloud``, to (rows, cols) bool, True where it does.

    Warns:
        HsidiffWarning: with the counts, if pixels are hidden.
    """
    if not layers:
        return scene
    hidden = np.logical_or.reduce(list(layers.values()))
    if not hidden.any():
        note = f"masks applied, which hide no pixel: {', '.join(layers)}"
        return replace(scene, notes=(*scene.notes, note))
    counts = ", ".join(f"{name} {int(layer.sum())}" for name, layer in layers.items())
    note = f"quality masks hide {int(hidden.sum())} of {hidden.size} pixels ({counts})"
    warnings.warn(
        f"{scene.name}: {note}: apply_masks=False (--no-masks) reads them",
        HsidiffWarning,
        stacklevel=4,
    )
    return replace(scene, source=MaskedSource(scene.source, hidden), notes=(*scene.notes, note))


def bands_left_out(bad: np.ndarray, why: str) -> tuple[str, ...]:
    """A note of the bands that a product calls bad, (bands,) bool; none if there are none."""
    numbers = ", ".join(map(str, np.flatnonzero(bad) + 1))
    return (f"bands left out, {why}: {numbers}",) if numbers else ()
