"""How a map did on labels that were held out: for its page, and for the viewer."""

from typing import Any, NamedTuple

import numpy as np

from hsidiff.amounts import count, decimal, percent, with_its_sign
from hsidiff.report.blocks import Block, Section, sentence
from hsidiff.report.leakage import leakage_blocks
from hsidiff.report.reliability import reliability_blocks
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.risk_coverage import risk_coverage_blocks
from hsidiff.report.tables.matrix_tables import confusion_table
from hsidiff.report.validation import validation_in_words

_FURTHER_SCORES = {
    "macro_f1": "macro F1",
    "mean_iou": "mean IoU",
    "frequency_weighted_iou": "frequency-weighted IoU",
}
_MEANINGS = {
    "Overall accuracy": "of the scored pixels have the right class",
    "Average accuracy": "mean over the classes: a small class counts as much as a large one",
    "Kappa": "agreement beyond chance: 0 is chance, 1 is perfect",
}


class ScoreRow(NamedTuple):
    """One score in words: its name, the number, and its 95 % interval ("" if unknown)."""

    name: str
    number: str
    interval: str


def score_rows(result: dict[str, Any]) -> list[ScoreRow]:
    """The main scores of a result as a short table; empty if nothing was held out."""
    if not _is_scored(result):
        return []
    shown = (
        ("Overall accuracy", "overall_accuracy", percent),
        ("Average accuracy", "average_accuracy", percent),
        ("Kappa", "kappa", decimal),
    )
    rows = []
    for name, key, in_words in shown:
        ends = [in_words(end) for end in _intervals(result).get(key) or ()]
        rows.append(ScoreRow(name, in_words(result.get(key)), " to ".join(ends)))
    return [*rows, ScoreRow("Pixels scored", count(result.get("n_scored")), "")]


def _is_scored(result: dict[str, Any]) -> bool:
    return (result.get("validation") or {}).get("kind") != "none"


def leakage_of(results: ResultFolder) -> list[Block]:
    """What the held-out labels of a result give away; empty if nothing was held out."""
    result = results.result
    if not _is_scored(result):
        return []
    method, accuracy = result.get("method") or "the method", result.get("overall_accuracy")
    return leakage_blocks(results.facts("split"), results.facts("leakage"), method, accuracy)


def score_sections(results: ResultFolder, name: str) -> tuple[Section, ...]:
    """All that is known of held-out labels, below the scores; ``name`` is that of the scene."""
    confidence = reliability_blocks(results.result.get("reliability"))
    confidence += risk_coverage_blocks(results.result.get("risk_and_coverage"))
    return (
        Section("How far to trust the confidence", confidence),
        Section("Scores per class", _class_scores(results)),
        Section("What is taken for what", _confusion(results, name)),
        Section("What the held-out labels give away", leakage_of(results)),
    )


def score_blocks(result: dict[str, Any]) -> list[Block]:
    """Scores with their intervals, how they were made, and from what; why there is none."""
    if not _is_scored(result):
        return [sentence(words) for words in validation_in_words(result)]
    learned = f"held out from models that learned from {count(result.get('n_train'))} others"
    tiles = [
        (row.name, row.number, _with_interval(_MEANINGS.get(row.name, learned), row.interval))
        for row in score_rows(result)
    ]
    further = " · ".join(
        f"{name} {decimal(result[key])}"
        for key, name in _FURTHER_SCORES.items()
        if result.get(key) is not None
    )
    words = [*validation_in_words(result), _intervals_in_words(_intervals(result))]
    words += [_apart_in_words(result), _doubt_in_words(result), further]
    return [Block("tiles", tiles), *[sentence(text, "more") for text in words if text]]


def _with_interval(words: str, interval: str) -> str:
    """What a score means, and its interval if it is known."""
    return with_its_sign(f"{words}; 95 % interval {interval}" if interval else words)


def _intervals(result: dict[str, Any]) -> dict[str, Any]:
    return (result.get("validation") or {}).get("intervals") or {}


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


def _doubt_in_words(result: dict[str, Any]) -> str:
    """What the scores make of pixels that the map shows as no class; nothing without such."""
    if not (doubt := result.get("doubt")):
        return ""
    names = " or ".join(f"{entry.get('name')!r}" for entry in doubt)
    return (
        "The scores are of the classes alone: each label counts with its most probable class, also "
        f"where the map shows {names}."
    )


def _class_scores(results: ResultFolder) -> list[Block]:
    entries = results.result.get("per_class") or []
    intervals = _intervals(results.result).get("per_class") or [None] * len(entries)
    colors = {land_class.id: land_class.color for land_class in results.classes}
    rows = [
        (
            colors.get(entry.get("id"), "#ffffff"),
            *map(entry.get, ("name", "n_train", "n_test", "accuracy")),
            "" if ends is None else f"({100 * ends[0]:.1f} to {100 * ends[1]:.1f})",
        )
        for entry, ends in zip(entries, intervals, strict=True)
    ]
    words = (
        "Accuracy of a class: the share of its held-out labels that were predicted as this class"
        f"{', with its 95 % interval in brackets' if any(intervals) else ''}."
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
