"""Accuracy assessment of a map: error matrix, accuracies and areas, with intervals.

Rows are classes of the map, columns reference classes, as the field writes it (Congalton, 1991,
Remote Sensing of Environment 37, 35-46). From a sample drawn by design the matrix and all that
follows are estimates for the whole map (:func:`assess_sample`); from other labels they speak of
these labels (:func:`assess_labels`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hsidiff.assessment.design import Design, estimate_ratio, estimate_share
from hsidiff.assessment.intervals import Estimate, wilson
from hsidiff.labels.label_map import LandClass

FEW_SAMPLES = 30
"""Below so many scored samples every interval is wide, and the assessment says so."""


@dataclass(frozen=True)
class ClassAssessment:
    """What is known of one class; shares are fractions.

    Attributes:
        land_class: the class.
        n_mapped: samples that the map shows as this class.
        n_reference: samples whose reference is this class.
        users_accuracy: share of what is mapped as the class that is of it; None if no sample is
            mapped as it.
        producers_accuracy: share of the class that is mapped as it; None if no sample is of it.
        f1: harmonic mean of the two; None if neither is known.
        area_share: share of the area that is of the class, from the sample and not from counting
            the map's pixels; None if the labels are no sample drawn by design.
    """

    land_class: LandClass
    n_mapped: int
    n_reference: int
    users_accuracy: Estimate | None
    producers_accuracy: Estimate | None
    f1: float | None
    area_share: Estimate | None = None


@dataclass(frozen=True, eq=False)
class Assessment:
    """Accuracy of a map.

    Attributes:
        classes: those of the map or the reference, by increasing id.
        counts: (classes + 1, classes) int, samples by class of the map (rows; the last one: not
            mapped) and reference class (columns).
        shares: the same as estimated shares of the area, (classes + 1, classes); None if the
            labels are no sample drawn by design.
        overall_accuracy: share that the map has right.
        kappa: Cohen's kappa, of the shares if there are some; None where it is not defined.
        per_class: one entry per class.
        n_scored: number of samples.
        accuracy_where_mapped: share that is right of what the map has a class for; None where it
            has one everywhere, or nowhere.
    """

    classes: tuple[LandClass, ...]
    counts: np.ndarray = field(repr=False)
    shares: np.ndarray | None = field(repr=False)
    overall_accuracy: Estimate
    kappa: float | None
    per_class: tuple[ClassAssessment, ...]
    n_scored: int
    accuracy_where_mapped: Estimate | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""

        def numbers(estimate: Estimate | None) -> dict[str, Any] | None:
            return None if estimate is None else estimate.to_json()

        classes = [
            {
                "id": entry.land_class.id,
                "name": entry.land_class.name,
                "n_mapped": entry.n_mapped,
                "n_reference": entry.n_reference,
                "users_accuracy": numbers(entry.users_accuracy),
                "producers_accuracy": numbers(entry.producers_accuracy),
                "f1": entry.f1,
                "area_share": numbers(entry.area_share),
            }
            for entry in self.per_class
        ]
        return {
            "by_design": self.shares is not None,
            "n_scored": self.n_scored,
            "overall_accuracy": self.overall_accuracy.to_json(),
            "accuracy_where_mapped": numbers(self.accuracy_where_mapped),
            "kappa": self.kappa,
            "classes": classes,
            "error_matrix": self.counts.tolist(),
            "error_matrix_shares": None if self.shares is None else self.shares.tolist(),
        }


def assess_sample(
    classes: Sequence[LandClass],
    strata: np.ndarray,
    mapped: np.ndarray,
    reference: np.ndarray,
    n_pixels: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    are_map_classes: bool = False,
) -> Assessment:
    """Assess a map with a stratified random sample, by the sample's design.

    Args:
        classes: all classes of map and reference, by increasing id.
        strata: (samples,) the stratum of each sample, from 0.
        mapped: (samples,) class id of the map, 0 = not mapped.
        reference: (samples,) class id of the reference.
        n_pixels: (strata,) pixels of each stratum; each stratum has at least one sample.
        weights: (strata,) sizes of the strata, such as hectares; None takes their pixels.
        are_map_classes: whether each stratum holds all pixels of one class of this map, and
            nothing else. Then other strata say nothing about a class's user's accuracy.

    Returns:
        The assessment, with shares and areas.
    """
    cells = _counted(classes, strata, mapped, reference, len(n_pixels))
    sizes = n_pixels if weights is None else weights
    design = Design(n_pixels, cells.sum(axis=(1, 2)), sizes / sizes.sum())

    def right_of_mapped(right: np.ndarray, of_map: np.ndarray) -> Estimate | None:
        """The share of what is mapped that is right, from the strata that speak of it."""
        holds = of_map > 0 if are_map_classes else np.ones(len(of_map), dtype=bool)
        return estimate_ratio(right[holds], (of_map - right)[holds], design.of(holds))

    per_stratum = design.weights / design.n_samples
    shares: np.ndarray = (per_stratum[:, None, None] * cells).sum(axis=0)
    right = np.trace(cells, axis1=1, axis2=2)
    per_class = []
    for k, land_class in enumerate(classes):
        hits, of_map, of_reference = cells[:, k, k], cells[:, k].sum(axis=1), cells[:, :, k]
        n_of_reference = of_reference.sum(axis=1)
        per_class.append(
            ClassAssessment(
                land_class,
                int(of_map.sum()),
                int(n_of_reference.sum()),
                right_of_mapped(hits, of_map),
                estimate_ratio(hits, n_of_reference - hits, design),
                _f1(shares, k),
                estimate_share(n_of_reference, design),
            )
        )
    is_mapped_everywhere = not cells[:, -1].any()
    of_map = cells[:, :-1].sum(axis=(1, 2))
    return Assessment(
        tuple(classes),
        cells.sum(axis=0),
        shares,
        estimate_share(right, design),
        _kappa(shares),
        tuple(per_class),
        len(reference),
        None if is_mapped_everywhere else right_of_mapped(right, of_map),
    )


def assess_labels(
    classes: Sequence[LandClass], mapped: np.ndarray, reference: np.ndarray
) -> Assessment:
    """Assess a map on labels that were not drawn by design: shares of the labels themselves.

    Intervals are Wilson's, as if each label had been drawn on its own.

    Args:
        classes: all classes of map and reference, by increasing id.
        mapped: (labels,) class id of the map, 0 = not mapped.
        reference: (labels,) class id of the label.

    Returns:
        The assessment, without shares and areas.
    """
    (counts,) = _counted(classes, np.zeros_like(mapped), mapped, reference, 1)
    per_class = tuple(
        ClassAssessment(
            land_class,
            int(counts[k].sum()),
            int(counts[:, k].sum()),
            wilson(int(counts[k, k]), int(counts[k].sum())) if counts[k].any() else None,
            wilson(int(counts[k, k]), int(counts[:, k].sum())) if counts[:, k].any() else None,
            _f1(counts, k),
        )
        for k, land_class in enumerate(classes)
    )
    n_right, n = int(np.trace(counts)), len(reference)
    kappa = _kappa(counts / n)
    return Assessment(tuple(classes), counts, None, wilson(n_right, n), kappa, per_class, n)


def _counted(
    classes: Sequence[LandClass],
    strata: np.ndarray,
    mapped: np.ndarray,
    reference: np.ndarray,
    n_strata: int,
) -> np.ndarray:
    """Error matrices of counts, (strata, classes + 1, classes); the last row is not mapped."""
    ids = [c.id for c in classes]
    rows = np.where(mapped > 0, np.searchsorted(ids, mapped), len(ids))
    cells = np.zeros((n_strata, len(ids) + 1, len(ids)), dtype=int)
    np.add.at(cells, (strata, rows, np.searchsorted(ids, reference)), 1)
    return cells


def _f1(matrix: np.ndarray, k: int) -> float | None:
    """2 p_kk / (p_k+ + p_+k) of an error matrix of counts or shares."""
    both = matrix[k].sum() + matrix[:, k].sum()
    return None if both == 0 else float(2 * matrix[k, k] / both)


def _kappa(shares: np.ndarray) -> float | None:
    """Cohen's kappa of an error matrix of shares, whose last row is not mapped.

    Source: Congalton (1991); from estimated shares, Stehman (1996), Photogrammetric Engineering and
    Remote Sensing 62, 401-407.
    """
    agreed = float(np.trace(shares))
    chance = float(shares[:-1].sum(axis=1) @ shares.sum(axis=0))
    return None if np.isclose(chance, 1) else (agreed - chance) / (1 - chance)
