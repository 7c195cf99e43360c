"""``hsidiff settings``: what ``--set`` knows of a method."""

import inspect
import re
import textwrap
from importlib import import_module
from typing import Annotated, Any

from hsidiff.catalog import CLASSIFIERS, find_classifier
from hsidiff.cli import console
from hsidiff.cli.classifiers import ProfileOption
from hsidiff.cli.options import JsonOption, argument
from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError
from hsidiff.smoothed import SMOOTHING, Smoothed

_ENTRY = re.compile(r"^(\w+(?:, \w+)*): (.*)")
# Where a docstring sends the reader on to that of a class.
_ELSEWHERE = re.compile(r"(?:see|as of) (?::class:`([\w.]+)`|(\w+))\.?")
_MARKUP = re.compile(r":\w+:`([^`]+)`|``([^`]+)``")
_NO_VALUE = "?"
"""A value that no setting takes: what is said of it names the range."""


def settings(
    method: Annotated[
        str, argument("METHOD", f"{', '.join(CLASSIFIERS)}; or path/file.py:Class for your own.")
    ],
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the settings of a method: default, range, meaning.

    Each may be given to map and fit as --set NAME=VALUE.
    """
    classifier = find_classifier(method)
    if profile is not None and not hasattr(classifier, "profiles"):
        raise SettingError(f"--profile {profile}: {method} has no profiles; leave it out")
    entries = describe_settings(classifier, {} if profile is None else {"profile": profile})
    if as_json:
        console.answer_json({"method": classifier.name, "settings": entries})
        return
    known = [entry["name"] for entry in entries]
    profiles_own = {*known} - {SMOOTHING, "budget"} if "profile" in known else {}
    for entry in entries:
        allowed = f", {entry['allowed']}" if entry["allowed"] else ""
        is_profiles = entry["default"] is None and entry["name"] in profiles_own
        default = "that of the profile" if is_profiles else entry["default"]
        console.say(f"{entry['name']} = {default}{allowed}")
        for line in textwrap.wrap(entry["meaning"], console.WIDTH - 4):
            console.say(f"    {line}")


def describe_settings(
    classifier: type[SceneClassifier], given: dict[str, Any]
) -> list[dict[str, Any]]:
    """Name, default, allowed values (in words, empty if not said) and meaning of each setting.

    Args:
        classifier: the class.
        given: settings that others may depend on, such as the profile.

    Raises:
        SettingError: if one of ``given`` is out of range.
    """
    model = classifier(**given)
    model.cost(1, 2)
    meanings = meanings_of(classifier)
    entries = [
        {
            "name": name,
            "default": default,
            "allowed": _allowed(classifier, given, name),
            "meaning": meanings.get(name, ""),
        }
        for name, default in model.get_params(deep=False).items()
    ]
    radius = meanings_of(Smoothed)["radius_px"]
    smoothing = f"smooths probabilities along edges of the scene, None does not; radius {radius}"
    smoothed = {"name": SMOOTHING, "default": None, "allowed": "must be a whole number, at least 1"}
    return [*entries, smoothed | {"meaning": smoothing}]


def meanings_of(classifier: type) -> dict[str, str]:
    """What docstrings say of attributes, those of parents included."""
    meanings: dict[str, str] = {}
    for parent in reversed(classifier.__mro__):
        text = inspect.cleandoc(parent.__doc__ or "")
        _, _, section = text.partition("\nAttributes:\n")
        names: list[str] = []
        for line in textwrap.dedent(section.partition("\n\n")[0]).splitlines():
            entry = _ENTRY.match(line)
            if entry:
                names = entry[1].split(", ")
                meanings |= dict.fromkeys(names, entry[2])
            else:
                meanings |= {name: f"{meanings[name]} {line.strip()}" for name in names}
    for name, meaning in meanings.items():
        found = _ELSEWHERE.fullmatch(meaning)
        if found and (other := _class_of(found[1] or found[2])):
            meanings[name] = meanings_of(other).get(name, meaning)
    return {name: _MARKUP.sub(r"\1\2", meaning) for name, meaning in meanings.items()}


def _class_of(path: str) -> type | None:
    """A class of the package by its path, a classifier by its name; None of others."""
    module, _, name = path.rpartition(".")
    if not module.startswith("hsidiff."):
        return {known.__name__: known for known in CLASSIFIERS.values()}.get(name)
    found: type = getattr(import_module(module), name)
    return found


def _allowed(classifier: type[SceneClassifier], given: dict[str, Any], name: str) -> str:
    """What the check of a setting says of a value that cannot be meant."""
    try:
        classifier(**given | {name: _NO_VALUE}).cost(1, 2)
    except SettingError as error:
        start, _, allowed = str(error).partition(": ")
        return allowed if start.startswith(f"{name}=") else ""
    except (TypeError, ValueError, AttributeError):
        return ""  # not checked before a fit
    return ""
