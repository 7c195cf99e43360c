"""How unlike a mapped scene is to what its model learned from, in all and by mapped class."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hsidiff.amounts import percent
from hsidiff.contract import SceneClassifier
from hsidiff.labels.label_map import LandClass
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.seen_values import MAX_TILES, TILE_PX, SeenValues
from hsidiff.windows.tiles import sampled_tile_windows

LARGE_SHARE = 0.2
"""The part of a scene that was not learned from has a few hundredths; more than this is another
kind of scene."""
_FEW_PIXELS = 20
"""The share among fewer pixels says little."""


@dataclass(frozen=True)
class Unlikeness:
    """Sampled pixels of a map, and those among them that are unlike what was learned from.

    Attributes:
        n_pixels: sampled pixels with a value.
        n_unlike: those outside (:meth:`~hsidiff.windows.seen_values.SeenValues.outside`).
        by_class: each class of the map with its sampled pixels and those outside.
    """

    n_pixels: int
    n_unlike: int
    by_class: tuple[tuple[LandClass, int, int], ...]

    @property
    def share(self) -> float:
        """Share of the pixels that are unlike, 0 to 1."""
        return self.n_unlike / max(self.n_pixels, 1)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; the share of a class without a pixel is None."""
        shares = {c.name: (k / n if n else None) for c, n, k in self.by_class}
        return {"share": self.share, "n_pixels": self.n_pixels, "share_by_class": shares}

    def in_words(self) -> str:
        """One line: the share, and the classes that have more of them, the most unlike first."""
        shares = [(k / n, c.name) for c, n, k in self.by_class if n >= _FEW_PIXELS]
        more = sorted((pair for pair in shares if pair[0] > max(self.share, 0.005)), reverse=True)
        named = ", ".join(f"{name} {percent(share)}" for share, name in more[:3])
        return f"{percent(self.share)} of the pixels" + (f" ({named})" if named else "")

    def caution(self, scene_name: str) -> str | None:
        """What to say of a large share; None if it is not."""
        if self.share <= LARGE_SHARE:
            return None
        return (
            f"{scene_name} is unlike what the model learned from, in {self.in_words()}: another "
            "date, haze, units or ground: check the map, or fit again with labels of this scene"
        )


def measure_unlikeness(
    model: SceneClassifier, scene: Scene, read_map: Callable[[Window], np.ndarray]
) -> Unlikeness | None:
    """Compare a sample of the pixels of a mapped scene with what the model learned from.

    Args:
        model: a fitted classifier.
        scene: a scene as :meth:`~hsidiff.contract.SceneClassifier.check_scene` gives it.
        read_map: gives the class ids (rows, cols) of a window of its map.

    Returns:
        What was found, in a bounded number of windows; None if the model does not know what it
        learned from, or no sampled pixel has a value.
    """
    seen = model.seen_values_
    if seen is None:
        return None
    counts = {c.id: np.zeros(2, dtype=int) for c in model.classes_}
    for window in sampled_tile_windows(scene.shape, TILE_PX, MAX_TILES, 0):
        mapped = read_map(window)
        spectra = scene.read(window)[mapped > 0]
        _count(seen, spectra, mapped[mapped > 0], counts)
    n_pixels, n_unlike = sum(counts.values(), np.zeros(2, dtype=int)).tolist()
    if not n_pixels:
        return None
    return Unlikeness(
        n_pixels, n_unlike, tuple((c, *counts[c.id].tolist()) for c in model.classes_)
    )


def _count(
    seen: SeenValues, spectra: np.ndarray, ids: np.ndarray, counts: dict[int, np.ndarray]
) -> None:
    """Add the pixels of a window to the counts of their classes: all, and those unlike."""
    if not len(spectra):
        return
    unlike = seen.outside(spectra)
    for class_id in counts:
        here = ids == class_id
        counts[class_id] += (int(here.sum()), int(unlike[here].sum()))
