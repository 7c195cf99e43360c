"""What a split gives away, told once: for the pages and for ``hsidiff leakage``.

``leakage`` is what :class:`hsidiff.labels.leakage.Leakage` holds as JSON: that of a result, or
means of several (:func:`mean_leakage`). Any of its numbers may be missing.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import mean, stdev
from typing import Any, NamedTuple

from hsidiff.amounts import TIMES, count, percent, short_percent
from hsidiff.report.blocks import Block, sentence

POSITION_IS_NEARLY_ALL = 0.9
"""From here on a score is no evidence: what is left is less than published methods differ by.

On the two splits of Indian Pines in use position alone reaches 97 % and 92 %, and the published
SpectralFormer 92 % and 82 % (Chen et al., arXiv 2304.05961; Hong et al., TGRS 60, 5518615).
"""
POSITION_IS_AS_GOOD = 0.02
_KINDS = {
    "blocks": "The scene was cut into square blocks; a block is for training or for testing.",
    "fields": "Whole fields (connected parts of a class, polygons) are for training or testing.",
    "random": "Training pixels were drawn at random from all labelled pixels.",
    "per-class": "A number of training pixels was drawn at random from each class.",
    "published": "Training and test labels are two published label maps.",
    "groups": "Labels were held out fold by fold, whole fields or blocks at a time.",
    "validation-labels": "The test labels were given apart and were not learned from.",
}
_NEIGHBOURS = (
    "Caution: this split draws training and test pixels from the same fields, side by side. Its "
    "scores say how well labelled fields are filled in, not how well the map holds elsewhere, and "
    "they must not be compared with scores of a block split."
)
_MEANS = (
    "position_overall_accuracy", "position_average_accuracy", "receptive_field_share",
    "n_test_apart", "position_overall_accuracy_apart",
)  # fmt: skip


class Share(NamedTuple):
    """A share of the test pixels: what it is of, the share (0 to 1), and the same as text."""

    name: str
    share: float
    text: str


def mean_leakage(leakages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over several draws of a split, and the distances of all their test pixels together.

    A mean is None where one of the draws has no such number, a deviation where there is one draw.
    """
    windows = [leakage.get("window_shares") or {} for leakage in leakages]
    accuracies: list[Any] = [leakage.get("position_overall_accuracy") for leakage in leakages]
    is_known = len(accuracies) > 1 and None not in accuracies
    return {
        "window_shares": {side: _mean([w.get(side) for w in windows]) for side in windows[0]},
        "receptive_field_px": leakages[0].get("receptive_field_px"),
        **{name: _mean([leakage.get(name) for leakage in leakages]) for name in _MEANS},
        "position_overall_accuracy_deviation": stdev(accuracies) if is_known else None,
        "nearest_training_px": _all_distances([x.get("nearest_training_px") for x in leakages]),
    }


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return mean(known) if len(known) == len(numbers) else None


