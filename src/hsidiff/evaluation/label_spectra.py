"""The spectra of labels by class, and labels whose spectrum lies far from their class.

A label on the wrong field, a shadow or a mixed pixel looks unlike the others of its class. That
does not make it wrong: rare kinds of a class lie far, too. It is a list of where to look.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from hsidiff.errors import LabelError
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.split import draw_per_class
from hsidiff.scenes.pixel_places import pixel_centres
from hsidiff.scenes.scene import Scene
from hsidiff.windows.gather import Samples, gather_spectra

MODIFIED_Z_LIMIT = 3.5
"""Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers, recommend it."""
MAD_TO_SIGMA = 1.4826
FEWEST_TO_JUDGE = 5


@dataclass(frozen=True, eq=False)
class LabelSpectra:
    """Spectra of labelled pixels and their distances to the classes.

    Attributes:
        samples: the labelled, valid pixels.
        classes: those that have pixels, by increasing id.
        medians: (classes, n_bands) float64, the median of each band over the pixels of a class.
        distances: (n,) float64, of each pixel to the median of its class, in standard deviations
            within classes: root of the mean of squares over the bands.
        limits: (classes,) float64, beyond which a pixel is suspicious; infinite for a class of
            fewer than ``FEWEST_TO_JUDGE`` pixels.
        nearest: (n,) int, id of the class whose median is nearest to each pixel.
    """

    samples: Samples = field(repr=False)
    classes: tuple[LandClass, ...]
    medians: np.ndarray = field(repr=False)
    distances: np.ndarray = field(repr=False)
    limits: np.ndarray
    nearest: np.ndarray = field(repr=False)

    @property
    def is_suspicious(self) -> np.ndarray:
        """(n,) bool, the pixels beyond the limit of their class."""
        ids = [c.id for c in self.classes]
        suspicious: np.ndarray = (
            self.distances > self.limits[np.searchsorted(ids, self.samples.class_ids)]
        )
        return suspicious


def at_most(labels: LabelMap, n_per_class: int) -> LabelMap:
    """The labels, or so many of each class, drawn the same way every time."""
    wanted = {i: min(n_per_class, n) for i, n in labels.counts().items()}
    drawn = draw_per_class(labels.values, wanted, np.random.default_rng(0))
    return labels.keeping(drawn, labels.region)


def measure_label_spectra(scene: Scene, labels: LabelMap) -> LabelSpectra:
    """Measure how far the spectrum of each label lies from the median of its class.

    The deviation of a band is the median over the classes of their robust deviations (median
    absolute deviation, scaled to that of a normal distribution), so that small classes have one,
    too. The limit of a class is the distance whose modified z-score is ``MODIFIED_Z_LIMIT``.

    Raises:
        LabelError: if no label lies on a valid pixel.
    """
    samples = gather_spectra(scene, labels)
    if not len(samples):
        raise LabelError(f"no label lies on a pixel of {scene.name} that has values")
    present = set(samples.class_ids.tolist())
    classes = tuple(c for c in labels.classes if c.id in present)
    spectra = samples.values.astype(np.float64)
    of_class = [spectra[samples.class_ids == c.id] for c in classes]
    medians = np.array([np.median(one, axis=0) for one in of_class])
    mads = [np.median(abs(one - m), axis=0) for one, m in zip(of_class, medians, strict=True)]
    enough = [m for m, one in zip(mads, of_class, strict=True) if len(one) >= FEWEST_TO_JUDGE]
    deviation = MAD_TO_SIGMA * np.median(enough or mads, axis=0)
    deviation[deviation == 0] = deviation.max() or 1.0
    to_all = np.column_stack(
        [np.sqrt((((spectra - m) / deviation) ** 2).mean(axis=1)) for m in medians]
    )
    ids = np.array([c.id for c in classes])
    at = np.searchsorted(ids, samples.class_ids)
    distances = to_all[np.arange(len(at)), at]
    limits = np.array([_limit(distances[at == place]) for place in range(len(classes))])
    return LabelSpectra(samples, classes, medians, distances, limits, ids[to_all.argmin(axis=1)])


def _limit(distances: np.ndarray) -> float:
    """The distance whose modified z-score is the limit."""
    if len(distances) < FEWEST_TO_JUDGE:
        return np.inf
    middle = np.median(distances)
    return float(middle + MODIFIED_Z_LIMIT * MAD_TO_SIGMA * np.median(abs(distances - middle)))


def suspicious_pixels(measured: LabelSpectra, scene: Scene) -> pd.DataFrame:
    """The suspicious pixels as a table: those like another class first, of both the farthest first.

    A pixel like another class may be mislabelled; one like its own is more often a rare kind of it.

    Columns: ``row``, ``col`` (from 0), ``x``, ``y`` (of the pixel's centre; where the scene has a
    transform), ``class_id``, ``class``, ``sample`` (the polygon or point it came from, where
    known), ``distance``, ``limit``, ``looks_like`` (the class whose median is nearest).
    """
    chosen = np.flatnonzero(measured.is_suspicious)
    samples, names = measured.samples, {c.id: c.name for c in measured.classes}
    ids = [c.id for c in measured.classes]
    rows, cols, class_ids = (a[chosen] for a in (samples.rows, samples.cols, samples.class_ids))
    content: dict[str, Any] = {"row": rows, "col": cols}
    if scene.transform is not None:
        content["x"], content["y"] = pixel_centres(scene.transform, rows, cols)
    content["class_id"] = class_ids
    content["class"] = [names[i] for i in class_ids.tolist()]
    if samples.sample_ids is not None:
        content["sample"] = samples.sample_ids[chosen]
    content["distance"] = measured.distances[chosen]
    content["limit"] = measured.limits[np.searchsorted(ids, class_ids)]
    content["looks_like"] = [names[i] for i in measured.nearest[chosen].tolist()]
    table = pd.DataFrame(content)
    beyond = (table["distance"] / table["limit"]).to_numpy()
    order = np.lexsort([-beyond, table["looks_like"] == table["class"]])
    return table.iloc[order].reset_index(drop=True)
