"""The page of the spectra of labels: a panel per class, and a table of suspicious pixels."""

from pathlib import Path

import pandas as pd

from hsidiff.amounts import count
from hsidiff.evaluation.label_spectra import FEWEST_TO_JUDGE, MODIFIED_Z_LIMIT, LabelSpectra
from hsidiff.files import write_whole
from hsidiff.report.blocks import Block, Section, render_page, sentence
from hsidiff.report.spectrum_lines import HOW_TO_READ, draw_label_spectra
from hsidiff.report.tables.table import Table, columns
from hsidiff.scenes.scene import Scene

MOST_ROWS = 50
LARGEST_DEGREE = 360
EXPLANATION = (
    "Distance: from the median spectrum of the class, in standard deviations within classes (root "
    "of the mean square over the bands). A pixel is suspicious where its distance has a modified "
    f"z-score above {MODIFIED_Z_LIMIT} among those of its class (Iglewicz and Hoaglin 1993); "
    f"classes of fewer than {FEWEST_TO_JUDGE} pixels are not judged. Suspicious is not wrong: look "
    "at each in the scene."
)


def write_spectra_page(
    measured: LabelSpectra, suspicious: pd.DataFrame, scene: Scene, path: str | Path
) -> None:
    """Write the page, which carries its picture; whole or not at all.

    Args:
        measured: the spectra.
        suspicious: the table of :func:`hsidiff.evaluation.label_spectra.suspicious_pixels`.
        scene: the scene.
        path: the page.
    """
    n_pixels = count(len(measured.samples))
    more = "{} more stand in the table beside this page."
    table = suspicious_table(suspicious, MOST_ROWS, more)
    sections = (
        Section("Spectra per class", spectra_blocks(measured, scene)),
        Section("Suspicious pixels", [sentence(EXPLANATION), Block("table", table)]),
    )
    page = render_page(
        f"{scene.name}: spectra of the labels",
        f"{n_pixels} pixels of {len(measured.classes)} classes, "
        f"{count(len(suspicious))} suspicious",
        [],
        sections,
        "Made by hsidiff from the scene and its labels.",
    )
    with write_whole(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def spectra_blocks(measured: LabelSpectra, scene: Scene) -> list[Block]:
    """A figure of the spectra of each class, and how to read them."""
    pictures = tuple(drawing.picture() for drawing in draw_label_spectra(measured, scene))
    return [Block("pictures", pictures), sentence(HOW_TO_READ, "note")]


def suspicious_table(suspicious: pd.DataFrame, most_rows: int, more: str) -> Table:
    """The farthest suspicious pixels, as a table for a page.

    Args:
        suspicious: of :func:`hsidiff.evaluation.label_spectra.suspicious_pixels`.
        most_rows: rows that are shown.
        more: says where the others are; ``{}`` stands for their number.
    """
    places = ["row", "col", *(name for name in ("x", "y") if name in suspicious)]
    shown = suspicious.head(most_rows)
    digits = _digits(shown)
    rows = [
        [
            row["class"],
            "no other" if row["looks_like"] == row["class"] else row["looks_like"],
            *(f"{row[name]:.{digits if name in 'xy' else 0}f}" for name in places),
            f"{row['distance']:.1f}",
            f"{row['limit']:.1f}",
        ]
        for _, row in shown.iterrows()
    ]
    n_more = len(suspicious) - len(rows)
    heads = ["column" if name == "col" else name for name in places]
    return Table(
        name="suspicious",
        title="1 labelled pixel that looks unlike its class"
        if len(suspicious) == 1
        else f"{count(len(suspicious))} labelled pixels that look unlike their class",
        columns=columns(["class", "looks like"], [*heads, "distance", "limit"]),
        rows=rows,
        numbers=suspicious,
        notes=(more.format(count(n_more)),) if n_more else (),
    )


def _digits(shown: pd.DataFrame) -> int:
    """Digits after the point that tell pixels apart: five of degrees, one of metres."""
    if "x" not in shown or not len(shown):
        return 0
    return 5 if shown[["x", "y"]].abs().max(axis=None) <= LARGEST_DEGREE else 1
