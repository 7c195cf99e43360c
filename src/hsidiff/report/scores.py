"""The part of the page that says how good the map is."""

from typing import Any

from hsidiff.report.elements import (
    NONE,
    bar,
    count,
    decimal,
    paragraph,
    percent,
    section,
    swatch,
    text,
    tiles,
)
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.style import RIGHT, WRONG, shade

_FURTHER_SCORES = (
    ("macro F1", "macro_f1"),
    ("mean IoU", "mean_iou"),
    ("frequency-weighted IoU", "frequency_weighted_iou"),
)


def score_tiles(result: dict[str, Any]) -> str:
    """Overall and average accuracy, kappa and the number of scored pixels, in plain words."""
    n_train = count(result.get("n_train"))
    entries = (
        (
            "Overall accuracy",
            percent(result.get("overall_accuracy")),
            "of the scored pixels have the right class",
        ),
        (
            "Average accuracy",
            percent(result.get("average_accuracy")),
            "mean over the classes: a small class counts as much as a large one",
        ),
        (
            "Kappa",
            decimal(result.get("kappa")),
            "agreement beyond chance: 0 is chance, 1 is perfect",
        ),
        ("Pixels scored", count(result.get("n_test")), f"learned from {n_train} labelled pixels"),
    )
    further = " · ".join(
        f"{name} {decimal(result[key])}"
        for name, key in _FURTHER_SCORES
        if result.get(key) is not None
    )
    below = "".join(paragraph(words, "more") for words in (_apart(result), further) if words)
    return tiles(entries) + below


def _apart(result: dict[str, Any]) -> str:
    """The score on the test pixels that the method maps without seeing a training pixel."""
    n_apart, accuracy = result.get("n_test_apart"), result.get("overall_accuracy_apart")
    if n_apart is None:
        return ""
    if n_apart == 0:
        return "Within what the method sees of a scored pixel there always is a training pixel."
    if n_apart == result.get("n_test"):
        return "Within what the method sees of a scored pixel there never is a training pixel."
    return (
        f"On the {count(n_apart)} scored pixels with no training pixel within what the method sees "
        f"of them the overall accuracy is {percent(accuracy)}."
    )


def class_scores(results: ResultFolder) -> str:
    """The table of the classes: number of pixels, accuracy, a bar."""
    entries = results.result.get("per_class") or []
    colors = {land_class.id: land_class.color for land_class in results.classes}
    rows = "".join(
        f'<tr><th scope="row">{swatch(colors.get(entry.get("id"), "#ffffff"))}'
        f"{text(entry.get('name'))}</th>"
        f'<td class="number">{count(entry.get("n_train"))}</td>'
        f'<td class="number">{count(entry.get("n_test"))}</td>'
        f'<td class="number">{percent(entry.get("accuracy"))}</td>'
        f'<td class="wide">{bar(entry.get("accuracy"))}</td></tr>'
        for entry in entries
    )
    head = (
        '<thead><tr><th scope="col">class</th><th scope="col" class="number">training pixels</th>'
        '<th scope="col" class="number">test pixels</th>'
        '<th scope="col" class="number">accuracy</th><td class="wide"></td></tr></thead>'
    )
    table = f'<div class="scroll"><table class="scores">{head}<tbody>{rows}</tbody></table></div>'
    words = "Accuracy of a class: the share of its test pixels that the map shows as this class."
    return section("Scores per class", paragraph(words), table) if rows else ""


def confusion(result: dict[str, Any]) -> str:
    """The confusion matrix as a table whose colours are shares of the row."""
    matrix, entries = result.get("confusion_matrix"), result.get("per_class") or []
    if not matrix or len(matrix) != len(entries):
        return ""
    numbers = "".join(
        f'<th scope="col" title="{text(entry.get("name"))}">{text(entry.get("id"))}</th>'
        for entry in entries
    )
    rows = "".join(
        f'<tr><th scope="row"><b>{text(entries[position].get("id"))}</b> '
        f"{text(entries[position].get('name'))}</th>"
        f"{_matrix_cells(position, counts)}</tr>"
        for position, counts in enumerate(matrix)
    )
    table = (
        f'<div class="scroll"><table class="matrix"><thead><tr><th scope="col">truth ↓ map →</th>'
        f"{numbers}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    words = (
        "Each row holds the test pixels of one class and counts what the map calls them. "
        "Blue is right, orange is wrong; the darker, the larger the share of the row. "
        f"{NONE} is no pixel."
    )
    return section("What is taken for what", paragraph(words), table)


def _matrix_cells(position: int, counts: list[int]) -> str:
    total = max(sum(counts), 1)
    return "".join(
        f'<td style="{_shade(number / total, column == position)}">'
        f"{count(number) if number else NONE}</td>"
        for column, number in enumerate(counts)
    )


def _shade(share: float, is_right: bool) -> str:
    background, ink = shade(share, RIGHT if is_right else WRONG)
    return f"background:{background};color:{ink}"
