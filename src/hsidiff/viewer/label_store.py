"""The labels that are being made: changed one step at a time, undone, and saved after each step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hsidiff.errors import LabelError
from hsidiff.labels.class_colors import N_PLAIN_COLORS, class_colors, default_color
from hsidiff.labels.hex_colors import is_hex_color
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.scenes.scene import Scene
from hsidiff.viewer.label_file import read_label_file, write_label_file
from hsidiff.viewer.shapes import (
    Feature,
    area_of,
    burned,
    pixel_of,
    point,
    polygon,
    stroke,
    without_area,
)

FIRST_CELL_PX = 4
"""Side of the cells in which the parts of too many labels are joined first; it is doubled."""
JOINERS = "\u200c\u200d"
"""In Persian and Hindi words and in emoji of several parts; str.isprintable says no to them."""
MAX_FEATURES, MAX_CLASSES, MAX_NAME, MAX_STEPS_BACK = 5_000, 255, 80, 200


@dataclass(frozen=True)
class Labels:
    """Labels between two changes.

    Attributes:
        features: no two of them hold the same pixel under different classes.
        classes: the legend, by increasing id.
    """

    features: tuple[Feature, ...]
    classes: tuple[LandClass, ...]


class LabelStore:
    """Labels of a scene in a file. Several threads may change them, one after the other.

    Attributes:
        path: the GeoPackage; it holds the last change before the change is answered.
        version: counts the changes.
    """

    def __init__(self, scene: Scene, path: Path, first: LabelMap | None = None) -> None:
        """Open labels: those of the file, if there is one, else ``first``, else none."""
        self.path, self.version = path, 0
        self._scene, self._lock = scene, RLock()
        self._past: list[Labels] = []
        self._future: list[Labels] = []
        self._burned: tuple[int, LabelMap] | None = None
        if path.exists():
            features, classes = read_label_file(path, scene)
            self._now = Labels(tuple(features), tuple(classes))
        else:
            self._now = _of_label_map(first) if first is not None else Labels((), _two_classes())
            self._save(self._now)

    @property
    def now(self) -> Labels:
        """The labels as they are."""
        return self._now

    def to_json(self) -> dict[str, Any]:
        """What a page needs to draw them; positions are (col, row)."""
        with self._lock:
            counts = self.label_map().counts()
            return {
                "version": self.version,
                "classes": [vars(c) | {"n_pixels": counts[c.id]} for c in self._now.classes],
                "features": [_feature_json(feature) for feature in self._now.features],
                "can_undo": bool(self._past),
                "can_redo": bool(self._future),
            }

    def label_map(self) -> LabelMap:
        """The labelled pixels."""
        with self._lock:
            if self._burned is None or self._burned[0] != self.version:
                now, scene = self._now, self._scene
                positions = burned(now.features, scene.shape)
                ids = np.array([0, *(feature.class_id for feature in now.features)], dtype=np.int32)
                labels = LabelMap(
                    ids[positions],
                    now.classes,
                    sample_ids=positions,
                    unit="fields",
                    crs=scene.crs,
                    transform=scene.transform,
                )
                self._burned = self.version, labels
            return self._burned[1]

    def add_point(self, class_id: int, position: Any) -> None:
        """Label the pixel at a position (col, row); another label of it goes."""
        spot = point(position, self._scene.shape)
        self._add(class_id, spot, pixel_of(spot))

    def add_polygon(self, class_id: int, corners: Any) -> None:
        """Label the pixels inside a polygon; what others said of them goes."""
        area = polygon(corners, self._scene.shape)
        self._add(class_id, area, area)

    def paint(self, class_id: int, path: Any, radius_px: float) -> None:
        """Label the pixels under a brush; strokes of one class that touch become one area."""
        area = stroke(path, radius_px, self._scene.shape)
        self._add(class_id, area, area, joined=True)

    def erase(self, path: Any, radius_px: float) -> None:
        """Take the labels away under a brush."""
        area = stroke(path, radius_px, self._scene.shape)
        with self._lock:
            self._change(replace(self._now, features=tuple(without_area(self._now.features, area))))

    def add_class(self, name: str) -> int:
        """Add a class and give its id.

        Raises:
            LabelError: if there are too many classes, or the name is none or taken.
        """
        with self._lock:
            classes = self._now.classes
            if len(classes) >= MAX_CLASSES:
                raise LabelError(f"there are {MAX_CLASSES} classes already: remove one")
            # An id that a map was trained with keeps its meaning, also when its class is gone.
            known = (c.id for labels in self._all() for c in labels.classes)
            new_id = max(known, default=0) + 1
            plain = self._checked_name(name, new_id)
            given = {place: c.color for place, c in enumerate(classes)}
            color = class_colors([*(c.name for c in classes), plain], given)[-1]
            new = LandClass(new_id, plain, color)
            self._change(replace(self._now, classes=(*classes, new)))
            return new_id

    def change_class(self, class_id: int, name: str, color: str) -> None:
        """Rename or recolour a class.

        One that is renamed, and whose colour nobody chose, gets the colour of its new name.

        Raises:
            LabelError: if there is no such class, the colour is not #rrggbb, or the name is none or
                taken.
        """
        with self._lock:
            old = self._class(class_id)
            if not is_hex_color(color):
                raise LabelError(f"color={color[:20]!r}: expected #rrggbb")
            # A file may have given it a name that nobody could type; whoever recolours it keeps it.
            plain = name if name == old.name else self._checked_name(name, class_id)
            color = color.lower()
            if color == old.color and plain != old.name and _is_automatic(old):
                color = self._meant_color(class_id, plain)
            new = LandClass(class_id, plain, color)
            classes = tuple(new if c == old else c for c in self._now.classes)
            self._change(replace(self._now, classes=classes))

    def remove_class(self, class_id: int) -> None:
        """Remove a class with its labels."""
        with self._lock:
            gone = self._class(class_id)
            features = tuple(f for f in self._now.features if f.class_id != class_id)
            self._change(Labels(features, tuple(c for c in self._now.classes if c != gone)))

    def undo(self) -> None:
        """Go one change back, if there is one."""
        self._travel(self._past, self._future)

    def redo(self) -> None:
        """Do again what was undone last."""
        self._travel(self._future, self._past)

    def _travel(self, source: list[Labels], target: list[Labels]) -> None:
        with self._lock:
            if source:
                self._save(source[-1])
                target.append(self._now)
                self._now = source.pop()
                self.version += 1

    def _add(
        self, class_id: int, shape: BaseGeometry, area: BaseGeometry, joined: bool = False
    ) -> None:
        with self._lock:
            self._class(class_id)
            own = [f for f in self._now.features if f.class_id == class_id]
            others = without_area((f for f in self._now.features if f.class_id != class_id), area)
            if shape.geom_type == "Point":
                own = [f for f in own if not f.shape.equals(shape)]
            touching = [f for f in own if joined and _is_area(f) and f.shape.intersects(area)]
            if touching:
                shape = shapely.union_all([shape, *(f.shape for f in touching)])
                own = [f for f in own if f not in touching]
            kept = [*others, *own]
            if len(kept) >= MAX_FEATURES:
                raise LabelError(f"there are {MAX_FEATURES} labels already: erase some")
            new_id = max((f.id for f in self._now.features), default=0) + 1
            new = Feature(new_id, class_id, shape)
            self._change(replace(self._now, features=(*kept, new)))

    def _change(self, new: Labels) -> None:
        """Save first, so that what a page shows is never more than the file holds."""
        if new == self._now:
            return
        self._save(new)
        self._past = [*self._past, self._now][-MAX_STEPS_BACK:]
        self._future.clear()
        self._now = new
        self.version += 1

    def _save(self, labels: Labels) -> None:
        write_label_file(self.path, self._scene, labels.features, labels.classes)

    def _all(self) -> list[Labels]:
        """The labels now, before, and after what was undone."""
        return [*self._past, self._now, *self._future]

    def _class(self, class_id: int) -> LandClass:
        found = [c for c in self._now.classes if c.id == class_id]
        if not found:
            raise LabelError(f"class {class_id}: there is no such class")
        return found[0]

    def _meant_color(self, class_id: int, name: str) -> str:
        """The colour that a class is given under a name, beside the others."""
        classes = self._now.classes
        place = [c.id for c in classes].index(class_id)
        names = [name if c.id == class_id else c.name for c in classes]
        given = {i: c.color for i, c in enumerate(classes) if i != place}
        return class_colors(names, given)[place]

    def _checked_name(self, name: str, class_id: int) -> str:
        """A name without blanks at its ends that no other class has."""
        plain = " ".join(name.split())
        if not 0 < len(plain) <= MAX_NAME or any(map(_is_invisible, plain)):
            raise LabelError(
                f"a name of a class has 1 to {MAX_NAME} characters that are seen: give another"
            )
        taken = {c.name.casefold() for c in self._now.classes if c.id != class_id}
        if plain.casefold() in taken:
            raise LabelError(f"class {plain!r} exists already: give another name")
        return plain


def _is_invisible(character: str) -> bool:
    """Whether a character is none that is written; what joins letters and emoji is."""
    if character in JOINERS:
        return False
    return not character.isprintable()


def _is_automatic(land_class: LandClass) -> bool:
    """Whether a class has a colour as it is given to a class, and so none that somebody chose."""
    given = {default_color(position) for position in range(N_PLAIN_COLORS)}
    return land_class.color in given | set(class_colors([land_class.name]))


def _is_area(feature: Feature) -> bool:
    return feature.shape.geom_type != "Point"


def _feature_json(feature: Feature) -> dict[str, Any]:
    geometry = shapely.geometry.mapping(feature.shape)
    return {"id": feature.id, "class_id": feature.class_id, "geometry": geometry}


def _two_classes() -> tuple[LandClass, ...]:
    names = ("Class 1", "Class 2")
    colors = class_colors(names)
    return tuple(LandClass(i + 1, names[i], colors[i]) for i in range(len(names)))


def _of_label_map(labels: LabelMap) -> Labels:
    """Labels from pixels: the connected parts of each class are areas."""
    parts = [
        (land_class.id, part)
        for land_class in labels.classes
        for part in shapely.get_parts(area_of(labels.values == land_class.id))
    ]
    cell_px = FIRST_CELL_PX
    while len(parts) > MAX_FEATURES:
        parts = _neighbours_together(parts, cell_px)
        cell_px *= 2
    features = (Feature(number, *part) for number, part in enumerate(parts, start=1))
    return Labels(tuple(features), labels.classes)


def _neighbours_together(
    parts: Sequence[tuple[int, BaseGeometry]], cell_px: int
) -> list[tuple[int, BaseGeometry]]:
    """Parts (class id, area), those of a class whose corner lies in one cell of a grid as one.

    So labels far apart stay apart, and can still be held out by their place.
    """
    cells: dict[tuple[int, ...], list[BaseGeometry]] = {}
    for class_id, shape in parts:
        left, top = shape.bounds[:2]
        cell = (class_id, int(left // cell_px), int(top // cell_px))
        cells.setdefault(cell, []).extend(shapely.get_parts(shape))
    # Parts of a class share no side, so there is nothing to dissolve.
    return [(cell[0], shapely.MultiPolygon(shapes)) for cell, shapes in cells.items()]
