"""What a page is made of, and the way from there to HTML: Jinja2 templates that escape every text.

A page says what it shows, in order: sections of blocks. How a block looks is in
``templates/blocks.html``, one macro per kind of block, and in ``templates/style.css``.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from hsidiff import amounts
from hsidiff.report import style


class Block(NamedTuple):
    """One piece of a page: a macro of ``blocks.html``, and what it shows."""

    macro: str
    content: Any


@dataclass(frozen=True)
class Section:
    """Blocks below a heading, left out if there is none; links of a page lead to anchors."""

    title: str
    blocks: Sequence[Block]
    anchor: str = ""


@dataclass(frozen=True)
class Picture:
    """An image with what a reader needs who does not see it.

    Attributes:
        name: what it is called as a file, without the ending.
        content: the bytes of the file.
        alternative: what it shows, with its main numbers.
        caption: how to read it.
        kind: ``svg`` or ``png``.
        width_px: its width on a page that is wide enough.
        is_pixels: whether its pixels are those of a scene, which must not be blurred.
        key: what explains its colours.
    """

    name: str
    content: bytes = field(repr=False)
    alternative: str
    caption: str
    kind: Literal["svg", "png"]
    width_px: int
    is_pixels: bool = False
    key: tuple[Block, ...] = ()

    @property
    def data_uri(self) -> str:
        """The whole file as an address, so that a page carries its images."""
        kind = "svg+xml" if self.kind == "svg" else "png"
        return f"data:image/{kind};base64,{base64.b64encode(self.content).decode('ascii')}"


class Bold(str):
    """A text that a table sets in bold."""

    __slots__ = ()


def sentence(text: str, kind: str = "") -> Block:
    """A paragraph of plain text; ``kind`` is a class of the style sheet."""
    return Block("sentence", (text, kind))


def caution(text: str) -> Block:
    """A warning as a sentence; a file's name at its beginning keeps its letters."""
    first = text.partition(" ")[0]
    begun = text[:1].upper() + text[1:] if first.isalpha() else text
    return sentence(begun if begun.endswith(".") else f"{begun}.", "caution")


def folded(name: str, blocks: Iterable[Block], is_open: bool = False) -> Block:
    """Blocks that a click on their name shows or hides."""
    return Block("folded", (name, tuple(blocks), is_open))


def render_page(
    title: str, subtitle: str, top: Sequence[Block], sections: Iterable[Section], footer: str
) -> str:
    """A whole page as HTML, which needs no other file; ``top`` stands above the sections."""
    page = _environment().get_template("page.html")
    return page.render(title=title, subtitle=subtitle, top=top, sections=sections, footer=footer)


def render_part(top: Sequence[Block], sections: Iterable[Section]) -> str:
    """What :func:`render_page` shows, with the style sheet, to be shown inside another page."""
    part = _environment().get_template("part.html")
    return part.render(top=top, sections=sections)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hsidiff.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=lambda value: amounts.UNKNOWN if value is None else value,
    )
    environment.filters.update(
        percent=amounts.percent,
        count=amounts.count,
        in_pieces=amounts.in_pieces,
    )
    environment.tests["bold"] = lambda text: isinstance(text, Bold)
    environment.globals["style"] = style
    return environment
