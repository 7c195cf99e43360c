"""How right a map is where it says how sure it is: a sentence and a figure."""

from typing import Any

from matplotlib.axes import Axes

from hsidiff.amounts import count
from hsidiff.report.blocks import Block, sentence
from hsidiff.report.drawing import Drawing, look, new_figure
from hsidiff.report.style import ACCENT, MUTED

_TITLES = {"before": "As the method says it", "after": "Calibrated"}
_HELD_OUT = {
    "near folds": "labels that were held out with those near them from the map's own model",
    "score": "labels that score the map",
}
_HOW_TO_READ = (
    "Each dot is a bin of the confidence, larger with more pixels. On the line the map is right as "
    "often as it says; below it the map is too sure."
)


def reliability_blocks(reliability: dict[str, Any] | None) -> list[Block]:
    """What ``reliability`` of ``result.json`` says; nothing where nothing was measured."""
    if not reliability:
        return []
    before, after = (
        100 * reliability[when]["expected_calibration_error"] for when in ("before", "after")
    )
    labels = held_out_in_words(reliability)
    words = (
        f"On {count(reliability['n_pixels'])} {labels} the confidence is off by {after:.1f} "
        f"percentage points on average, {before:.1f} before it was calibrated on held-out labels "
        "of other places (expected calibration error, 15 bins of equal width)."
    )
    pictures = tuple(drawing.picture() for drawing in draw_reliability(reliability))
    return [sentence(words), Block("pictures", pictures), sentence(_HOW_TO_READ, "note")]


def held_out_in_words(facts: dict[str, Any]) -> str:
    """Which held-out labels are spoken of, by the ``source`` among facts of ``result.json``."""
    return _HELD_OUT.get(str(facts.get("source")), "held-out labels")


def draw_reliability(reliability: dict[str, Any]) -> list[Drawing]:
    """Share of the pixels that are right over confidence, before and after calibration.

    Two figures: a wide page sets them side by side, a telephone below each other.
    """
    return [_draw_one(reliability[when], when) for when in _TITLES]


def _draw_one(bins: dict[str, Any], when: str) -> Drawing:
    with look():
        figure = new_figure(3.4, 3.2)
        _draw(figure.subplots(), bins)
    error = 100 * bins["expected_calibration_error"]
    told = f"{_TITLES[when]}: off by {error:.1f} points"
    return Drawing(f"reliability-{when}", figure, f"Reliability diagram, {told}", told)


def _draw(axes: Axes, bins: dict[str, Any]) -> None:
    n_pixels = bins["n_pixels"]
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=(0, (4, 2)))
    axes.scatter(
        [100 * share for share in bins["mean_confidence"]],
        [100 * share for share in bins["share_right"]],
        s=[12 + 160 * n / sum(n_pixels) for n in n_pixels],
        color=ACCENT,
        alpha=0.8,
        linewidths=0,
        clip_on=False,  # dots at 0 and 100 % are whole
    )
    axes.set(xlabel="confidence (%)", ylabel="pixels that are right (%)")
    axes.set(xlim=(0, 103), ylim=(0, 103), aspect="equal")
    axes.grid()
