"""Which classifier, new or saved: the options that name it, and what they stand for."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hsidiff.catalog import CLASSIFIERS, find_classifier, load_classifier
from hsidiff.classifier import SceneClassifier
from hsidiff.cli.options import METHOD_PANEL
from hsidiff.errors import SettingError, check_choice
from hsidiff.methods import METHODS
from hsidiff.training.loop import pick_device

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
ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", show_default=False, help="Folder of a saved model.")
]
OwnClassOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=METHOD_PANEL,
        help="path/file.py:Class, for a model of a class of your own.",
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=METHOD_PANEL,
        help="auto, cpu, cuda or mps instead of the device that the model was fitted with.",
    ),
]


def load_model(folder: Path, own_class: str | None, device: str | None) -> SceneClassifier:
    """The saved classifier that the options describe.

    Raises:
        MissingFileError: if the folder or a file in it is missing.
        ModelError: if it holds no classifier, or one of another class.
        SettingError: if there is no such device, or the classifier has no use for one.
    """
    loaded = find_classifier(own_class).load(folder) if own_class else load_classifier(folder)
    if device is not None:
        if "device" not in loaded.get_params():
            raise SettingError(f"--device {device}: {loaded.name} knows no device; leave it out")
        loaded.set_params(device=pick_device(device))
    return loaded


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
