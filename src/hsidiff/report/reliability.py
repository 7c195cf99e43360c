"""How right a map is where it says how sure it is: a sentence and a figure."""

from typing import Any

from matplotlib.axes import Axes

from hsidiff.report.amounts import count
from hsidiff.report.blocks import Block, sentence
from hsidiff.report.drawing import Drawing, look, new_figure, panels
from hsidiff.report.style import ACCENT, MUTED

_TITLES = {"before": "as the method says it", "after": "calibrated"}


def reliability_blocks(reliability: dict[str, Any] | None) -> list[Block]:
    """What ``reliability`` of ``result.json`` says; nothing where nothing was measured."""
    if not reliability:
        return []
    before, after = (
        100 * reliability[when]["expected_calibration_error"] for when in ("before", "after")
    )
    words = (
        f"On {count(reliability['n_pixels'])} held-out labels the confidence is off by {after:.1f} "
        f"percentage points on average, {before:.1f} before it was calibrated on held-out labels "
        "of other places (expected calibration error, 15 bins of equal width)."
    )
    return [sentence(words), Block("pictures", (draw_reliability(reliability).picture(),))]


def draw_reliability(reliability: dict[str, Any]) -> Drawing:
    """Share of the pixels that are right over confidence, before and after calibration."""
    with look():
        figure = new_figure(6.4, 3.1)
        for axes, when in zip(panels(figure, 2, 2, sharey="row"), _TITLES, strict=True):
            _draw(axes, reliability[when], _TITLES[when])
        figure.axes[0].set_ylabel("pixels that are right (%)")
    told = ", ".join(
        f"{title} off by {100 * reliability[when]['expected_calibration_error']:.1f} points"
        for when, title in _TITLES.items()
    )
    return Drawing(
        "reliability",
        figure,
        f"Reliability diagram: {told}",
        "Each dot is a bin of the confidence, larger with more pixels. On the line the map is "
        "right as often as it says; below it the map is too sure.",
    )


def _draw(axes: Axes, bins: dict[str, Any], title: str) -> None:
    n_pixels = bins["n_pixels"]
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=(0, (4, 2)))
    axes.scatter(
        [100 * share for share in bins["mean_confidence"]],
        [100 * share for share in bins["share_right"]],
        s=[12 + 160 * n / sum(n_pixels) for n in n_pixels],
        color=ACCENT,
        alpha=0.8,
        linewidths=0,
    )
    axes.set(title=title, xlabel="confidence (%)", xlim=(0, 103), ylim=(0, 103), aspect="equal")
    axes.grid()
