"""The page of one map: it carries all its pictures and opens without a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.files import write_whole
from hsidiff.report.amounts import count, decimal, percent
from hsidiff.report.blocks import Block, Section, caution, render_page, sentence
from hsidiff.report.leakage import leakage_blocks
from hsidiff.report.provenance import costs, map_provenance
from hsidiff.report.reliability import reliability_blocks
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.scene_sections import areas_of_all, scene_sections
from hsidiff.report.tables.matrix_tables import confusion_table
from hsidiff.report.validation import validation_in_words
from hsidiff.scenes.scene import Scene

_FURTHER_SCORES = {
    "macro_f1": "macro F1",
    "mean_iou": "mean IoU",
    "frequency_weighted_iou": "frequency-weighted IoU",
}


def write_report(folder: str | Path, *scenes: Scene) -> Path:
    """Write ``report.html`` into a result folder, from the files of the folder and the scene.

    Args:
        folder: holds ``result.json`` and ``map.tif``, and perhaps ``probabilities.tif``,
            ``run.json``, ``split.npz`` and ``held_out.npz``.
        *scenes: the scenes that were mapped, for pictures in false colour.

    Returns:
        The path of the page.

    Raises:
        MissingFileError: if ``result.json`` or ``map.tif`` is missing.
        SettingError: if a JSON file of the folder or ``held_out.npz`` is broken.
        SplitError: if ``split.npz`` is broken.
    """
    results = ResultFolder.read(folder)
    path = results.path / "report.html"
    with write_whole(path) as temporary:
        temporary.write_text(_page(results, scenes), encoding="utf-8")
    return path


def _page(results: ResultFolder, scenes: Sequence[Scene]) -> str:
    result = results.result
    split, leakage = results.facts("split"), results.facts("leakage")
    method, accuracy = result.get("method"), result.get("overall_accuracy")
    profile, seed = result.get("profile"), result.get("seed")
    about = (method, profile and f"profile {profile}", None if seed is None else f"seed {seed}")
    warnings = [caution(message) for message in result.get("warnings") or []]
    is_scored = (result.get("validation") or {}).get("kind") != "none"
    told = leakage_blocks(split, leakage, method or "the method", accuracy) if is_scored else []
    name = scenes[0].name if len(scenes) == 1 else f"{len(scenes)} scenes"
    of_scenes = [
        section
        for scene, mapped in zip(scenes, results.maps, strict=True)
        for section in scene_sections(results, mapped, scene)
    ]
    return render_page(
        f"{name}: land-cover map{'s' * (len(scenes) > 1)}",
        " · ".join(filter(None, about)),
        _scores(result),
        (
            Section("Worth knowing before you trust it", warnings),
            *of_scenes,
            Section("Areas of all scenes", areas_of_all(results)),
            Section(
                "How far to trust the confidence", reliability_blocks(result.get("reliability"))
            ),
            Section("Scores per class", _class_scores(results)),
            Section("What is taken for what", _confusion(results, name)),
            Section("What the held-out labels give away", told),
            Section("Time and memory", costs(result)),
            Section("Where these numbers come from", map_provenance(results)),
        ),
        "Made by hsidiff from the maps, result.json and the files beside them.",
    )


def _scores(result: dict[str, Any]) -> list[Block]:
    overall, average = result.get("overall_accuracy"), result.get("average_accuracy")
    intervals = (result.get("validation") or {}).get("intervals") or {}
    learned = f"held out from models that learned from {count(result.get('n_train'))} others"
    small_counts = "mean over the classes: a small class counts as much as a large one"
    beyond_chance = "agreement beyond chance: 0 is chance, 1 is perfect"
    if (result.get("validation") or {}).get("kind") == "none":
        return [sentence(words) for words in validation_in_words(result)]
    tiles = (
        (
            "Overall accuracy",
            percent(overall),
            _with_interval("of the scored pixels have the right class", intervals, "overall"),
        ),
        ("Average accuracy", percent(average), _with_interval(small_counts, intervals, "average")),
        ("Kappa", decimal(result.get("kappa")), beyond_chance),
        ("Pixels scored", count(result.get("n_test")), learned),
    )
    further = " · ".join(
        f"{name} {decimal(result[key])}"
        for key, name in _FURTHER_SCORES.items()
        if result.get(key) is not None
    )
    words = [*validation_in_words(result), _intervals_in_words(intervals)]
    words += [_apart_in_words(result), further]
    return [Block("tiles", tiles), *[sentence(text, "more") for text in words if text]]


def _with_interval(words: str, intervals: dict[str, Any], name: str) -> str:
    """What a score means, and its interval if it is known."""
    interval = intervals.get(f"{name}_accuracy")
    if not interval:
        return words
    low, high = (percent(end) for end in interval)
    return f"{words}; 95 % interval {low} to {high}".replace(" %", "\N{NO-BREAK SPACE}%")


def _intervals_in_words(intervals: dict[str, Any]) -> str:
    """What the intervals were made from."""
    if not intervals:
        return ""
    return (
        f"The 95 % intervals come from the spread between {count(intervals.get('n_groups'))} "
        f"{intervals.get('groups')}, whose labels are right or wrong together. They say what other "
        "such labels could have given, not what other training labels could."
    )


def _apart_in_words(result: dict[str, Any]) -> str:
    """The score on the test pixels that the method maps without seeing a training pixel."""
    n_apart, accuracy = result.get("n_test_apart"), result.get("overall_accuracy_apart")
    if n_apart is None:
        return ""
    if n_apart in (0, result.get("n_test")):
        often = "always" if n_apart == 0 else "never"
        return f"Within what the method sees of a scored pixel there {often} is a training pixel."
    return (
        f"On the {count(n_apart)} scored pixels with no training pixel within what the method sees "
        f"of them the overall accuracy is {percent(accuracy)}."
    )


def _class_scores(results: ResultFolder) -> list[Block]:
    colors = {land_class.id: land_class.color for land_class in results.classes}
    rows = [
        (colors.get(e.get("id"), "#ffffff"), *map(e.get, ("name", "n_train", "n_test", "accuracy")))
        for e in results.result.get("per_class") or []
    ]
    words = (
        "Accuracy of a class: the share of its held-out labels that were predicted as this class."
    )
    return [sentence(words), Block("class_scores", rows)] if rows else []


def _confusion(results: ResultFolder, scene: str) -> list[Block]:
    counts, entries = results.result.get("confusion_matrix"), results.result.get("per_class") or []
    if not counts or len(counts) != len(entries):
        return []
    n_test = np.array([entry.get("n_test") or 0 for entry in entries])
    method = results.result.get("method") or "the method"
    classes = results.scored_classes
    table = confusion_table((scene, ""), method, classes, np.array(counts), n_test)
    return [Block("table", table)]
