"""``hsidiff evaluate``: the accuracy of a map that exists, and the areas of its classes."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import geopandas
import numpy as np

from hsidiff.amounts import count, percent
from hsidiff.assessment.read_sample import Sample, is_sample, read_sample
from hsidiff.cli import console
from hsidiff.cli.input_options import LabelOptions
from hsidiff.cli.inputs import side_of_split
from hsidiff.cli.options import (
    LABELS_PANEL,
    JsonOption,
    MapArgument,
    argument,
    option,
    out_option,
    split_file_option,
)
from hsidiff.cli.outputs import check_output_folder
from hsidiff.cli.seen_in_training import scene_of_run, warn_of_training
from hsidiff.errors import HsidiffWarning, LabelError, SettingError
from hsidiff.evaluation.metrics import Scores, score
from hsidiff.labels.columns import MAP_CLASS, REFERENCE
from hsidiff.labels.copies import without_copies
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.matching import with_ids_of
from hsidiff.labels.vector_file import VECTOR_SUFFIXES, read_features
from hsidiff.maps.legend import undecided_of
from hsidiff.maps.read_map import read_map
from hsidiff.report.accuracy_page import check_accuracy_folder, tables_of, write_accuracy
from hsidiff.report.map_accuracy import MapAccuracy, by_labels, by_sample
from hsidiff.report.tables.table import to_text
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene


def evaluate(
    map_path: MapArgument,
    labels: Annotated[
        Path,
        argument(
            "LABELS",
            "Test labels: points, polygons or a raster; or a sample of hsidiff sample, filled in.",
        ),
    ],
    label_options: LabelOptions,
    split_file: Annotated[
        Path | None, split_file_option("Score on nothing but the test labels of this split")
    ] = None,
    scene: Annotated[
        Path | None,
        option(
            LABELS_PANEL,
            "SCENE",
            "The scene that was mapped: where it shows a measured pixel several times (EMIT), "
            "labels on its copies count once.",
            show_default="that of run.json beside the map",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        out_option("FOLDER", "Folder for accuracy.html, the tables as .csv, and accuracy.json."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Assess a map on labels that it was not made from: accuracy and areas.

    With a sample drawn by design (hsidiff sample) accuracies and areas are
    estimated for the whole map, with 95 % intervals. Other labels speak of
    themselves. Classes are compared by name where both have names, and by id
    otherwise. If the map's model learned from one side of a split, give it as
    --split-file: only the labels of the other side can score it.
    """
    scores: Scores | None = None
    with console.at_work() as notes:
        if out is not None:
            check_output_folder(out)
            check_accuracy_folder(out)
        grid, drawn = open_scene(map_path), read_map(map_path)
        features = _sample_in(labels, grid, label_options)
        if features is None:
            test_labels = label_options.read(labels, grid)
            test_labels = _without_copies(test_labels, scene or scene_of_run(map_path), labels)
            if split_file is not None:
                test_labels = side_of_split(split_file, "test", test_labels, labels)
            warn_of_training(map_path, labels, test_labels.values > 0)
            test_labels = with_ids_of(test_labels, drawn.classes, "the map")
            test_labels = _where_mapped(test_labels, drawn, labels)
            scores = score(drawn.values, test_labels)
            accuracy = by_labels(test_labels, drawn, grid, map_path, labels)
        else:
            if split_file is not None:
                raise SettingError(f"{labels} is a sample of its own: leave out --split-file")
            sample = read_sample(features, grid, drawn.classes, labels.name, label_options.field)
            _refuse_undecided(sample, drawn, labels)
            accuracy = by_sample(sample, drawn, grid, map_path, labels)
        written = [] if out is None else write_accuracy(accuracy, notes, out)
    if as_json:
        known: dict[str, Any] = {} if scores is None else scores.to_json()
        console.answer_json({**known, "assessment": accuracy.to_json()})
        return
    _tell(accuracy, scores)
    for path in written:
        console.say(f"written: {path}")


