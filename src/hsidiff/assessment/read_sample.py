"""Read a sample that people have filled in."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from affine import Affine

from hsidiff.amounts import count
from hsidiff.assessment.reference import reference_classes
from hsidiff.assessment.sample_file import (
    ALL_PIXELS,
    STRATUM,
    STRATUM_HECTARES,
    STRATUM_PIXELS,
)
from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.columns import REFERENCE
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.projection import project
from hsidiff.scenes.pixel_places import transformed
from hsidiff.scenes.scene import Scene

_SHAPEFILE_NAME = 10
"""A shapefile keeps so many letters of a field's name."""


@dataclass(frozen=True)
class Sample:
    """A sample with its reference classes, and its design.

    Attributes:
        rows: (samples,) row of the map that holds each, outside the map where there is none.
        cols: (samples,) columns.
        strata: (samples,) positions in the list of strata.
        reference: (samples,) class ids.
        classes: the map's classes, and those that only the reference knows; by increasing id.
        names: (strata,) what the strata are called.
        n_pixels: (strata,) pixels.
        hectares: (strata,) areas; None where they are not known.
        n_empty: samples without a reference class, which are left out.
    """

    rows: np.ndarray
    cols: np.ndarray
    strata: np.ndarray
    reference: np.ndarray
    classes: tuple[LandClass, ...]
    names: tuple[str, ...]
    n_pixels: np.ndarray
    hectares: np.ndarray | None
    n_empty: int

    def class_of(self, values: np.ndarray) -> np.ndarray:
        """(samples,) what a map (rows, cols) shows at each; 0 outside and where it is not known."""
        n_rows, n_cols = values.shape
        inside = (self.rows >= 0) & (self.rows < n_rows) & (self.cols >= 0) & (self.cols < n_cols)
        mapped = np.zeros(len(self.rows), dtype=int)
        mapped[inside] = values[self.rows[inside], self.cols[inside]]
        return np.where(np.isin(mapped, [c.id for c in self.classes]), mapped, 0)

    def strata_are_classes_of(self, values: np.ndarray) -> bool:
        """Whether each stratum is one class of a map (rows, cols), with all of its pixels."""
        mapped = self.class_of(values)
        of_strata = [np.unique(mapped[self.strata == h]) for h in range(len(self.names))]
        ids = [int(found[0]) for found in of_strata if len(found) == 1]
        known, counts = np.unique(values[values > 0], return_counts=True)
        of_map = dict(zip(known.tolist(), counts.tolist(), strict=True))
        pixels = dict(zip(ids, self.n_pixels.tolist(), strict=False))
        return len(ids) == len(of_strata) and pixels == of_map


def is_sample(features: geopandas.GeoDataFrame) -> bool:
    """Whether a table has the columns of a sample's design."""
    return all(_column(features, name) is not None for name in (STRATUM, STRATUM_PIXELS))


def read_sample(
    features: geopandas.GeoDataFrame,
    grid: Scene,
    legend: Sequence[LandClass],
    name: str,
    field: str | None = None,
) -> Sample:
    """Read a sample of a map, or of an earlier map of the same place.

    Args:
        features: points with the columns that :func:`hsidiff.assessment.sample_file.sample_table`
            writes; ``stratum_hectares`` and ``population_pixels`` may be missing.
        grid: the grid of the map to be assessed.
        legend: its classes.
        name: what to call the sample in messages.
        field: column of the reference class, by name or id; None takes ``reference``.

    Raises:
        LabelError: if the design is not complete, or no reference class is given.

    Warns:
        HsidiffWarning: if points have no reference class, or the map does not know it.
    """
    column = field or _column(features, REFERENCE)
    if column is None or column not in features.columns:
        raise LabelError(
            f"{name}: no field {field or REFERENCE!r} with the reference classes: it has "
            f"{', '.join(map(str, features.columns))}: name it with --field"
        )
    texts = features[column].map(_as_text)
    is_given = (texts != "").to_numpy()
    if not is_given.any():
        raise LabelError(
            f"{name}: no point has a class in {column!r} yet: fill in names or ids of classes"
        )
    positions, names, n_pixels, hectares = _design(features, is_given, name)
    classes, reference = reference_classes(legend, texts[is_given], name)
    rows, cols = _pixels(features[is_given], grid, name)
    if n_empty := int((~is_given).sum()):
        warnings.warn(
            f"{name}: {count(n_empty)} of {count(len(features))} points have no reference "
            "class: they are left out, as if nothing set them apart from the others of their "
            "stratum",
            HsidiffWarning,
            stacklevel=2,
        )
    strata = positions[is_given]
    return Sample(rows, cols, strata, reference, classes, names, n_pixels, hectares, n_empty)


