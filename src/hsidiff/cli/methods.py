"""``hsidiff methods``: what there is to map with, where it comes from, and what it costs."""

from typing import Any

from hsidiff.catalog import CLASSIFIERS
from hsidiff.cli import console
from hsidiff.cli.classifiers import ProfileOption
from hsidiff.cli.options import JsonOption
from hsidiff.contract import SceneClassifier
from hsidiff.errors import check_choice

N_BANDS, N_CLASSES = 200, 16
"""What costs are given for: the size of Indian Pines."""

_HEADINGS = {
    "name": "name",
    "kind": "kind",
    "profile": "profile",
    "paper": "paper",
    "n_parameters": "params",
    "macs_per_pixel": "MACs/px",
}
_NUMBERS = ("n_parameters", "macs_per_pixel")
_NOTES = (
    f"For {N_BANDS} bands and {N_CLASSES} classes. params: weights of networks and heads.",
    "MACs/px: multiply-accumulates to map a pixel. labels: it grows with the training labels.",
)


def methods(profile: ProfileOption = None, as_json: JsonOption = False) -> None:
    """List methods, baselines and controls: paper, parameters, cost of a pixel."""
    if profile is not None:
        known = (name for each in CLASSIFIERS.values() for name in profiles_of(each))
        check_choice("profile", profile, dict.fromkeys(known))
    entries = [describe_method(classifier, profile) for classifier in CLASSIFIERS.values()]
    if as_json:
        console.answer_json({"n_bands": N_BANDS, "n_classes": N_CLASSES, "methods": entries})
        return
    for line in _table(entries):
        console.say(line)


def describe_method(classifier: type[SceneClassifier], profile: str | None) -> dict[str, Any]:
    """What is known of a classifier with its default settings.

    Args:
        classifier: the class.
        profile: its profile, if it has one of that name; None, or another, takes its default.
    """
    given: dict[str, Any] = {"profile": profile} if profile in profiles_of(classifier) else {}
    model, about = classifier(**given), classifier.about
    cost = model.cost(N_BANDS, N_CLASSES)
    return {
        "name": classifier.name,
        "kind": None if about is None else about.kind,
        "profile": model.get_params(deep=False).get("profile"),
        "paper": None if about is None else about.paper,
        "year": None if about is None else about.year,
        "n_parameters": cost.n_parameters,
        "macs_per_pixel": cost.macs_per_pixel,
    }


def profiles_of(classifier: type[SceneClassifier]) -> tuple[str, ...]:
    """The names of its profiles; none for most baselines."""
    return tuple(getattr(classifier, "profiles", ()))


def _table(entries: list[dict[str, Any]]) -> list[str]:
    """The entries as lines of columns, for a terminal as for a pipe."""
    rows = [_HEADINGS, *map(_written, entries)]
    widths = {column: max(len(row[column]) for row in rows) for column in _HEADINGS}
    lines = [
        "  ".join(
            row[column].rjust(width) if column in _NUMBERS else row[column].ljust(width)
            for column, width in widths.items()
        )
        for row in rows
    ]
    return [*lines, "", *_NOTES]


def _written(entry: dict[str, Any]) -> dict[str, str]:
    paper = f"{entry['paper']} {entry['year']}" if entry["paper"] else "-"
    texts = {"name": entry["name"], "kind": entry["kind"] or "-"}
    texts |= {"profile": entry["profile"] or "-", "paper": paper}
    return texts | {name: short_number(entry[name]) for name in _NUMBERS}


def short_number(number: int | None) -> str:
    """Three digits and a letter: 4299633 is ``4.30 M``."""
    if number is None:
        return "labels"
    if number < 1000:
        return str(number)
    value, units = number / 1000, iter("kMGT")
    unit = next(units)
    while value >= 999.5:
        value, unit = value / 1000, next(units)
    return f"{f'{value:#.3g}'.rstrip('.')} {unit}"
