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
_EXPECTED = {
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "string_type": "text",
    "path_type": "text",
    "is_instance_of": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most {max_length} letters",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of at most {max_length}",
    "missing": "longer",
    "extra_forbidden": "left out",
}
"""What is expected, by the kinds of mistakes that pydantic tells apart, and their numbers."""
_LONGEST_GIVEN = 60


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
    mistakes = error.errors(include_url=False)
    first = mistakes[0]
    words, given, way = _place(first["loc"], content)
    where, facts = " ".join(words), first.get("ctx", {})
    start = f"{where}: " if where else ""
    if first["type"] == "value_error":
        text = str(facts["error"])
        if words[-1:] == [text.partition("=")[0]]:  # it begins with the key's name itself
            start = start.removesuffix(f"{words[-1]}: ")
        raise SettingError(f"{start}{text}") from error
    if choices := re.findall("'(.+?)'", str(facts.get("expected", ""))):
        check_choice(where, given, choices)
    same = [told for told in mistakes if _place(told["loc"], content)[2] == way]
    raise SettingError(f"{where}={_shown(given)}: {in_words(same, given)}") from error


def in_words(mistakes: Sequence[Mapping[str, Any]], given: Any) -> str:
    """What is expected where pydantic found a value wrong, and what to do.

    Args:
        mistakes: of ``errors()`` of a ``ValidationError``, those of one place: a value may be one
            of several kinds.
        given: what stands there.
    """
    kinds = [str(mistake["type"]) for mistake in mistakes]
    expected = dict.fromkeys(
        _EXPECTED[kind].format_map(
            {name: _shown(number) for name, number in mistake.get("ctx", {}).items()}
        )
        for kind, mistake in zip(kinds, mistakes, strict=True)
        if kind in _EXPECTED
    )
    if not expected:
        return "this is not what belongs here: see the description of the file"
    return f"must be {' or '.join(expected)}: {_remedy(kinds[0], given)}"


def _remedy(kind: str, given: Any) -> str:
    """What to do about a value of the wrong kind."""
    if kind in ("tuple_type", "list_type"):
        is_table = isinstance(given, dict)
        return "write [ ], or [[ ]] above each table" if is_table else "put it in [ ]"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return "write [its name], and lines NAME = VALUE below"
    if kind in ("string_type", "path_type", "is_instance_of"):
        return "name one" if isinstance(given, list | dict) else "put it in quotes"
    if _EXPECTED[kind] in ("true or false", "a number", "a whole number"):
        is_quoted = isinstance(given, str) and re.fullmatch(r"[-+.\deE]+|true|false", given)
        return "leave out the quotes" if is_quoted else "write one"
    return {"missing": "add what is not there", "extra_forbidden": "take it away"}.get(
        kind, "choose another"
    )


def _place(parts: Sequence[int | str], content: Any) -> tuple[list[str], Any, list[int | str]]:
    """Where in a file a mistake is: in words, what is there, and the way that leads there.

    What is one of a list is numbered from 1, a table called by its name.
    """
    words: list[str] = []
    way: list[int | str] = []
    here = content
    for part in parts:
        if isinstance(here, dict) and part in here:
            here = here[part]
            words.append(str(part))
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
            words.append(_called(here, part + 1))
        else:  # a part of a value that should be longer, or what it might have been
            break
        way.append(part)
    return words, here, way


def _called(entry: Any, number: int) -> str:
    """What one of a list is called."""
    if not isinstance(entry, dict):
        return f"entry {number}"
    name = entry.get("name")
    return repr(name) if isinstance(name, str) and name else str(number)


def _shown(given: Any) -> str:
    """A value as TOML writes it, in short."""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, dict):
        return "{...}"
    if isinstance(given, float) and given.is_integer():
        return f"{given:.0f}"
    text = given.isoformat() if hasattr(given, "isoformat") else repr(given)
    return text if len(text) <= _LONGEST_GIVEN else f"{text[: _LONGEST_GIVEN - 3]}..."