def _column(features: pd.DataFrame, name: str) -> str | None:
    """The column of a name, or of what a shapefile leaves of it."""
    short = name[:_SHAPEFILE_NAME]
    return next((column for column in (name, short) if column in features.columns), None)


def _as_text(value: Any) -> str:
    """A cell as text, whole numbers without a point; "" where there is nothing."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _numbers(features: pd.DataFrame, column: str, name: str) -> np.ndarray:
    """(points,) float64, NaN for an empty cell."""
    try:
        return pd.to_numeric(features[column]).to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise LabelError(f"{name}: field {column!r} must hold numbers ({error})") from error


def _design(
    features: pd.DataFrame, is_given: np.ndarray, name: str
) -> tuple[np.ndarray, tuple[str, ...], np.ndarray, np.ndarray | None]:
    """Positions (points,) of the strata, their names, pixels, and hectares."""
    texts = features[_column(features, STRATUM)].map(_as_text)
    if (texts == "").any():
        raise LabelError(f"{name}: {(texts == '').sum()} points have no {STRATUM}: draw it again")
    names = sorted(set(texts), key=lambda text: (len(text), text))
    positions = texts.map({text: place for place, text in enumerate(names)}).to_numpy(dtype=int)
    n_pixels = _per_stratum(features, STRATUM_PIXELS, positions, names, name)
    assert n_pixels is not None  # else this would be no sample
    n_samples = np.bincount(positions[is_given], minlength=len(names))
    for stratum, n, available in zip(names, n_samples, n_pixels, strict=True):
        if n == 0:
            raise LabelError(
                f"{name}: no point of stratum {stratum} has a reference class: label at least one "
                "of each stratum, better all"
            )
        if n > available or available != np.round(available):
            raise LabelError(
                f"{name}: stratum {stratum} has {n} points and {STRATUM_PIXELS} {available:g}: "
                "expected a whole number of pixels, as many as points at least"
            )
    _check_nothing_is_missing(features, n_pixels, name)
    hectares = _per_stratum(features, STRATUM_HECTARES, positions, names, name)
    return positions, tuple(names), n_pixels, hectares


def _per_stratum(
    features: pd.DataFrame, column: str, positions: np.ndarray, names: Sequence[str], name: str
) -> np.ndarray | None:
    """(strata,) what all points of a stratum agree on; None if the column is absent or empty."""
    found = _column(features, column)
    values = None if found is None else _numbers(features, found, name)
    if values is None or np.isnan(values).all():
        return None
    numbers = np.empty(len(names))
    for place, stratum in enumerate(names):
        of_stratum = np.unique(values[positions == place])
        if len(of_stratum) != 1 or not of_stratum[0] > 0:
            raise LabelError(
                f"{name}: {column} of stratum {stratum} is {', '.join(map(str, of_stratum))}: "
                "expected one number above 0"
            )
        numbers[place] = of_stratum[0]
    return numbers


def _check_nothing_is_missing(features: pd.DataFrame, n_pixels: np.ndarray, name: str) -> None:
    """Refuse a file from which all points of a stratum were deleted."""
    column = _column(features, ALL_PIXELS)
    if column is None:
        return
    population = np.unique(_numbers(features, column, name))
    if len(population) != 1 or population[0] != n_pixels.sum():
        raise LabelError(
            f"{name}: its strata have {n_pixels.sum():.0f} pixels, {ALL_PIXELS} says "
            f"{', '.join(f'{number:.0f}' for number in population)}: put back the points that were "
            "deleted; one that cannot be labelled stays, with an empty reference"
        )


def _pixels(
    points: geopandas.GeoDataFrame, grid: Scene, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the pixel that holds each point; -1 for one without a place."""
    if points.active_geometry_name is None or shapely.is_missing(points.geometry.to_numpy()).any():
        raise LabelError(f"{name}: a point has no place: draw the sample again")
    places = shapely.get_coordinates(shapely.centroid(project(points.geometry, grid, name)))
    cols, rows = transformed(~(grid.transform or Affine.identity()), *places.T)
    is_placed = np.isfinite(rows) & np.isfinite(cols)
    rows, cols = (np.where(is_placed, np.floor(axis), -1).astype(int) for axis in (rows, cols))
    n_rows, n_cols = grid.shape
    if not ((rows >= 0) & (rows < n_rows) & (cols >= 0) & (cols < n_cols)).any():
        raise LabelError(
            f"{name}: no point lies in {grid.name}: check that both are of one place (a table has "
            "its coordinates in the CRS of the map that it was drawn from)"
        )
    return rows, cols
