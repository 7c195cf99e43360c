"""Tables that somebody wrote by hand: each declares what it may hold, and pydantic checks it."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    ValidationError,
    model_validator,
)

from hsidiff.errors import SettingError, check_choice

T = TypeVar("T")
Values = TypeVar("Values", bound=Sequence[Any])
_WORDS = {
    "Input should be": "must be",
    "a valid tuple": "a list in [ ]",
    "a valid number": "a number",
    "a valid dictionary.*": "a table",
    "a valid string|an instance of Path": "text in quotes",
    "a valid integer": "a whole number",
    "a valid boolean": "true or false",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
}
"""Words of pydantic (regular expressions), and what a reader of the file knows them as."""


class Table(BaseModel):
    """A table whose fields are all the keys that it may have; ``true`` is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @classmethod
    def keys_of(cls, table: Mapping[str, Any]) -> dict[str, bool]:
        """The keys that this table may have, and whether it needs them."""
        return {name: field.is_required() for name, field in cls.model_fields.items()}

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, table: Any) -> Any:
        """Refuse an unknown key, naming the nearest known one, and a missing one."""
        if isinstance(table, dict):
            known = cls.keys_of(table)
            for key in table:
                check_choice("key", key, known)
            for key, is_needed in known.items():
                if is_needed and key not in table:
                    raise SettingError(f"{key} is missing: add it")
        return table


def check_distinct(values: Values) -> Values:
    """Give back a list that is not empty and names nothing twice.

    Raises:
        SettingError: naming what is there twice.
    """
    if not values:
        raise SettingError("the list is empty: name at least one")
    for place, value in enumerate(values):
        if value in values[:place]:
            raise SettingError(f"{value!r} is there twice: give each a name of its own")
    return values


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


Several = Annotated[tuple[T, ...], Strict(False)]
"""A list; a frozen table holds it as a tuple."""
Distinct = Annotated[Several[T], AfterValidator(check_distinct)]
"""A list of things that differ, at least one."""
Setting = Annotated[Any, BeforeValidator(_as_tuple)]
"""A setting of a classifier, which checks it; settings hold tuples in place of lists."""


def refuse(error: ValidationError, content: Mapping[str, Any]) -> NoReturn:
    """Say in one line what is wrong with a table: the first of the mistakes.

    Args:
        error: what pydantic says.
        content: the whole file.

    Raises:
        SettingError: always.
    """
    first = error.errors(include_url=False)[0]
    kind, given, facts = first["type"], first["input"], first.get("ctx", {})
    names: list[str] = []
    here: Any = content
    parts: Sequence[Any] = first["loc"]
    for part in parts:
        here = here[part] if isinstance(here, dict | list) else here
        if isinstance(part, str):
            names.append(part)
        elif isinstance(here, dict):
            names.append(repr(here.get("name", part + 1)))
    where = " ".join(names) or "the file"
    if kind == "value_error":
        raise SettingError(f"{where}: {facts['error']}") from error
    if choices := re.findall("'(.+?)'", str(facts.get("expected", ""))):
        check_choice(where, given, choices)
    text = first["msg"]
    for theirs, ours in _WORDS.items():
        text = re.sub(theirs, ours, text)
    raise SettingError(f"{where}={given!r}: {text}") from error