def _sample_in(
    path: Path, grid: Scene, label_options: LabelOptions
) -> geopandas.GeoDataFrame | None:
    """The points of a file, if it is a sample drawn by design."""
    if path.suffix.lower() not in VECTOR_SUFFIXES or not path.is_file():
        return None
    features = read_features(path, grid, label_options.layer)
    if is_sample(features):
        return features
    if {REFERENCE, MAP_CLASS} <= set(features.columns):
        warnings.warn(
            f"{path.name}: suggested points lie where a map was unsure, so they say nothing of all "
            "of it: draw points that may score it with hsidiff sample",
            HsidiffWarning,
            stacklevel=2,
        )
    return None


def _without_copies(labels: LabelMap, scene_path: Path | None, labels_path: Path) -> LabelMap:
    """The labels with one of each measured pixel of the scene that was mapped, if that is known.

    Raises:
        LabelError: if the scene has another grid than the map.
    """
    if scene_path is None:
        return labels
    mapped = open_scene(scene_path)
    if mapped.shape != labels.shape:
        raise LabelError(
            f"{scene_path} is {mapped.shape} (rows, cols), the map {labels.shape}: give the scene "
            "that was mapped"
        )
    return without_copies(labels, mapped.source_pixels(), labels_path.name)


def _where_mapped(labels: LabelMap, drawn: LabelMap, labels_path: Path) -> LabelMap:
    """The labels where the map has a class: it says nothing of the others.

    Raises:
        LabelError: if none is left.

    Warns:
        HsidiffWarning: if some are left out.
    """
    undecided = undecided_of(drawn.classes)
    is_mapped = (drawn.values > 0) & ~np.isin(drawn.values, [c.id for c in undecided])
    n_outside = int(((labels.values > 0) & ~is_mapped).sum())
    if n_outside == 0:
        return labels
    if n_outside == labels.n_labelled:
        raise LabelError(f"{labels_path}: the map has no class at any label: give other labels")
    warnings.warn(
        f"{labels_path.name}: {count(n_outside)} of {count(labels.n_labelled)} labelled "
        f"pixels have no class in the map{_or_are(undecided)} and are left out",
        HsidiffWarning,
        stacklevel=2,
    )
    return labels.keeping(is_mapped, labels.region)


def _or_are(undecided: Sequence[LandClass]) -> str:
    """What else than no data is no class, in brackets; nothing where nothing is."""
    return f" (no data, {', '.join(c.name for c in undecided)})" if undecided else ""


def _refuse_undecided(sample: Sample, drawn: LabelMap, path: Path) -> None:
    """Refuse a reference such as "not sure" with a LabelError: it is a word of the map's alone."""
    for entry in undecided_of(drawn.classes):
        if n := int((sample.reference == entry.id).sum()):
            raise LabelError(
                f"{path.name}: {count(n)} points have the reference {entry.name!r}, which is no "
                "class of the ground: leave those empty that cannot be told"
            )


def _tell(accuracy: MapAccuracy, scores: Scores | None) -> None:
    """Print an assessment as the field writes it."""
    assessment = accuracy.assessment
    kappa = "-" if assessment.kappa is None else f"{assessment.kappa:.3f}"
    overall = assessment.overall_accuracy
    console.say(
        f"overall accuracy {percent(overall.value)}, 95 % interval {percent(overall.low)} to "
        f"{percent(overall.high)}"
    )
    if scores is not None:
        console.say(f"average accuracy {percent(scores.average_accuracy)}")
    console.say(f"kappa            {kappa}")
    if scores is not None:
        console.say(f"macro F1         {scores.macro_f1:.3f}")
        console.say(f"mean IoU         {scores.mean_iou:.3f}")
    console.say(f"scored pixels    {count(assessment.n_scored)}")
    if scores is not None and scores.n_not_mapped:
        console.say(f"  of these mapped as no class of the labels: {count(scores.n_not_mapped)}")
    for table in tables_of(accuracy):
        console.say("")
        console.say(table.title)
        console.say(to_text(table))
    console.say("")
    for caution in accuracy.cautions:
        console.say(f"caution: {caution}")
