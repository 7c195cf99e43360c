"""What a map shows of each class, as the commands that make maps tell it."""

from collections.abc import Sequence

from hsidiff.amounts import count
from hsidiff.assessment.areas import NO_HECTARES, ClassArea
from hsidiff.cli import console
from hsidiff.report.tables.accuracy_tables import area_table
from hsidiff.report.tables.table import to_text


def tell_areas(
    areas: Sequence[ClassArea], n_without: int = 0, reason: str = "(no value in the scene)"
) -> None:
    """Print pixels and hectares of each class; ``n_without`` pixels have no class."""
    console.say(to_text(area_table(areas)))
    if n_without:
        console.say(f"{reason} {count(n_without)} pixels")
    if areas and areas[0].hectares is None:
        console.say(NO_HECTARES)
