"""The leakage figure: what each split gives away, and what the methods reach beside it."""

from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.drawing import (
    Drawing,
    MethodStyle,
    figure_name,
    look,
    method_handles,
    method_styles,
    n_fitting,
    new_figure,
)
from hsidiff.report.elements import TIMES, percent
from hsidiff.report.style import ACCENT, INK, LINE, MUTED
from hsidiff.report.tables.seed_means import position_accuracy, seed_mean

LONGEST_NAMES = 26
# The square of the methods, its names above and its axis below; the legend comes on top of that.
SCATTER_INCHES, LEGEND_LINE_INCHES = 5.2, 0.2
LEGEND_WIDTH_INCHES = 4.4


def draw_leakage(folder: ExperimentFolder, scene: str) -> Drawing | None:
    """Accuracy against the position-only accuracy, distances to training pixels, window shares.

    None where no cell of the scene has a measured leakage.
    """
    splits = [
        split for split in folder.splits if position_accuracy(folder, scene, split) is not None
    ]
    if not splits:
        return None
    styles = method_styles(folder.methods)
    with look():
        figure, left, right = _figure_of_two_parts(styles, len(splits))
        sentences = _draw_against_position(left, folder, scene, splits, styles)
        grid = right.subplots(len(splits), 2, squeeze=False, width_ratios=(1, 1.15))
        for row, split in zip(grid, splits, strict=True):
            cells = _cells(folder, scene, split)
            sentences.append(_draw_distances(row[0], cells, split))
            sentences.append(_draw_window_shares(row[1], cells))
        # Margins hang on the size of the square, and its size on the margins: this settles it.
        for _ in range(2):
            figure.draw_without_rendering()
    return Drawing(
        figure_name("leakage", scene),
        figure,
        f"What the splits of {scene} give away. " + " ".join(sentences),
        "Left: each split stands at the accuracy that position alone reaches on it; in the grey "
        "part a method does worse than that. Right: how far test pixels lie from the nearest "
        "training pixel, and how many have one in the window that a method looks at. Means over "
        "the seeds.",
    )


def _figure_of_two_parts(
    styles: dict[str, MethodStyle], n_splits: int
) -> tuple[Figure, SubFigure, SubFigure]:
    """The figure; left, the part for the methods and their legend; right, the part for splits."""
    n_lines = ceil(len(styles) / _legend_columns(styles))
    left_height = SCATTER_INCHES + LEGEND_LINE_INCHES * n_lines
    height = max(left_height, 2.2 * n_splits + 0.3)
    figure = new_figure(11.4, height)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.45))[0]
    if height > left_height:
        ratios = (left_height, height - left_height)
        left = left.subfigures(2, 1, height_ratios=ratios)[0]
    return figure, left, right


def _legend_columns(styles: dict[str, MethodStyle]) -> int:
    return n_fitting(method_handles(styles), LEGEND_WIDTH_INCHES)


def _draw_against_position(
    part: SubFigure,
    folder: ExperimentFolder,
    scene: str,
    splits: list[str],
    styles: dict[str, MethodStyle],
) -> list[str]:
    axes = part.subplots()
    sentences: list[str] = []
    places: dict[str, float] = {}
    reached: list[float] = []
    for split in splits:
        position = position_accuracy(folder, scene, split)
        assert position is not None
        places[split] = position
        words = []
        for label, style in styles.items():
            mean = seed_mean(folder.of(scene, split, label))
            if mean is not None:
                axes.plot([position], [mean.value], **style.full)
                reached.append(mean.value)
                words.append(f"{label} {mean.value:.1f} %")
        sentences.append(f"{split}: position only {position:.1f} %, {', '.join(words)}.")
    low, high = _limits([*places.values(), *reached])
    axes.fill_between([low, high], [low, high], low, color="#eef1f3", linewidth=0, zorder=0)
    axes.plot([low, high], [low, high], color=MUTED, linewidth=1)
    axes.text(
        high, low + 0.02 * (high - low), "worse than position alone ", ha="right", color=MUTED,
        fontsize=9, zorder=1,
    )  # fmt: skip
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal", anchor="N")
    axes.set_xlabel("overall accuracy of position only (%)")
    axes.set_ylabel("overall accuracy of the methods (%)")
    _name_columns(axes, places)
    axes.grid()
    # A legend of the part, not of the axes: the layout then keeps room for all of it.
    part.legend(
        handles=method_handles(styles),
        loc="outside lower center",
        ncols=_legend_columns(styles),
        fontsize=9,
    )
    return sentences


def _limits(values: list[float]) -> tuple[float, float]:
    """One range for both directions, wide enough for every marker."""
    low, high = min(values), max(values)
    span = max(high - low, 5)
    return low - 0.12 * span, high + 0.08 * span


