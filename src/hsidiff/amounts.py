"""Numbers as a reader sees them on a page, a chart or the screen; None is a dash."""

import re
from typing import Any

UNKNOWN, TIMES, MINUS = "\N{EN DASH}", "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
CONFIDENCE = 0.95
"""Of every interval that hsidiff states."""
NO_PIXEL = "\N{MIDDLE DOT}"
"""Stands in a confusion matrix where there is no pixel at all."""


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as per cent."""
    return UNKNOWN if fraction is None else f"{100 * fraction:.{digits}f} %"


def percent_number(fraction: float | None) -> str:
    """The same without its sign, for a row or column that names it."""
    return UNKNOWN if fraction is None else f"{100 * fraction:.1f}"


def short_percent(share: float) -> str:
    """A share in whole per cent, for a label beside a bar; very little is told from nothing."""
    return "< 1 %" if 0 < share < 0.01 else percent(share, 0)


def decimal(number: float | None) -> str:
    """A number with three decimals."""
    return UNKNOWN if number is None else f"{number:.3f}"


def in_pieces(text: str) -> str:
    """A text of a cell that breaks before brackets only, if it begins with a number."""
    is_number = text.lstrip(f"+{MINUS}<\N{FIGURE SPACE} ")[:1].isdigit()
    unbroken = text.replace(" ", "\N{NO-BREAK SPACE}")
    return re.sub(r"\xa0(?=\[|\()", " ", unbroken) if is_number else text


def with_its_sign(text: str) -> str:
    """A text whose lines never end between a number and its per cent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def count(number: int | None) -> str:
    """A whole number with thin spaces between thousands."""
    return UNKNOWN if number is None else f"{number:,}".replace(",", "\u202f")


def in_hectares(hectares: float | None) -> str:
    """An area, with as many digits as make sense of a pixel's size."""
    if hectares is None or hectares == 0:
        return UNKNOWN if hectares is None else "0"
    hectares = round(hectares, 6)  # 2185 pixels of 0.09 ha are 196.65, however they were added up
    if hectares >= 1000:
        return count(round(hectares))
    return f"{hectares:.1f}" if hectares >= 10 else f"{hectares:.2f}"


def signed(number: float) -> str:
    """A number with one decimal and its sign, a true minus; what rounds to zero has none."""
    rounded = f"{number:+.1f}"
    return rounded[1:] if float(rounded) == 0 else rounded.replace("-", MINUS)


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def in_bytes(n_bytes: float | None) -> str:
    """An amount of memory as people write it: ``4.0 GB`` (10^9 bytes), ``35 MB``."""
    if n_bytes is None:
        return UNKNOWN
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{max(n_bytes, 0) / 1e6:.0f} MB"


def listed(settings: dict[str, Any] | None) -> str | None:
    """Settings in one line; None if there is none."""
    known = {name: value for name, value in (settings or {}).items() if value is not None}
    return ", ".join(f"{name} {_inner(value)}" for name, value in known.items()) or None


def _inner(value: Any) -> str:
    """A value of a setting; a table of settings in brackets."""
    return f"({listed(value)})" if isinstance(value, dict) and value else str(value)