def _all_distances(summaries: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
    # Bins double, so a longer histogram has more of them and no others.
    known = [summary for summary in summaries if summary and summary.get("bin_counts")]
    edges: list[int] = max((summary["bin_edges_px"] for summary in known), key=len, default=[])
    counts = [0] * max(len(edges) - 1, 0)
    for summary in known:
        for place, n_pixels in enumerate(summary["bin_counts"]):
            counts[place] += n_pixels
    return {"bin_edges_px": edges, "bin_counts": counts}


def window_shares(leakage: dict[str, Any]) -> list[Share]:
    """Test pixels that have a training pixel in the square around them, by its side."""
    shares = (leakage.get("window_shares") or {}).items()
    return [
        Share(f"{side} {TIMES} {side} px", share, percent(share))
        for side, share in sorted(shares, key=lambda item: int(item[0]))
        if share is not None
    ]


def distance_shares(leakage: dict[str, Any]) -> list[Share]:
    """Test pixels by their distance to the nearest training pixel."""
    nearest = leakage.get("nearest_training_px") or {}
    edges, counts = nearest.get("bin_edges_px") or [], nearest.get("bin_counts") or []
    return [
        Share(
            f"{low} px" if high - low == 1 else f"{low} to {high - 1} px",
            n_pixels / sum(counts),
            short_percent(n_pixels / sum(counts)),
        )
        for (low, high), n_pixels in zip(pairwise(edges), counts, strict=True)
    ]


def leakage_in_words(leakage: dict[str, Any]) -> list[str]:
    """What position alone reaches, what a score is worth beside it, and what the method sees."""
    position = leakage.get("position_overall_accuracy")
    side, share = leakage.get("receptive_field_px") or 1, leakage.get("receptive_field_share")
    sentences, window = [], f"{side} {TIMES} {side} px"
    if position is not None:
        deviation = leakage.get("position_overall_accuracy_deviation")
        spread = "" if deviation is None else f" (deviation {100 * deviation:.1f} points)"
        verdict = (
            "this split cannot show what a method has learned."
            if position >= POSITION_IS_NEARLY_ALL
            else "a score counts only by how far it lies above that."
        )
        sentences.append(
            f"Position alone, without any spectrum, reaches {percent(position)}{spread}: {verdict}"
        )
    if side > 1 and share == 0:
        sentences.append(f"No test pixel has a training pixel within {window}.")
    elif side > 1 and share is not None:
        apart = leakage.get("position_overall_accuracy_apart")
        there = "" if apart is None else f"; there position alone reaches {percent(apart)}"
        n_apart = count(round(leakage.get("n_test_apart") or 0))
        sentences.append(
            f"A method that looks at {window} sees a training pixel beside {percent(share)} of the "
            f"test pixels. The other {n_apart} lie apart from training{there}."
        )
    return sentences


def leakage_blocks(
    split: dict[str, Any], leakage: dict[str, Any], method: str, accuracy: float | None
) -> list[Block]:
    """Sentences, cautions and bars about the nearness of training and test pixels.

    Args:
        split: its ``kind`` and ``parameters``.
        leakage: what was measured; may be empty.
        method: the method that position is set against.
        accuracy: its overall accuracy.
    """
    kind, parameters = split.get("kind"), split.get("parameters") or {}
    guard_px, narrower = parameters.get("guard_px"), parameters.get("narrower_guards_px") or {}
    made = _KINDS.get(str(kind), f"Kind of split: {kind or 'unknown'}.")
    if kind == "groups" and parameters.get("groups"):
        made = f"Labels were held out fold by fold, whole {parameters['groups']} at a time."
    if guard_px is not None:
        left_out = "Training" if kind == "groups" else "Test"
        made += f" {left_out} pixels within the guard band of {guard_px} px were left out."
        if narrower:
            made += f" Of {len(narrower)} classes the guard is narrower, {_range(narrower)} px."
    words = leakage_in_words(leakage) if leakage else ["Leakage was not measured."]
    seen = f"{leakage.get('receptive_field_px')} {TIMES}"
    windows = [
        (one.name + f", what {method} sees" * one.name.startswith(seen), one.share, one.text)
        for one in window_shares(leakage)
    ]
    texts = (
        "Test pixels that have a training pixel in the window around them:",
        _distances(leakage),
    )
    columns = [
        (sentence(text), Block("bars", rows))
        for text, rows in zip(texts, (windows, distance_shares(leakage)), strict=True)
        if rows
    ]
    return [
        *map(sentence, (made, *words)),
        *([sentence(_NEIGHBOURS, "caution")] if kind in ("random", "per-class") else []),
        *_caution_about_position(leakage.get("position_overall_accuracy"), method, accuracy),
        *([Block("columns", columns)] if columns else []),
    ]


def _range(guards_px: dict[str, int]) -> str:
    low, high = min(guards_px.values()), max(guards_px.values())
    return f"{low}" if low == high else f"{low} to {high}"


def _caution_about_position(
    position: float | None, method: str, accuracy: float | None
) -> list[Block]:
    if position is None or accuracy is None or position <= accuracy - POSITION_IS_AS_GOOD:
        return []
    is_better = position > accuracy + POSITION_IS_AS_GOOD
    how = "better than" if is_better else "about as well as"
    words = (
        f"Caution: knowing only where a pixel lies does {how} {method}. This split "
        "cannot tell whether anything was learned from the spectra."
    )
    return [sentence(words, "caution")]


def _distances(leakage: dict[str, Any]) -> str:
    nearest = leakage.get("nearest_training_px") or {}
    numbers = {"minimum": nearest.get("minimum"), "mean": nearest.get("mean")}
    numbers["median"] = (nearest.get("quartiles") or [None] * 2)[1]
    numbers["maximum"] = nearest.get("maximum")
    known = ", ".join(f"{name} {px:.3g} px" for name, px in numbers.items() if px is not None)
    return "Test pixels by their distance to the nearest training pixel" + (
        f": {known}." if known else ":"
    )
