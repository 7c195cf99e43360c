"""A label map: the class of each labelled pixel of a scene, 0 where there is no label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from affine import Affine
from rasterio.crs import CRS

from hsidiff.amounts import count
from hsidiff.errors import LabelError
from hsidiff.labels.class_colors import class_colors
from hsidiff.labels.hex_colors import is_hex_color
from hsidiff.labels.overlap import Overlap

UNITS = ("blocks", "fields")
"""What is held out as a whole: squares of 16 pixels, or fields."""


@dataclass(frozen=True)
class LandClass:
    """One class of the legend.

    Attributes:
        id: the number that stands for it in label maps and maps, at least 1.
        name: what people call it.
        color: ``#rrggbb``.
    """

    id: int
    name: str
    color: str

    def __post_init__(self) -> None:
        """Refuse what no file of ours and no reader makes, but somebody may write into a file.

        Raises:
            LabelError: naming it.
        """
        is_number = isinstance(self.id, Integral) and not isinstance(self.id, bool)
        if not (is_number and isinstance(self.name, str) and isinstance(self.color, str)):
            raise LabelError(
                f"a class has the id {self.id!r} and the name {self.name!r}: "
                "expected a whole number and text"
            )
        if self.color != "" and not is_hex_color(self.color):
            raise LabelError(f"class {self.id} has the colour {self.color!r}: expected #rrggbb")


def classes_of_entries(entries: Sequence[Mapping[str, Any]]) -> tuple[LandClass, ...]:
    """The legend that stands in a file of ours as id, name and colour of each class.

    Raises:
        TypeError: if they are something else.
        LabelError: if an id, a name or a colour is none, or ids do not increase.
    """
    classes = tuple(LandClass(**entry) for entry in entries)
    ids = [land_class.id for land_class in classes]
    if ids != sorted(set(ids)) or not all(land_class.color for land_class in classes):
        raise LabelError(f"class ids {ids} must be in increasing order, each with a colour")
    return classes


def with_colors(classes: Sequence[LandClass], colors: Mapping[int, str]) -> tuple[LandClass, ...]:
    """Classes with the colours that are given by id, the others with colours by their names."""
    given = {place: colors[c.id] for place, c in enumerate(classes) if c.id in colors}
    chosen = class_colors([c.name for c in classes], given)
    return tuple(replace(c, color=color) for c, color in zip(classes, chosen, strict=True))


def own_colors(classes: Sequence[LandClass]) -> dict[int, str]:
    """The colours, by class id, that somebody chose: others than names alone would give."""
    by_name = class_colors([c.name for c in classes])
    return {c.id: c.color for c, color in zip(classes, by_name, strict=True) if c.color != color}


@dataclass(frozen=True)
class LabelMap:
    """The labelled pixels of a scene.

    Class ids are those of the user's file and travel to the map unchanged; they need not be
    consecutive.

    Attributes:
        values: (rows, cols) int32, the class id of each pixel, 0 = unlabelled.
        classes: the legend, by increasing id; may hold classes without a pixel.
        sample_ids: (rows, cols) int32, which polygon or point a label came from or, after a split
            by fields, which field, 0 = none; None for other labels that came as a raster.
        region: (rows, cols) bool, the part of the scene that belongs to these labels (the training
            blocks of a block split, say); None where nothing is said.
        crs: coordinate reference system, or None.
        transform: affine transform from (col, row) to map coordinates, or None.
        source_pixels: (rows, cols) int, which measured pixel each pixel shows, -1 = none; None
            where each was measured by itself (:meth:`hsidiff.scenes.scene.Scene.source_pixels`).
        overlap: of the labels of several scenes, where these show the same ground; else None.
        unit: what is held out as a whole where a classifier chooses or calibrates something by
            held-out labels, one of :data:`UNITS` (:func:`hsidiff.labels.ground.held_out_units`).
            It should be what the map will be asked about: other squares, or fields that nobody saw.
            Points and polygons say "fields", and so does a split by fields.
    """

    values: np.ndarray = field(repr=False)
    classes: tuple[LandClass, ...]
    sample_ids: np.ndarray | None = field(default=None, repr=False)
    region: np.ndarray | None = field(default=None, repr=False)
    crs: CRS | None = None
    transform: Affine | None = None
    source_pixels: np.ndarray | None = field(default=None, repr=False)
    overlap: Overlap | None = field(default=None, repr=False)
    unit: str = "blocks"

    def __post_init__(self) -> None:
        """Check that every value is 0 or the id of a class, and ids increase."""
        if self.unit not in UNITS:
            raise LabelError(f"unit={self.unit!r}: must be {' or '.join(UNITS)}")
        ids = [land_class.id for land_class in self.classes]
        if ids != sorted(set(ids)) or (ids and ids[0] < 1):
            raise LabelError(f"class ids {ids} must be unique, at least 1, in increasing order")
        # Of a large scene few pixels are labelled: to sort all would take its size in memory.
        unknown = sorted(set(np.unique(self.values[self.values != 0]).tolist()) - set(ids))
        if unknown:
            raise LabelError(f"label {unknown[0]} is not among the class ids {ids}")

    def __repr__(self) -> str:
        """The size, and a table of the classes."""
        counts = self.counts()
        rows = [(c.id, c.name, counts[c.id]) for c in self.classes]
        table = pd.DataFrame(rows, columns=["id", "class", "pixels"])
        size = f"{self.shape[0]} x {self.shape[1]} pixels, {count(self.n_labelled)} labelled"
        return f"LabelMap: {size}\n{as_text(table)}"

    @classmethod
    def from_array(
        cls,
        values: np.ndarray,
        names: dict[int, str] | None = None,
        colors: dict[int, str] | None = None,
        **attributes: object,
    ) -> "LabelMap":
        """Make a label map from an array.

        Args:
            values: (rows, cols) whole numbers, 0 = unlabelled.
            names: class id to name; an id without a name is called ``class <id>``. Ids that have a
                name but no pixel stay in the legend.
            colors: class id to ``#rrggbb``; an id without one gets one by its name.
            **attributes: the other attributes of :class:`LabelMap`.

        Raises:
            LabelError: if the array is not two-dimensional, or holds anything but class ids and 0.
        """
        values = np.asarray(values)
        if values.ndim != 2:
            raise LabelError(f"labels have shape {values.shape}: expected (rows, cols)")
        is_numeric = values.dtype.kind in "biuf" and values.size > 0
        if (
            not is_numeric
            or not ((values >= 0) & (values <= np.iinfo(np.int32).max)).all()
            or (values.dtype.kind == "f" and (values != np.round(values)).any())
        ):
            raise LabelError("labels must be whole numbers from 0 to 2147483647 (0 = unlabelled)")
        names, colors = names or {}, colors or {}
        ids = sorted((set(np.unique(values[values != 0]).astype(int).tolist()) | set(names)) - {0})
        classes = with_colors([LandClass(i, names.get(i, f"class {i}"), "") for i in ids], colors)
        return cls(values.astype(np.int32), classes, **attributes)  # type: ignore[arg-type]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape

    @property
    def n_labelled(self) -> int:
        """Number of labelled pixels."""
        return int(np.count_nonzero(self.values))

    @property
    def used_classes(self) -> tuple[LandClass, ...]:
        """The classes of the legend that have a label."""
        counts = self.counts()
        return tuple(c for c in self.classes if counts[c.id])

    def counts(self) -> dict[int, int]:
        """Number of labelled pixels of each class of the legend, by class id."""
        ids, counts = np.unique(self.values[self.values != 0], return_counts=True)
        counted = dict(zip(ids.tolist(), counts.tolist(), strict=True))
        return {land_class.id: counted.get(land_class.id, 0) for land_class in self.classes}

    def keeping(self, mask: np.ndarray, region: np.ndarray | None = None) -> "LabelMap":
        """These labels where ``mask`` (rows, cols) is True, and unlabelled elsewhere."""
        values = np.where(mask, self.values, 0).astype(np.int32, copy=False)
        ids = None if self.sample_ids is None else np.where(mask, self.sample_ids, 0)
        return replace(self, values=values, sample_ids=ids, region=region)

    def renumbered(self, new_ids: Mapping[int, int], classes: Sequence[LandClass]) -> "LabelMap":
        """These labels with other class ids.

        Args:
            new_ids: old to new id, of each class that has a label; 0 stays 0.
            classes: the legend of the new ids.
        """
        lookup = np.zeros(max(new_ids, default=0) + 1, dtype=np.int32)
        lookup[list(new_ids)] = list(new_ids.values())
        return replace(self, values=lookup[self.values], classes=tuple(classes))


def most_probable_of(classes: Sequence[LandClass], probabilities: np.ndarray) -> np.ndarray:
    """Class ids (...,) int32 of probabilities (..., n_classes); 0 where all are 0."""
    ids = np.array([land_class.id for land_class in classes], dtype=np.int32)
    return np.where(probabilities.any(axis=-1), ids[probabilities.argmax(axis=-1)], 0)


def labels_together(parts: Sequence[LabelMap]) -> LabelMap:
    """Labels of one grid and legend that share no pixel, as one label map without samples."""
    values = np.add.reduce([part.values for part in parts], dtype=np.int32)
    return replace(parts[0], values=values, sample_ids=None, region=None)


def as_text(table: pd.DataFrame) -> str:
    """A table as lines of plain columns, as ``repr`` shows it."""
    text: str = table.to_markdown(index=False, tablefmt="plain")
    return text
