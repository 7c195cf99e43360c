"""Every pair of methods of an experiment, compared on the test pixels that both were scored on."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from hsidiff.evaluation.comparison import (
    McNemar,
    PairedDifference,
    holm,
    mcnemar,
    paired_bootstrap,
    spatial_units,
)
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.labels.label_map import LabelMap


@dataclass(frozen=True)
class MethodPair:
    """Two methods on one split of one scene.

    Attributes:
        first: label of the first method.
        second: label of the second one.
        seeds: those that both have a result for.
        units: what the bootstrap draws, ``"fields"`` or ``"blocks of 16 px"``.
        bootstrap: first minus second, over the test pixels of all these seeds.
        corrected_p_value: of the bootstrap, corrected for the number of pairs (Holm); None where
            the bootstrap has none.
        per_seed: McNemar's test of each seed, in the order of ``seeds``.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    units: str
    bootstrap: PairedDifference
    corrected_p_value: float | None
    per_seed: tuple[McNemar, ...]


@dataclass(frozen=True)
class _TestPixels:
    """Test pixels of a seed: place and class of each (n,), and where each method is right (n,)."""

    places: np.ndarray
    truth: np.ndarray
    is_right: dict[str, np.ndarray]


def compare_methods(folder: ExperimentFolder, scene: str, split: str) -> tuple[MethodPair, ...]:
    """Compare each pair of methods that share a seed, in the file's order.

    The fields of the bootstrap are those of all labels of the split, training labels included, so
    that a training pixel in the middle of a field does not make two of it.

    Args:
        folder: the experiment.
        scene: name of a scene.
        split: name of a split.

    Raises:
        MissingFileError: if a split or a map of a finished cell is missing.
    """
    of_seeds, labels = _read(folder, scene, split)
    if labels is None:
        return ()
    units, name_of_units = spatial_units(LabelMap.from_array(labels))
    pairs = []
    for first, second in combinations(folder.methods, 2):
        shared = {
            seed: pixels
            for seed, pixels in sorted(of_seeds.items())
            if first in pixels.is_right and second in pixels.is_right
        }
        if not shared:
            continue
        rights = [(p.is_right[first], p.is_right[second]) for p in shared.values()]
        bootstrap = paired_bootstrap(
            np.concatenate([right for right, _ in rights]),
            np.concatenate([right for _, right in rights]),
            np.concatenate([units.flat[p.places] for p in shared.values()]),
        )
        per_seed = tuple(mcnemar(*right) for right in rights)
        pairs.append(
            MethodPair(first, second, tuple(shared), name_of_units, bootstrap, None, per_seed)
        )
    return _corrected(pairs)


def _read(
    folder: ExperimentFolder, scene: str, split: str
) -> tuple[dict[int, _TestPixels], np.ndarray | None]:
    """Test pixels by seed, and all labels (rows, cols) that the splits of these seeds hold."""
    of_seeds: dict[int, _TestPixels] = {}
    labels = None
    cells = [cell for method in folder.methods for cell in folder.of(scene, split, method)]
    for cell in cells:
        if cell.seed not in of_seeds:
            sides = folder.split_of(cell)
            both = np.maximum(sides.train.values, sides.test.values)
            labels = both if labels is None else np.maximum(labels, both)
            places = np.flatnonzero(sides.test.values)
            of_seeds[cell.seed] = _TestPixels(places, sides.test.values.flat[places], {})
        pixels = of_seeds[cell.seed]
        pixels.is_right[cell.method] = cell.class_map().flat[pixels.places] == pixels.truth
    return of_seeds, labels


def _corrected(pairs: list[MethodPair]) -> tuple[MethodPair, ...]:
    """The pairs with their p values corrected for their number."""
    tested = [pair.bootstrap.p_value for pair in pairs if pair.bootstrap.p_value is not None]
    corrected = iter(holm(tested))
    return tuple(
        pair if pair.bootstrap.p_value is None else replace(pair, corrected_p_value=next(corrected))
        for pair in pairs
    )
