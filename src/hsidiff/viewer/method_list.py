"""The methods that can be trained."""

from importlib import import_module
from typing import Any


def methods() -> list[dict[str, Any]]:
    """The methods that can be trained, the default first, and their profiles."""
    # PyTorch takes seconds to load, and a picture of the scene needs none of it.
    catalog = import_module("hsidiff.catalog")
    default = catalog.DEFAULT_METHOD
    names = [default, *(name for name in catalog.CLASSIFIERS if name != default)]
    return [
        {
            "name": name,
            "profiles": list(getattr(catalog.CLASSIFIERS[name], "profiles", ())),
            "about": str(catalog.CLASSIFIERS[name].__doc__).split("\n")[0],
        }
        for name in names
    ]
