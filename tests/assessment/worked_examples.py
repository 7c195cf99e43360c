"""The samples of the two papers' worked examples."""

import numpy as np

from hsidiff.labels.label_map import LandClass

# Stehman (2014), Table 2: 40 pixels in four strata of 10, in the order of the strata.
STEHMAN_MAP = "AAAAAAABBB" + "ABBBBBBBBB" + "BBCCCCCCBB" + "DDDDDDDDDD"
STEHMAN_REFERENCE = "AAAAACBABC" + "ABBBBBAABB" + "CCCCCDDBBA" + "DDDDDDDCCB"
STEHMAN_PIXELS = np.array([40_000, 30_000, 20_000, 10_000])

# Olofsson et al. (2014), Table 8: map in rows, reference in columns; Landsat pixels of 30 m.
OLOFSSON_NAMES = ("deforestation", "forest gain", "stable forest", "stable non-forest")
OLOFSSON_COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
OLOFSSON_PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000])
OLOFSSON_HECTARES = 900_000.0


def classes_named(names) -> tuple[LandClass, ...]:
    return tuple(LandClass(i, name, "#000000") for i, name in enumerate(names, start=1))


def ids_of(letters: str) -> np.ndarray:
    return np.array(["ABCD".index(letter) + 1 for letter in letters])


def from_counts(counts) -> tuple[np.ndarray, np.ndarray]:
    """Class ids of map and reference of each sample of an error matrix."""
    rows, cols = np.nonzero(counts)
    return tuple(np.repeat(ids + 1, counts[rows, cols]) for ids in (rows, cols))
