"""Pages are sent to others: they name files, and say nothing of the folders they lay in.

JSON files of a result keep whole paths: with them a map is opened again.
"""

import re
from collections.abc import Iterable
from pathlib import PureWindowsPath
from typing import Any

_ADDRESS = re.compile(r"(?:/vsi\w+/)?[a-z][a-z0-9+.-]*://|/vsi\w+/")
_ABSOLUTE = re.compile(r"(?:~|[A-Za-z]:)?[/\\].+", re.DOTALL)
_IN_QUOTES = re.compile(r"""(["'])((?:~|[A-Za-z]:)?[/\\][^"'\n]*)\1""")
_USER, _ASKED = re.compile(r"//[^/@]*@"), re.compile(r"[?#].*", re.DOTALL)


def file_name(path: str) -> str:
    """The last part of a path of this or another system; of an address all that is no secret.

    An address says where others find the file. A user in it, and what is asked after a ``?``, may
    open what is closed to them.
    """
    if _ADDRESS.match(path):
        return _ASKED.sub("", _USER.sub("//", path))
    return PureWindowsPath(path).name or path  # it knows both kinds of strokes


def without_folders(content: Any, *, is_path: bool = False) -> Any:
    """JSON values with names in place of paths: ``path``, words of a ``command``, absolute ones.

    The ``directory`` of a run is left out.
    """
    if isinstance(content, dict):
        return {
            key: without_folders(value, is_path=key in ("path", "command"))
            for key, value in content.items()
            if key != "directory"
        }
    if isinstance(content, list):
        return [without_folders(value, is_path=is_path) for value in content]
    if isinstance(content, str) and (is_path or _ABSOLUTE.fullmatch(content)):
        option, equals, value = (
            content.rpartition("=") if content.startswith("--") else ("", "", content)
        )
        return f"{option}{equals}{file_name(value)}"
    return content


def without_quoted_folders(text: str) -> str:
    """A text, such as a TOML file, with names in place of the absolute paths in quotes."""
    return _IN_QUOTES.sub(lambda found: f"{found[1]}{file_name(found[2])}{found[1]}", text)


def without_these_folders(text: str, paths: Iterable[str]) -> str:
    """A text with names in place of these paths, and of others in the same absolute folders.

    A relative folder may be a single letter, and the root is a stroke: both stand in other words.
    """
    told = {}
    for path in paths:
        if not _ADDRESS.match(path):
            name = file_name(path)
            folder = path[: -len(name)]
            told[path] = name
            if _ABSOLUTE.fullmatch(folder):
                told[folder] = ""
    for known in sorted(filter(None, told), key=len, reverse=True):
        text = text.replace(known, told[known])
    return text


def paths_in(content: Any) -> list[str]:
    """All that stands under ``path`` in JSON values, at any depth."""
    if isinstance(content, list):
        return [path for value in content for path in paths_in(value)]
    if not isinstance(content, dict):
        return []
    here = content.get("path")
    inner = [path for value in content.values() for path in paths_in(value)]
    return [here, *inner] if isinstance(here, str) else inner
