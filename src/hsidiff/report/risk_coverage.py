"""Which threshold of "not sure" leaves how much of a map, and how right it is above: a table."""

from typing import Any

from hsidiff.amounts import count, percent_number
from hsidiff.report.blocks import Block, Bold, sentence
from hsidiff.report.reliability import held_out_in_words
from hsidiff.report.tables.table import Table, columns


def risk_coverage_blocks(told: dict[str, Any] | None) -> list[Block]:
    """What ``risk_and_coverage`` of ``result.json`` says; nothing of a map without a pixel."""
    rows = (told or {}).get("thresholds") or []
    if told is None or not rows:
        return []
    named = (told.get("asked"), told.get("advised"))
    table = Table(
        name="risk-and-coverage",
        title="Risk and coverage",
        columns=columns(
            ["threshold"], ["map not sure, %", "held-out labels above", "of these right, %"]
        ),
        rows=[_row(row, row["threshold"] in named) for row in rows],
        notes=(_how_to_read(told),),
    )
    return [sentence(_words(told), "more"), Block("table", table)]


def _row(row: dict[str, Any], is_named: bool) -> list[str]:
    cells = [
        f"{row['threshold']:.2f}"
        if round(row["threshold"], 2) == row["threshold"]
        else str(row["threshold"]),
        percent_number(row["unsure"]),
        count(row["n_held_out"]),
        percent_number(row["share_right"]),
    ]
    return [Bold(cell) for cell in cells] if is_named else cells


def _words(told: dict[str, Any]) -> str:
    n_held_out = told.get("n_held_out")
    if not n_held_out:
        return (
            "With --abstain pixels with a confidence below a threshold are 'not sure'. No label "
            "was held out that could say how often the map is right above it."
        )
    return (
        "With --abstain pixels with a confidence below a threshold are 'not sure'. What is left "
        f"should be right more often: of {count(n_held_out)} {held_out_in_words(told)} "
        f"{percent_number(told.get('share_right'))} % are right before any is left out."
    )


def _how_to_read(told: dict[str, Any]) -> str:
    words = "Shares of fewer than ten labels are not told."
    bold = [
        text
        for key, text in (
            ("asked", "what this map was asked for"),
            ("advised", "the highest number that leaves out no more than a quarter"),
        )
        if told.get(key) is not None
    ]
    return f"{words} In bold: {' and '.join(bold)}." if bold else words