def _name_columns(axes: Axes, places: dict[str, float]) -> None:
    """Name each split above its column of markers; names keep a distance from each other."""
    low, high = axes.get_xlim()
    ordered = sorted(places, key=lambda split: places[split])
    gap = 0.075
    shown = [(places[split] - low) / (high - low) for split in ordered]
    for i in range(1, len(shown)):
        shown[i] = max(shown[i], shown[i - 1] + gap)
    overshoot = max(shown[-1] - 1, 0)
    for i in reversed(range(len(shown))):
        most = 1.0 if i == len(shown) - 1 else shown[i + 1] - gap
        shown[i] = min(shown[i], most) if overshoot else shown[i]
    for split, x in zip(ordered, shown, strict=True):
        axes.annotate(
            split,
            (places[split], 1),
            (x, 1.05),
            xycoords=axes.get_xaxis_transform(),
            textcoords="axes fraction",
            rotation=50,
            rotation_mode="anchor",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": LINE, "shrinkA": 0, "shrinkB": 0},
        )
        axes.axvline(places[split], color=LINE, linewidth=0.8, zorder=0)


def _cells(folder: ExperimentFolder, scene: str, split: str) -> list[Cell]:
    """Finished cells with a measured leakage, of all methods."""
    found = [cell for label in folder.methods for cell in folder.of(scene, split, label)]
    return [cell for cell in found if cell.result.get("leakage")]


def _draw_distances(axes: Axes, cells: list[Cell], split: str) -> str:
    """Histogram of the distances: shares of the test pixels, mean over the seeds."""
    by_seed = {cell.seed: cell.result["leakage"]["nearest_training_px"] for cell in cells}
    edges, shares = mean_histogram(list(by_seed.values()))
    names = [
        f"{low}" if high - low == 1 else f"{low}\N{EN DASH}{high - 1}"
        for low, high in pairwise(edges)
    ]
    bars = axes.bar(range(len(shares)), shares, width=0.85, color=ACCENT)
    axes.bar_label(bars, [_short_percent(share) for share in shares], fontsize=8.5, color=INK)
    axes.set_xticks(range(len(shares)), names, rotation=30 if len(names) > 4 else 0)
    axes.set_yticks([])
    axes.margins(y=0.16)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xlabel("distance to the nearest training pixel (px)", fontsize=9)
    axes.set_title(split, fontweight="bold")
    median = np.mean([nearest["quartiles"][1] for nearest in by_seed.values()])
    return f"{split}: median distance to the nearest training pixel {median:.3g} px."


def mean_histogram(summaries: list[dict[str, Any]]) -> tuple[list[int], list[float]]:
    """Mean of several histograms as shares of 1; bins double, so a longer one only adds bins.

    Args:
        summaries: ``bin_edges_px`` (n + 1) and ``bin_counts`` (n) of each seed.

    Returns:
        Edges (n + 1) and shares (n) of the longest.
    """
    edges = max((summary["bin_edges_px"] for summary in summaries), key=len)
    shares = np.zeros((len(summaries), len(edges) - 1))
    for row, summary in zip(shares, summaries, strict=True):
        counts = np.asarray(summary["bin_counts"])
        row[: counts.size] = counts / counts.sum()
    return list(edges), shares.mean(axis=0).tolist()


def _draw_window_shares(axes: Axes, cells: list[Cell]) -> str:
    """Share of the test pixels that have a training pixel in the window; who looks at it."""
    shares: dict[int, list[float]] = {}
    looks: dict[int, list[str]] = {}
    for cell in cells:
        leakage = cell.result["leakage"]
        for side, share in leakage["window_shares"].items():
            shares.setdefault(int(side), []).append(share)
        seen_by = looks.setdefault(leakage["receptive_field_px"], [])
        if cell.method not in seen_by:
            seen_by.append(cell.method)
    sides = sorted(shares)
    means = [float(np.mean(shares[side])) for side in sides]
    colors = [ACCENT if side in looks else "#a9c9dd" for side in sides]
    bars = axes.barh(range(len(sides)), means, color=colors, height=0.75)
    axes.bar_label(bars, [_short_percent(share) for share in means], fontsize=8.5, padding=3)
    names = [f"{side} {TIMES} {side}  {_listed(looks.get(side, []))}".strip() for side in sides]
    axes.set_yticks(range(len(sides)), names, fontsize=8.5)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title("training pixel within the window", fontsize=9)
    words = [
        f"{percent(mean)} within {side} {TIMES} {side} px ({', '.join(looks[side])})"
        for side, mean in zip(sides, means, strict=True)
        if side in looks
    ]
    return "Test pixels with a training pixel in what the method sees: " + ", ".join(words) + "."


def _listed(names: list[str]) -> str:
    """Names that fit beside a bar; the rest as a number."""
    shown: list[str] = []
    for name in names:
        if len(", ".join([*shown, name])) > LONGEST_NAMES:
            break
        shown.append(name)
    if not shown and names:
        return names[0][: LONGEST_NAMES - 1] + "…" if len(names) == 1 else f"{len(names)} methods"
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" +{rest}" if rest else "")


def _short_percent(share: float) -> str:
    if 0 < share < 0.01:
        return "< 1 %"
    return percent(share, 0)
