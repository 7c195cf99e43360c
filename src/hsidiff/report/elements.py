"""The small pieces of HTML that the page is made of. Every text is escaped here."""

import base64
from collections.abc import Iterable
from html import escape

from hsidiff.labels.label_map import LandClass
from hsidiff.report.style import STYLE

NARROWEST_CAPTION_PX = 240
UNKNOWN, TIMES = "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"
NONE = "\N{MIDDLE DOT}"
"""Stands in a confusion matrix, of a map or of an experiment, where there is no pixel at all."""


def text(value: object) -> str:
    """Any value as escaped text; None as a dash."""
    return UNKNOWN if value is None else escape(str(value))


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as per cent; None as a dash."""
    return UNKNOWN if fraction is None else f"{100 * fraction:.{digits}f} %"


def decimal(number: float | None, digits: int = 3) -> str:
    """A number with fixed decimals; None as a dash."""
    return UNKNOWN if number is None else f"{number:.{digits}f}"


def count(number: int | None) -> str:
    """A whole number with thin spaces between thousands; None as a dash."""
    return UNKNOWN if number is None else f"{number:,}".replace(",", "\u202f")


def duration(seconds: float | None) -> str:
    """Seconds as people say them; None as a dash."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def n_bytes(number: float | None) -> str:
    """Bytes in a unit of fitting size; None as a dash."""
    if number is None:
        return UNKNOWN
    return f"{number / 2**30:.2f} GiB" if number >= 2**30 else f"{number / 2**20:.0f} MiB"


def document(title: str, *content: str) -> str:
    """A whole page: the head with its style sheet, the title as heading, the content."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{text(title)}</h1>{''.join(content)}</main></body></html>\n"
    )


def section(title: str, *content: str, anchor: str = "") -> str:
    """A section with a heading; nothing if it has no content. Links of a page lead to anchors."""
    body = "".join(content)
    place = f' id="{text(anchor)}"' if anchor else ""
    return f"<section{place}><h2>{text(title)}</h2>{body}</section>" if body else ""


def tiles(entries: Iterable[tuple[str, str, str]]) -> str:
    """A row of names, each with its number in large type and a few words."""
    cells = "".join(
        f'<div class="tile"><span>{text(name)}</span><b>{text(number)}</b>'
        f"<small>{text(words)}</small></div>"
        for name, number, words in entries
    )
    return f'<div class="tiles">{cells}</div>'


def folded(name: str, content: str, is_open: bool = False) -> str:
    """Content that a click on its name shows or hides."""
    state = " open" if is_open else ""
    return f"<details{state}><summary>{text(name)}</summary>{content}</details>"


def scrolling(content: str, name: str) -> str:
    """Wide content in a box of its own, which a keyboard can scroll too."""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(name)}">{content}</div>'
    )


def paragraph(sentence: str, kind: str = "") -> str:
    """A paragraph of plain text; ``kind`` is a class of the style sheet."""
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{text(sentence)}</p>"


def bar(fraction: float | None) -> str:
    """A bar of the given length, 0 to 1, for the eye only: its number stands beside it."""
    if fraction is None:
        return ""
    width = 100 * min(max(fraction, 0.0), 1.0)
    return f'<span class="bar" aria-hidden="true"><i style="width:{width:.1f}%"></i></span>'


def bar_rows(rows: Iterable[tuple[str, float | None, str]]) -> str:
    """Rows of a name, a bar (0 to 1) and the number as text."""
    cells = "".join(
        f'<tr><th scope="row">{text(name)}</th><td class="wide">{bar(fraction)}</td>'
        f'<td class="number">{text(number)}</td></tr>'
        for name, fraction, number in rows
    )
    return f'<table class="bars"><tbody>{cells}</tbody></table>' if cells else ""


def swatch(color: str) -> str:
    """A small square of a class's colour (``#rrggbb``)."""
    return f'<span class="swatch" style="background:{text(color)}"></span>'


def legend(classes: Iterable[LandClass]) -> str:
    """Colours and names."""
    items = "".join(f"<li>{swatch(c.color)}{text(c.name)}</li>" for c in classes)
    return f'<ul class="legend">{items}</ul>'


def picture(
    content: bytes, alternative: str, caption: str, width_px: int | None = None, key: str = ""
) -> str:
    """A figure that carries its own image: PNG with ``width_px``, or SVG without.

    Args:
        content: the bytes of the image.
        alternative: what it shows, for those who do not see it.
        caption: plain text.
        width_px: width of a PNG on the page.
        key: HTML that explains the colours.
    """
    kind, size, style = "svg+xml", "", ""
    if width_px is not None:
        kind, size = "png", f' class="pixels" width="{width_px}"'
        # The caption is as wide as its picture, or a little wider than a very narrow one.
        style = f' style="width:{max(width_px, NARROWEST_CAPTION_PX)}px"'
    data = base64.b64encode(content).decode("ascii")
    return (
        f'<figure{style}><img src="data:image/{kind};base64,{data}" '
        f'alt="{text(alternative)}"{size}>'
        f"<figcaption>{text(caption)}</figcaption>{key}</figure>"
    )


def facts(rows: Iterable[tuple[str, object]]) -> str:
    """A list of names and values; rows without a value are left out."""
    items = "".join(
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in rows if value is not None
    )
    return f"<dl>{items}</dl>" if items else ""
