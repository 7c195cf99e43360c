"""The next pixels of a scene to label, by what a fitted classifier makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from hsidiff.amounts import count
from hsidiff.contract import SceneClassifier
from hsidiff.errors import LARGEST_RANDOM_STATE, SettingError, check_whole_number
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.scenes.scene import Scene
from hsidiff.suggestion.choose import choose_pixels, margins_of
from hsidiff.suggestion.pool import Pool

LEAST_POOL, POOL_PER_PIXEL = 2000, 100
"""Pixels that are drawn from the scene before some are chosen."""
MAX_KNOWN = 2000
"""So many labelled pixels say what is known."""
APART_PX = 5
"""Nearer pixels show much the same."""
_SURE = 0.5
_FAR = 0.99


@dataclass(frozen=True)
class Suggestions:
    """Pixels to label next, the least certain first.

    Attributes:
        rows: (n,) int.
        cols: (n,) int.
        class_ids: (n, 2) int, the most probable class of each, and the next.
        probabilities: (n, 2), theirs.
        unlike: (n,) bool, farther from all labels than these from each other; False where labels
            are not known.
        classes: the classes by increasing id.
    """

    rows: np.ndarray
    cols: np.ndarray
    class_ids: np.ndarray
    probabilities: np.ndarray
    unlike: np.ndarray
    classes: tuple[LandClass, ...]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows)

    def reasons(self) -> list[str]:
        """Why each should be labelled, in a few words."""
        names = {c.id: c.name for c in self.classes}
        return [
            _reason([names[i] for i in ids], shares, unlike)
            for ids, shares, unlike in zip(
                self.class_ids.tolist(), self.probabilities.tolist(), self.unlike, strict=True
            )
        ]

    def table(self) -> pd.DataFrame:
        """One row each: ``row``, ``col``, ``map_class``, ``probability``, ``reason``."""
        names = {c.id: c.name for c in self.classes}
        return pd.DataFrame(
            {
                "row": self.rows,
                "col": self.cols,
                "map_class": [names[i] for i in self.class_ids[:, 0].tolist()],
                "probability": self.probabilities[:, 0],
                "reason": self.reasons(),
            }
        )


def suggest_pixels(
    model: SceneClassifier,
    scene: Scene,
    n: int,
    *,
    labels: LabelMap | None = None,
    area: np.ndarray | None = None,
    apart_px: int = APART_PX,
    random_state: int = 0,
) -> Suggestions:
    """Suggest pixels to label: unsure ones, unlike each other, spread over the scene.

    The scene is looked at tile by tile, and some thousand pixels are drawn from it, unsure ones
    rather (:mod:`hsidiff.suggestion.pool`); of these, clusters of the values that the classifier
    sees give one each (:mod:`hsidiff.suggestion.choose`).

    Args:
        model: a fitted classifier.
        scene: a scene with its bands, see :meth:`~hsidiff.contract.SceneClassifier.check_scene`.
        n: how many are wanted, at least 1.
        labels: what is labelled already: neither it nor what lies near it is suggested.
        area: (rows, cols) bool, the pixels that may be suggested; None allows all with a value.
        apart_px: least rows or columns between two of them, and to labelled pixels, at least 1.
        random_state: seed of the draw.

    Returns:
        ``n`` pixels.

    Raises:
        ModelError: if the scene lacks bands, or its values are in another unit.
        SettingError: if a number is out of range, or there is no room for ``n`` pixels.

    Example:
        >>> import hsidiff
        >>> from hsidiff.catalog import find_classifier
        >>> scene = hsidiff.open_scene("scene.tif")
        >>> labels = hsidiff.read_labels("labels.gpkg", scene)
        >>> model = find_classifier("lda")().fit(scene, labels)
        >>> len(hsidiff.suggest_pixels(model, scene, 5))
        5
    """
    check_whole_number("n", n, 1)
    check_whole_number("apart_px", apart_px, 1)
    check_whole_number("random_state", random_state, 0, LARGEST_RANDOM_STATE)
    scene = model.check_scene(scene)
    # 1. Draw a pool in one pass.
    pool = Pool(max(LEAST_POOL, POOL_PER_PIXEL * n), scene.shape[1], random_state)
    windows = model.map_windows(scene)
    labelled = [np.empty((0, 2), dtype=int)]
    for window, probabilities in model.predict_proba_windows(scene, windows):
        allowed = np.asarray(probabilities.any(axis=-1))
        if labels is not None:
            has_label, corner = labels.values[window.slices] > 0, (window.row, window.col)
            labelled.append(np.add(np.argwhere(allowed & has_label), corner))
            allowed &= ~has_label
        if area is not None:
            allowed &= area[window.slices]
        pool.add(window, probabilities, allowed)
    if pool.n_seen < n:
        raise SettingError(
            f"n={n}: {count(pool.n_seen)} pixels have a value, no label, and lie in the area: ask "
            "for fewer (-n)"
        )
    # 2. Choose among them by what the classifier knows.
    taken = np.unique(np.concatenate(labelled), axis=0)
    found = suggest_from(
        pool, partial(_values_at, model, scene), model.classes_, n, apart_px, taken
    )
    if len(found) < n:
        raise SettingError(
            f"n={n}: there is room for {len(found)} pixels that lie {apart_px} px apart: ask for "
            "fewer (-n), or for less distance (--apart)"
        )
    return found


def suggest_from(
    pool: Pool,
    values_at: Callable[[np.ndarray], np.ndarray],
    classes: tuple[LandClass, ...],
    n: int,
    apart_px: int = APART_PX,
    taken: np.ndarray | None = None,
) -> Suggestions:
    """Suggest some of the pixels of a pool.

    Args:
        pool: pixels that were drawn, and their probabilities.
        values_at: from places (m, 2) to values (m, n_values).
        classes: those of the probabilities, by increasing id.
        n: how many are wanted.
        apart_px: least rows or columns between two of them, and to ``taken``.
        taken: (m, 2) int, places with a label and a value; None or none: nothing is known.

    Returns:
        ``n`` pixels, or fewer where there is no room.

    Raises:
        SettingError: if the pool is empty.
    """
    if pool.n_seen == 0:
        raise SettingError("every pixel with a value is labelled: there is none left to suggest")
    values = values_at(pool.places)
    chosen = choose_pixels(
        pool.probabilities, values, pool.places, n, apart_px, taken, pool.random_state
    )
    known = None
    if taken is not None and len(taken):
        known = values_at(taken[:: len(taken) // MAX_KNOWN + 1])
    probabilities = pool.probabilities[chosen]
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    return Suggestions(
        pool.places[chosen, 0],
        pool.places[chosen, 1],
        np.array([c.id for c in classes])[best],
        np.take_along_axis(probabilities, best, axis=1),
        _unlike(values[chosen], known),
        classes,
    )


def _values_at(model: SceneClassifier, scene: Scene, places: np.ndarray) -> np.ndarray:
    """(n, n_values) values of pixels (n, 2), in their order."""
    wanted = np.zeros(scene.shape, dtype=np.int32)
    wanted[tuple(places.T)] = model.classes_[0].id
    samples = model.values_at(scene, LabelMap(wanted, model.classes_))
    flat = samples.rows * scene.shape[1] + samples.cols
    order = np.argsort(flat)
    here = np.searchsorted(flat, places @ [scene.shape[1], 1], sorter=order)
    values: np.ndarray = samples.values[order[here]]
    return values


def _unlike(values: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    """Whether values (n, d) are farther from the known ones than nearly all of these are."""
    if known is None or len(known) < 3:
        return np.zeros(len(values), dtype=bool)
    spread = np.maximum(known.std(axis=0, dtype=np.float64), 1e-9)
    neighbours = NearestNeighbors(n_neighbors=1).fit(known / spread)
    usual = np.quantile(neighbours.kneighbors()[0], _FAR)
    unlike: np.ndarray = neighbours.kneighbors(values / spread)[0][:, 0] > usual
    return unlike


def _reason(names: list[str], shares: list[float], unlike: bool) -> str:
    between = f"between {names[0]} ({shares[0]:.2f}) and {names[1]} ({shares[1]:.2f})"
    likely = f"{names[0]} ({shares[0]:.2f})"
    unsure = float(margins_of(np.array(shares))) < _SURE
    if unlike:
        return f"unlike all labels; {between if unsure else likely}"
    return between if unsure else f"{likely}, stands for many like it"
