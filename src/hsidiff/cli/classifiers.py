"""Which classifier, new or saved: the options that name it, and what they stand for."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from hsidiff.catalog import CLASSIFIERS, DEFAULT_METHOD, find_classifier, load_classifier
from hsidiff.cli.options import METHOD_PANEL, SeedOption, argument, option
from hsidiff.contract import SceneClassifier
from hsidiff.errors import ModelError, SettingError, check_choice
from hsidiff.scenes.formats.address import is_address, shown
from hsidiff.smoothed import SMOOTHING, build_classifier
from hsidiff.training.loop import pick_device
from hsidiff.wrapped import unwrapped

WITH_PROFILES = [name for name, method in CLASSIFIERS.items() if hasattr(method, "profiles")]
ProfileOption = Annotated[
    str | None,
    option(
        METHOD_PANEL,
        "NAME",
        f"fast, paper or released, for {', '.join(WITH_PROFILES)}.",
        show_default="fast",
    ),
]
ModelArgument = Annotated[Path, argument("MODEL", "Folder of a saved model.")]
OwnClassOption = Annotated[
    str | None,
    option(METHOD_PANEL, "NAME", "path/file.py:Class, if the model is of a class of your own."),
]
DeviceOption = Annotated[
    str | None,
    option(
        METHOD_PANEL,
        "NAME",
        "auto, cpu, cuda or mps.",
        show_default="the device that the model was fitted with",
    ),
]


@dataclass(frozen=True)
class MethodOptions:
    """A classifier that is to be fitted."""

    method: Annotated[
        str,
        option(
            METHOD_PANEL, "NAME", f"{', '.join(CLASSIFIERS)}; or path/file.py:Class for your own."
        ),
    ] = DEFAULT_METHOD
    profile: ProfileOption = None
    budget: Annotated[
        str | None,
        option(
            METHOD_PANEL,
            "AMOUNT",
            "How long the denoiser learns: a time such as 60s, 2min or 1h (how far it comes then "
            "depends on the machine), '400 steps', or '4 steps per pixel'.",
            show_default="the steps of the profile",
        ),
    ] = None
    settings: Annotated[
        list[str] | None,
        option(
            METHOD_PANEL,
            "NAME=VALUE",
            "Another setting of the method, such as pretrain_steps=1000; may be given several "
            "times. hsidiff settings METHOD lists them.",
            "--set",
        ),
    ] = None
    seed: SeedOption = 0

    def make(self) -> SceneClassifier:
        """The classifier that the options describe.

        Raises:
            SettingError: if the method, or a setting of it, is unknown, or the budget is given
                twice.
        """
        classifier = find_classifier(self.method)
        known = classifier().get_params(deep=False)
        given: dict[str, Any] = {"random_state": self.seed} if "random_state" in known else {}
        for name, lack in (("profile", "has no profiles"), ("budget", "learns no denoiser")):
            value = getattr(self, name)
            if value is not None and name not in known:
                raise SettingError(f"--{name} {value}: {self.method} {lack}; leave it out")
            if value is not None:
                given[name] = value
        for setting in self.settings or []:
            name, equals, text = setting.partition("=")
            if not equals:
                raise SettingError(f"--set {setting}: expected NAME=VALUE")
            if name == "random_state":
                raise SettingError(
                    f"--set {setting}: give it as --seed, which is the split's seed, too"
                )
            if name == "budget" and self.budget is not None:
                raise SettingError(f"--budget {self.budget} and --set {setting}: give one of them")
            given[self._known(name, [*known, SMOOTHING])] = _parsed(text)
        return build_classifier(classifier, given)

    def _known(self, name: str, settings: list[str]) -> str:
        try:
            return check_choice("setting", name, settings)
        except SettingError as error:
            raise SettingError(f"{error}: see hsidiff settings {self.method}") from error


def load_model(folder: Path, own_class: str | None, device: str | None) -> SceneClassifier:
    """The saved classifier that the options describe.

    Raises:
        MissingFileError: if the folder or a file in it is missing.
        ModelError: if it holds no classifier, or one of another class.
        SettingError: if there is no such device, or the classifier has no use for one.
    """
    if is_address(folder):
        raise ModelError(
            f"{shown(folder)}: a model is read from a folder of this machine: download it"
        )
    own = find_classifier(own_class) if own_class else None
    loaded = load_classifier(folder, own)
    if device is not None:
        # That of the classifier inside, where one is smoothed.
        settings = [name for name in loaded.get_params() if name.rpartition("__")[2] == "device"]
        if not settings:
            name = unwrapped(loaded).name
            raise SettingError(f"--device {device}: {name} knows no device; leave it out")
        loaded.set_params(**dict.fromkeys(settings, pick_device(device)))
    return loaded


def _parsed(value: str) -> Any:
    """Numbers and lists in JSON's notation; all else is text."""
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return tuple(parsed) if isinstance(parsed, list) else parsed
