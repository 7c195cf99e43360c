"""Pixels drawn from a map in one pass, unsure ones rather, in memory that does not grow with it."""

from dataclasses import dataclass, field

import numpy as np

from hsidiff.scenes.window import Window
from hsidiff.suggestion.choose import margins_of

_LEAST_WEIGHT = 1e-3


@dataclass
class Pool:
    """Keeps pixels drawn without replacement, with chances that grow with their uncertainty.

    A pixel's chance depends on its place, its probabilities and the seed, so it does not matter in
    which tiles a scene is looked at.

    Source: Efraimidis and Spirakis (2006), Information Processing Letters 97, 181-185 (weighted
    sampling from a stream).

    Attributes:
        size: how many pixels are kept at most.
        n_cols: columns of the scene.
        random_state: seed of the draw.
        places: (kept, 2) int64, row and column.
        probabilities: (kept, n_classes).
    """

    size: int
    n_cols: int
    random_state: int = 0
    places: np.ndarray = field(init=False)
    probabilities: np.ndarray = field(init=False)
    n_seen: int = field(init=False, default=0)
    _keys: np.ndarray = field(init=False)

    def add(self, window: Window, probabilities: np.ndarray, allowed: np.ndarray) -> None:
        """Take in the pixels of a window.

        Args:
            window: where it lies.
            probabilities: (rows, cols, n_classes).
            allowed: (rows, cols) bool, the pixels that may be drawn.
        """
        rows, cols = np.nonzero(allowed)
        self.n_seen += len(rows)
        found = probabilities[rows, cols]
        places = np.stack([rows + window.row, cols + window.col], axis=1)
        weights = np.maximum(1 - margins_of(found), _LEAST_WEIGHT)
        numbers = places[:, 0] * self.n_cols + places[:, 1]
        keys = np.log(_uniform(numbers, self.random_state)) / weights
        if hasattr(self, "places"):
            places = np.concatenate([self.places, places])
            found = np.concatenate([self.probabilities, found])
            keys = np.concatenate([self._keys, keys])
        kept = np.lexsort((places[:, 1], places[:, 0], -keys))[: self.size]
        self.places, self.probabilities, self._keys = places[kept], found[kept], keys[kept]


def _uniform(numbers: np.ndarray, seed: int) -> np.ndarray:
    """A number in (0, 1) for each whole number, the same in any company.

    Source: Steele, Lea and Flood (2014), OOPSLA (SplitMix64).
    """
    with np.errstate(over="ignore"):
        x = numbers.astype(np.uint64) ^ (np.uint64(seed) * np.uint64(0xD1342543DE82EF95))
        x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
        x ^= x >> np.uint64(31)
    uniform: np.ndarray = ((x >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return uniform
