"""Groups of options: a parameter of a command whose type is a dataclass stands for its fields."""

import re
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from inspect import Parameter, cleandoc, signature
from typing import Any, get_type_hints


def with_groups_flattened(command: Callable[..., None]) -> Callable[..., None]:
    """The command with one parameter for each field of its groups, which is what Typer knows."""
    groups: dict[str, Any] = {
        name: kind for name, kind in get_type_hints(command).items() if is_dataclass(kind)
    }
    parameters = [
        parameter
        for name, own in _parameters(command).items()
        for parameter in (_parameters(groups[name]).values() if name in groups else [own])
    ]

    @wraps(command)
    def flat(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field: given.pop(field) for field in _parameters(group)})
        command(**given)

    flat.__signature__ = signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    flat.__doc__ = unwrapped(command.__doc__)
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def unwrapped(text: str | None) -> str | None:
    """A docstring with one line per paragraph, which a terminal of any width breaks itself.

    Typer breaks the lines of a source once more where they are longer than a terminal.
    """
    if text is None:
        return None
    paragraphs = re.split(r"\n\s*\n", cleandoc(text))
    return "\n\n".join(re.sub(r"\s*\n\s*", " ", paragraph) for paragraph in paragraphs)


def _parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a function or dataclass by name, as keywords, with their annotations."""
    hints = get_type_hints(function, include_extras=True)
    return {
        name: parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, parameter in signature(function).parameters.items()
    }
