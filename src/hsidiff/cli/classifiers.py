"""Which classifier: the options that name it, and the classifier that they stand for."""

import json
from typing import Annotated, Any

import typer

from hsidiff.catalog import CLASSIFIERS, find_classifier
from hsidiff.classifier import SceneClassifier
from hsidiff.cli.options import METHOD_PANEL
from hsidiff.errors import SettingError, check_choice
from hsidiff.methods import METHODS

MethodOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=METHOD_PANEL,
        help=f"{', '.join(CLASSIFIERS)}; or path/file.py:Class for your own.",
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=METHOD_PANEL,
        show_default="fast",
        help=f"fast, paper or released, for {', '.join(METHODS)}.",
    ),
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        rich_help_panel=METHOD_PANEL,
        show_default="the steps of the profile",
        help="How long the denoiser learns: a time such as 60s, 2min or 1h (how far it comes then "
        "depends on the machine), 400 steps, or 4 steps per pixel.",
    ),
]
SettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        rich_help_panel=METHOD_PANEL,
        help="Another setting of the method, such as pretrain_steps=1000; may be given several "
        "times.",
    ),
]


def make_classifier(
    method: str,
    profile: str | None,
    seed: int,
    settings: list[str] | None,
    budget: str | None = None,
) -> SceneClassifier:
    """The classifier that the options describe.

    Raises:
        SettingError: if the method, or a setting of it, is unknown, or the budget is given twice.
    """
    chosen = find_classifier(method)
    known = chosen().get_params(deep=False)
    given: dict[str, Any] = {"random_state": seed} if "random_state" in known else {}
    if profile is not None:
        if "profile" not in known:
            raise SettingError(f"--profile {profile}: {method} has no profiles; leave it out")
        given["profile"] = profile
    if budget is not None:
        if "budget" not in known:
            raise SettingError(f"--budget {budget}: {method} learns no denoiser; leave it out")
        given["budget"] = budget
    for setting in settings or []:
        name, equals, value = setting.partition("=")
        if not equals:
            raise SettingError(f"--set {setting}: expected NAME=VALUE")
        if name == "random_state":
            raise SettingError(
                f"--set {setting}: give it as --seed, which is the split's seed, too"
            )
        if name == "budget" and budget is not None:
            raise SettingError(f"--budget {budget} and --set {setting}: give one of them")
        given[check_choice("setting", name, known)] = _parsed(value)
    return chosen(**given)


def _parsed(value: str) -> Any:
    """Numbers and lists in JSON's notation; all else is text."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return tuple(parsed) if isinstance(parsed, list) else parsed
