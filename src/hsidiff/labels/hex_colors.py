"""Colours as people write them, ``#rrggbb``, and as pictures hold them, 0 to 255."""

import re

RGB = tuple[int, int, int]
RGBA = tuple[int, int, int, int]


def is_hex_color(text: str) -> bool:
    """Whether a text is ``#rrggbb``."""
    return re.fullmatch("#[0-9a-fA-F]{6}", text) is not None


def rgb(color: str) -> RGB:
    """Red, green, blue (0 to 255) of ``#rrggbb``."""
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def rgba(color: str) -> RGBA:
    """Red, green, blue and full alpha (0 to 255) of ``#rrggbb``."""
    return (*rgb(color), 255)


def hex_color(red: int, green: int, blue: int) -> str:
    """``#rrggbb`` of three parts.

    Raises:
        ValueError: if one is not in 0..255.
    """
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise ValueError(f"colour {red}, {green}, {blue} is not in 0..255")
    return f"#{red:02x}{green:02x}{blue:02x}"
