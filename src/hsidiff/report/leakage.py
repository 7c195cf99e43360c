"""The part of the page that says how much the split gives away."""

from typing import Any

from hsidiff.report.elements import TIMES, bar_rows, count, paragraph, percent, picture, section
from hsidiff.report.figures import distance_histogram

NEIGHBOUR_KINDS = ("random", "per-class")
POSITION_IS_AS_GOOD = 0.02


def what_the_split_gives_away(result: dict[str, Any]) -> str:
    """Sentences, bars and a chart about the nearness of training and test pixels."""
    split, leakage = result.get("split") or {}, result.get("leakage") or {}
    sentences = paragraph(_kind_of_split(split))
    if split.get("kind") in NEIGHBOUR_KINDS:
        sentences += paragraph(
            "Caution: this split draws training and test pixels from the same fields, side by "
            "side. Its scores say how well labelled fields are filled in, not how well the map "
            "holds elsewhere, and they must not be compared with scores of a block split.",
            "caution",
        )
    if not leakage:
        return section(
            "What this split gives away", sentences, paragraph("Leakage was not measured.")
        )
    columns = f'<div class="columns"><div>{_shares(leakage)}</div>'
    columns += f"<div>{_distances(leakage)}</div></div>"
    return section("What this split gives away", sentences, columns, _position(result, leakage))


def _kind_of_split(split: dict[str, Any]) -> str:
    guard_px = (split.get("parameters") or {}).get("guard_px")
    sentences = {
        "blocks": "The scene was cut into square blocks; a block is for training or for testing.",
        "random": "Training pixels were drawn at random from all labelled pixels.",
        "per-class": "A number of training pixels was drawn at random from each class.",
        "published": "Training and test labels are two published label maps.",
    }
    sentence = sentences.get(
        str(split.get("kind")), f"Kind of split: {split.get('kind') or 'unknown'}."
    )
    if guard_px is not None:
        sentence += (
            f" Test pixels within the guard band of {guard_px} px around the training pixels "
            "were left out."
        )
    return sentence


def _shares(leakage: dict[str, Any]) -> str:
    shares = {
        int(size): share
        for size, share in (leakage.get("window_shares") or {}).items()
        if share is not None
    }
    if not shares:
        return ""
    seen_px = leakage.get("receptive_field_px")
    rows = [
        (
            f"{size} {TIMES} {size} px" + (", what the method sees" if size == seen_px else ""),
            shares[size],
            percent(shares[size]),
        )
        for size in sorted(shares)
    ]
    words = "Share of the test pixels that have a training pixel in the window around them:"
    return paragraph(words) + bar_rows(rows)


def _distances(leakage: dict[str, Any]) -> str:
    nearest = leakage.get("nearest_training_px") or {}
    quartiles = nearest.get("quartiles") or (None, None, None)
    numbers = {
        "minimum": nearest.get("minimum"),
        "median": quartiles[1],
        "mean": nearest.get("mean"),
        "maximum": nearest.get("maximum"),
    }
    known = ", ".join(f"{name} {n:.3g} px" for name, n in numbers.items() if n is not None)
    if not known:
        return ""
    content = paragraph(f"From a test pixel to its nearest training pixel: {known}.")
    edges, counts = nearest.get("bin_edges_px") or [], nearest.get("bin_counts") or []
    if counts and len(edges) == len(counts) + 1:
        content += picture(
            distance_histogram(edges, counts),
            f"Histogram of these distances for {count(sum(counts))} test pixels: {known}",
            "The farther, the harder and fairer the test.",
        )
    return content


def _position(result: dict[str, Any], leakage: dict[str, Any]) -> str:
    position, method = leakage.get("position_overall_accuracy"), result.get("overall_accuracy")
    if position is None:
        return ""
    name = str(result.get("method") or "the method")
    content = paragraph(
        "A control that never looks at the spectra and gives each pixel the class of its nearest "
        f"training pixel reaches {percent(position)} overall accuracy."
    )
    rows: list[tuple[str, float | None, str]] = [(name, method, percent(method))]
    content += bar_rows([*rows, ("position only", position, percent(position))])
    if method is not None and position > method - POSITION_IS_AS_GOOD:
        content += paragraph(
            f"Caution: knowing only where a pixel lies does about as well as {name}. This split "
            "cannot tell whether anything was learned from the spectra.",
            "caution",
        )
    return content
