"""The page of the spectra of labels: a panel per class, and a table of suspicious pixels."""

from pathlib import Path

import pandas as pd

from hsidiff.evaluation.label_spectra import FEWEST_TO_JUDGE, MODIFIED_Z_LIMIT, LabelSpectra
from hsidiff.files import write_whole
from hsidiff.report.amounts import count
from hsidiff.report.blocks import Block, Section, render_page, sentence
from hsidiff.report.spectrum_lines import draw_label_spectra
from hsidiff.report.tables.table import Table, columns
from hsidiff.scenes.scene import Scene

MOST_ROWS = 50
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
    picture = draw_label_spectra(measured, scene).picture()
    sections = (
        Section("Spectra per class", [Block("picture", picture)]),
        Section("Suspicious pixels", [sentence(EXPLANATION), Block("table", _table(suspicious))]),
    )
    page = render_page(
        f"{scene.name}: spectra of the labels",
        f"{n_pixels} pixels of {len(measured.classes)} classes, {len(suspicious)} suspicious",
        [],
        sections,
        "Made by hsidiff from the scene and its labels.",
    )
    with write_whole(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _table(suspicious: pd.DataFrame) -> Table:
    rows = [
        [
            row["class"],
            "its class" if row["looks_like"] == row["class"] else row["looks_like"],
            str(row["row"]),
            str(row["col"]),
            f"{row['distance']:.1f}",
            f"{row['limit']:.1f}",
        ]
        for _, row in suspicious.head(MOST_ROWS).iterrows()
    ]
    more = len(suspicious) - len(rows)
    return Table(
        name="suspicious",
        title=f"{count(len(suspicious))} labelled pixels that look unlike their class",
        columns=columns(["class", "looks like"], ["row", "column", "distance", "limit"]),
        rows=rows,
        numbers=suspicious,
        notes=(f"{count(more)} more stand in the table beside this page.",) if more else (),
    )
