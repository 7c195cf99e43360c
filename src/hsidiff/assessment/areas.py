"""Areas of the classes of a map: counted in the map, and adjusted by a sample."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from hsidiff.assessment.assess import Assessment
from hsidiff.assessment.intervals import Estimate
from hsidiff.labels.label_map import LandClass
from hsidiff.scenes.pixel_area import pixel_hectares
from hsidiff.scenes.window import Window

NO_HECTARES = "the map has no known place on the earth (no CRS): areas are in pixels only"


@dataclass(frozen=True)
class ClassArea:
    """What a map shows as one class.

    Attributes:
        id: class id.
        name: class name.
        pixels: number of pixels.
        hectares: their area; None where the map has no place on the earth.
    """

    id: int
    name: str
    pixels: int
    hectares: float | None

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


def areas_of_map(
    values: np.ndarray,
    classes: Sequence[LandClass],
    crs: CRS | None,
    transform: Affine | None,
) -> list[ClassArea]:
    """Pixels and hectares of each class of a map, in the order of the legend.

    These areas are what the map shows. Its errors do not cancel out: what is true on the ground,
    with an interval, takes a sample (:func:`hsidiff.assessment.assess.assess_sample`).

    Args:
        values: (rows, cols) class ids, 0 = not mapped.
        classes: the legend.
        crs: coordinate reference system, or None.
        transform: affine transform from (col, row) to map coordinates, or None.
    """
    shape = (values.shape[0], values.shape[1])
    return areas_of_windows([(Window.whole(shape), values)], classes, shape, crs, transform)


def areas_of_windows(
    windows: Iterable[tuple[Window, np.ndarray]],
    classes: Sequence[LandClass],
    shape: tuple[int, int],
    crs: CRS | None,
    transform: Affine | None,
) -> list[ClassArea]:
    """As :func:`areas_of_map`, of a map of ``shape`` (rows, cols) that comes window by window.

    Args:
        windows: each with its class ids (rows, cols), 0 = not mapped.
        classes: the legend.
        shape: rows and columns of the map.
        crs: as there, and so is ``transform``.
        transform: as there.
    """
    hectares_of_rows = pixel_hectares(shape, crs, transform)
    of_rows = np.zeros((len(classes), shape[0]), dtype=np.int64)
    for window, values in windows:
        rows, _ = window.slices
        for counts, c in zip(of_rows, classes, strict=True):
            counts[rows] += np.count_nonzero(values == c.id, axis=1)
    areas = []
    for counts, c in zip(of_rows, classes, strict=True):
        hectares = None if hectares_of_rows is None else float(counts @ hectares_of_rows)
        areas.append(ClassArea(c.id, c.name, int(counts.sum()), hectares))
    return areas


def areas_together(each: Sequence[Sequence[ClassArea]]) -> list[ClassArea]:
    """The areas of several maps with one legend; ground that several of them show counts in each.

    Hectares are given only where those of all maps are known.
    """
    together = []
    for areas in zip(*each, strict=True):
        known = [area.hectares for area in areas if area.hectares is not None]
        hectares = sum(known) if len(known) == len(areas) else None
        pixels = sum(area.pixels for area in areas)
        together.append(replace(areas[0], pixels=pixels, hectares=hectares))
    return together


@dataclass(frozen=True)
class AdjustedArea:
    """What a sample says of the area of one class: the map's area, corrected for its errors.

    Attributes:
        pixels: the area in pixels.
        hectares: the same in hectares; None where the map has no place on the earth.
    """

    pixels: Estimate
    hectares: Estimate | None


def adjusted_areas(
    assessment: Assessment, n_pixels: float, hectares: float | None
) -> list[AdjustedArea] | None:
    """The error-adjusted area of each class, with its 95 % interval.

    Source: Olofsson et al. (2014), equations 9 to 11; Stehman (2014), equation 14.

    Args:
        assessment: of a sample drawn by design.
        n_pixels: pixels of all strata.
        hectares: their area, or None.

    Returns:
        One entry per class of the assessment; None if its labels are no sample drawn by design.
    """
    shares = [entry.area_share for entry in assessment.per_class]
    return [
        AdjustedArea(share.scaled(n_pixels), None if hectares is None else share.scaled(hectares))
        for share in shares
        if share is not None
    ] or None
