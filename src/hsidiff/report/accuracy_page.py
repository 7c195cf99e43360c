"""The files of an accuracy assessment: a page, tables, and the numbers as JSON."""

from pathlib import Path

from hsidiff.amounts import count, decimal, percent, with_its_sign
from hsidiff.errors import SettingError
from hsidiff.files import sha256_of_files, write_json, write_together
from hsidiff.labels.spreadsheet import without_formulas
from hsidiff.report.blocks import Block, Section, caution, render_page, sentence
from hsidiff.report.map_accuracy import MapAccuracy
from hsidiff.report.places import without_these_folders
from hsidiff.report.tables.accuracy_tables import (
    accuracy_table,
    area_table,
    error_matrix_table,
    share_matrix_table,
)
from hsidiff.report.tables.table import Table

COUNTED = (
    "Counted in the map. Its errors do not cancel out, so these are not yet the areas on the "
    "ground: for those, with an interval, label a sample (hsidiff sample, hsidiff evaluate)."
)
PAGE, NUMBERS = "accuracy.html", "accuracy.json"


def tables_of(accuracy: MapAccuracy) -> list[Table]:
    """The tables of an assessment, the most wanted first."""
    known = (
        area_table(accuracy.areas, accuracy.adjusted),
        accuracy_table(accuracy.assessment),
        error_matrix_table(accuracy.assessment),
        share_matrix_table(accuracy.assessment),
    )
    return [table for table in known if table is not None]


def check_accuracy_folder(folder: Path) -> None:
    """Refuse a folder that holds an assessment already.

    Raises:
        SettingError: if it does.
    """
    if (folder / PAGE).exists():
        raise SettingError(
            f"--out {folder} holds an assessment ({PAGE}): give another folder, or move it away"
        )


def write_accuracy(accuracy: MapAccuracy, notes: list[str], folder: Path) -> list[Path]:
    """Write ``accuracy.html``, each table as ``.csv``, and ``accuracy.json``; all or nothing.

    Args:
        accuracy: the assessment.
        notes: warnings that were given on the way.
        folder: the folder; other files in it stay.

    Returns:
        The files, the page first.
    """
    tables = tables_of(accuracy)
    with write_together(folder) as new:
        (new / PAGE).write_text(_page(accuracy, tables, notes), encoding="utf-8")
        for table in tables:
            without_formulas(table.numbers).to_csv(new / f"{table.name}.csv", index=False)
        write_json(new / NUMBERS, {**accuracy.to_json(), "notes": notes})
    return [folder / name for name in (PAGE, *(f"{table.name}.csv" for table in tables), NUMBERS)]


def _page(accuracy: MapAccuracy, tables: list[Table], notes: list[str]) -> str:
    assessment = accuracy.assessment
    paths = [str(accuracy.map_path), str(accuracy.labels_path)]
    told = (*accuracy.cautions, *(without_these_folders(note, paths) for note in notes))
    cautions = [caution(text) for text in told]
    areas, *others = tables
    sections = [
        Section("Worth knowing before you use it", cautions),
        Section("Areas", [sentence(_about_areas(accuracy)), Block("table", areas)]),
        Section("Accuracy", [Block("table", table) for table in others]),
        Section("How it was measured", _provenance(accuracy)),
    ]
    kind = "by a sample drawn by design" if accuracy.sample else "by labels at hand"
    n = f"{count(assessment.n_scored)} samples"
    return render_page(
        f"{accuracy.map_path.name}: accuracy and areas",
        f"{kind} · {n} · 95 % intervals",
        _tiles(accuracy),
        sections,
        f"Made by hsidiff from {accuracy.map_path.name} and {accuracy.labels_path.name}.",
    )


def _tiles(accuracy: MapAccuracy) -> list[Block]:
    assessment = accuracy.assessment
    overall = assessment.overall_accuracy
    ends = with_its_sign(f"95 % interval {percent(overall.low)} to {percent(overall.high)}")
    of = "of the area" if accuracy.sample else "of the labels"
    n_classes = len({c.id for c in assessment.classes})
    return [
        Block(
            "tiles",
            (
                ("Overall accuracy", percent(overall.value), f"{of} is mapped right; {ends}"),
                ("Kappa", decimal(assessment.kappa), "agreement beyond chance"),
                ("Samples scored", count(assessment.n_scored), "each with a reference class"),
                ("Classes", count(n_classes), "of the map or the reference"),
            ),
        )
    ]


def _about_areas(accuracy: MapAccuracy) -> str:
    if accuracy.adjusted is None:
        return COUNTED
    return (
        "The adjusted area is the one to use, with its interval: it corrects what is counted in "
        "the map for the errors that the sample found."
    )


def _provenance(accuracy: MapAccuracy) -> list[Block]:
    facts: list[tuple[str, object]] = [
        ("map", accuracy.map_path.name),
        ("map, SHA-256", sha256_of_files([accuracy.map_path])),
        ("labels", accuracy.labels_path.name),
        ("labels, SHA-256", sha256_of_files([accuracy.labels_path])),
    ]
    if accuracy.sample is None:
        facts.append(("intervals", "Wilson (1927), as if each label had been drawn on its own"))
    else:
        facts += [
            ("strata", count(len(accuracy.sample.names))),
            ("pixels of all strata", count(int(accuracy.sample.n_pixels.sum()))),
            ("without reference class", count(accuracy.sample.n_empty)),
            ("estimates", "Stehman (2014), which holds Olofsson et al. (2014)"),
            (
                "intervals",
                "MOVER (Zou et al., 2009) from the strata's limits",
            ),
        ]
    return [Block("facts", facts)]
