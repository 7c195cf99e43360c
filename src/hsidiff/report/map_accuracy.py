"""All that is known of the accuracy of a map, to be told in text, tables and on a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.amounts import count
from hsidiff.assessment.areas import (
    NO_HECTARES,
    AdjustedArea,
    ClassArea,
    adjusted_areas,
    areas_of_map,
    areas_of_windows,
)
from hsidiff.assessment.assess import FEW_SAMPLES, Assessment, assess_labels, assess_sample
from hsidiff.assessment.read_sample import Sample
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.maps.geotiff import class_map_windows
from hsidiff.maps.legend import undecided_of
from hsidiff.report.tables.accuracy_tables import with_interval
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene

NO_DESIGN = (
    "these labels are no sample drawn by design: the numbers speak of the labels, not of the whole "
    "map; adjusted areas need a sample (hsidiff sample)"
)


def areas_of_file(map_path: Path, classes: Sequence[LandClass]) -> list[ClassArea]:
    """Pixels and hectares of each class of a map that was written, which is read by window.

    Args:
        map_path: the map, ``.tif``.
        classes: its legend.
    """
    grid = open_scene(map_path)
    windows = class_map_windows(map_path)
    return areas_of_windows(windows, classes, grid.shape, grid.crs, grid.transform)


@dataclass(frozen=True)
class MapAccuracy:
    """Accuracy and areas of a map.

    Attributes:
        map_path: the map.
        labels_path: the labels, or the sample that was filled in.
        assessment: error matrix and accuracies.
        areas: what the map shows, one entry per class of the assessment, and then what it left
            undecided ("not sure", "none of these").
        adjusted: what a sample drawn by design says; None without one.
        sample: the sample, or None.
    """

    map_path: Path
    labels_path: Path
    assessment: Assessment
    areas: list[ClassArea]
    adjusted: list[AdjustedArea] | None
    sample: Sample | None

    @property
    def cautions(self) -> list[str]:
        """What a reader must know before the numbers are used."""
        told = [NO_DESIGN] if self.sample is None else []
        n = self.assessment.n_scored
        if n < FEW_SAMPLES:
            told.append(f"only {n} samples are scored: look at the intervals, not at the estimates")
        n_unmapped = int(self.assessment.counts[-1].sum())
        if n_unmapped:
            text = f"{count(n_unmapped)} samples lie where this map has no class: none is right"
            if (where_mapped := self.assessment.accuracy_where_mapped) is not None:
                text += f"; of what has a class, {with_interval(where_mapped)} is right"
            told.append(text)
        if all(area.hectares is None for area in self.areas):
            told.append(NO_HECTARES)
        return told

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        areas = []
        for place, area in enumerate(self.areas):
            entry: dict[str, Any] = area.to_json()
            if self.adjusted is not None and place < len(self.adjusted):
                adjusted = self.adjusted[place]
                entry["adjusted_pixels"] = adjusted.pixels.to_json()
                entry["adjusted_hectares"] = adjusted.hectares and adjusted.hectares.to_json()
            areas.append(entry)
        strata = None
        if self.sample is not None:
            sizes = np.bincount(self.sample.strata, minlength=len(self.sample.names))
            hectares = self.sample.hectares
            strata = [
                {
                    "stratum": name,
                    "n_pixels": int(self.sample.n_pixels[h]),
                    "hectares": None if hectares is None else float(hectares[h]),
                    "n_samples": int(sizes[h]),
                }
                for h, name in enumerate(self.sample.names)
            ]
        return {
            "map": str(self.map_path),
            "labels": str(self.labels_path),
            **self.assessment.to_json(),
            "areas": areas,
            "strata": strata,
            "cautions": self.cautions,
        }


def by_sample(
    sample: Sample, drawn: LabelMap, grid: Scene, map_path: Path, labels_path: Path
) -> MapAccuracy:
    """Assess a map by a sample drawn by design, from this map or an earlier one.

    What the map left undecided is no class: there it is not right, and its legend's entry has no
    area on the ground.

    Args:
        sample: the sample; its reference names nothing that is undecided.
        drawn: the classes of the map.
        grid: the grid of the map.
        map_path: its file.
        labels_path: the sample's file.
    """
    undecided = undecided_of(drawn.classes)
    ids = [c.id for c in undecided]
    classes = [c for c in sample.classes if c.id not in ids]
    mapped = sample.class_of(drawn.values)
    assessment = assess_sample(
        classes,
        sample.strata,
        np.where(np.isin(mapped, ids), 0, mapped),
        sample.reference,
        sample.n_pixels,
        weights=sample.hectares,
        are_map_classes=sample.strata_are_classes_of(drawn.values),
    )
    hectares = None if sample.hectares is None else float(sample.hectares.sum())
    return MapAccuracy(
        map_path,
        labels_path,
        assessment,
        areas_of_map(drawn.values, [*classes, *undecided], grid.crs, grid.transform),
        adjusted_areas(assessment, float(sample.n_pixels.sum()), hectares),
        sample,
    )


def by_labels(
    labels: LabelMap, drawn: LabelMap, grid: Scene, map_path: Path, labels_path: Path
) -> MapAccuracy:
    """Assess a map by labels of its grid that were not drawn by design; ids are the map's.

    Labels where the map is undecided do not belong to them.

    Args:
        labels: the labels.
        drawn: the classes of the map.
        grid: the grid of the map.
        map_path: its file.
        labels_path: the labels' file.
    """
    is_label = labels.values > 0
    undecided = undecided_of(drawn.classes)
    known = {c.id: c for c in (*labels.classes, *drawn.classes) if c not in undecided}
    classes: list[LandClass] = [known[number] for number in sorted(known)]
    assessment = assess_labels(classes, drawn.values[is_label], labels.values[is_label])
    areas = areas_of_map(drawn.values, [*classes, *undecided], grid.crs, grid.transform)
    return MapAccuracy(map_path, labels_path, assessment, areas, None, None)
