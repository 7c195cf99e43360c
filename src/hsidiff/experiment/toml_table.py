"""Checks of a table that somebody wrote by hand: unknown keys, missing keys, types."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from hsidiff.errors import SettingError, check_choice

Types: TypeAlias = type | tuple[type, ...]
NUMBER = (int, float)
_NAMES: dict[Types, str] = {
    str: "text in quotes",
    int: "a whole number",
    bool: "true or false",
    list: "a list in [ ]",
    dict: "a table",
    NUMBER: "a number",
}


def check_table(
    where: str, table: Any, keys: Mapping[str, Types], required: Iterable[str] = ()
) -> None:
    """Refuse a table with a key that is unknown, missing, or of another type.

    Args:
        where: what to call the table in messages.
        table: what was read.
        keys: the known keys and their types.
        required: those that must be there.

    Raises:
        SettingError: naming the key, and the nearest known one.
    """
    check_type(where, table, dict)
    for key, value in table.items():
        check_type(f"{where}: {check_choice(f'key of {where}', key, keys)}", value, keys[key])
    for key in required:
        if key not in table:
            raise SettingError(f"{where} has no {key}: add it ({_NAMES[keys[key]]})")


def check_type(where: str, value: Any, types: Types) -> None:
    """Refuse a value of another type; ``true`` is no number.

    Raises:
        SettingError: naming value and type.
    """
    wrong_kind = isinstance(value, bool) and types is not bool
    if wrong_kind or not isinstance(value, types):
        raise SettingError(f"{where}={value!r}: expected {_NAMES[types]}")


def check_distinct(what: str, values: Sequence[Any]) -> None:
    """Refuse an empty list, and one that names something twice.

    Raises:
        SettingError: naming what is there twice.
    """
    if not values:
        raise SettingError(f"{what}: the list is empty: name at least one")
    twice = next((value for value in values if values.count(value) > 1), None)
    if twice is not None:
        raise SettingError(f"{what}: {twice!r} is there twice: give each a name of its own")


def as_setting(value: Any) -> Any:
    """A value as settings hold it: lists become tuples."""
    return tuple(as_setting(item) for item in value) if isinstance(value, list) else value
