"""The methods that can be trained."""

from importlib import import_module
from typing import Any

KINDS = {
    "method": "Learns the scene first, without labels: takes minutes; lda takes seconds",
    "baseline": "Learns from labels alone; lda and knn take seconds",
    "control": "A control, which leaves something out, to compare methods with",
}


def methods() -> list[dict[str, Any]]:
    """The methods that can be trained, the default first: profiles, and what each is."""
    # PyTorch takes seconds to load, and a picture of the scene needs none of it.
    catalog = import_module("hsidiff.catalog")
    default = catalog.DEFAULT_METHOD
    names = [default, *(name for name in catalog.CLASSIFIERS if name != default)]
    notes = {catalog.QUICK_METHOD: " (quick)"}
    return [
        {
            "name": name,
            "title": name + notes.get(name, ""),
            "profiles": list(getattr(catalog.CLASSIFIERS[name], "profiles", ())),
            "about": _in_words(catalog.CLASSIFIERS[name].about),
        }
        for name in names
    ]


def _in_words(about: Any) -> str:
    """What kind of classifier it is, and the paper that it follows."""
    paper = f" ({about.paper} {about.year})" if about.paper else ""
    return f"{KINDS[about.kind]}{paper}."
