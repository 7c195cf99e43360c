"""Pictures as files and, the same ones, inside the page."""

import base64
from collections.abc import Iterable
from pathlib import Path

from hsidiff.report.drawing import Drawing
from hsidiff.report.elements import scrolling, text

# A narrower screen scrolls a picture rather than making its letters too small to read.
NARROWEST_PICTURE_PX, NARROWEST_CAPTION_PX = 680, 330


class Gallery:
    """Writes pictures as files and gives them back as parts of a page.

    Attributes:
        path: the folder of the files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def add(self, drawing: Drawing | None) -> str:
        """Write a picture; give it back as HTML, nothing for None."""
        if drawing is None:
            return ""
        content = drawing.content()
        (self.path / self._free_name(drawing)).write_bytes(content)
        data = base64.b64encode(content).decode("ascii")
        kind = "svg+xml" if drawing.kind == "svg" else "png"
        least_px = min(drawing.width_px, NARROWEST_PICTURE_PX)
        image = (
            f'<img src="data:image/{kind};base64,{data}" alt="{text(drawing.alternative)}" '
            f'width="{drawing.width_px}" style="min-width:{least_px}px">'
        )
        caption = f"<figcaption>{text(drawing.caption)}</figcaption>"
        width = f' style="width:{max(drawing.width_px, NARROWEST_CAPTION_PX)}px"'
        return f'<figure class="chart"{width}>{scrolling(image, drawing.name)}{caption}</figure>'

    def add_all(self, drawings: Iterable[Drawing | None]) -> str:
        """The same for several, one below the other."""
        return "".join(self.add(drawing) for drawing in drawings)

    def _free_name(self, drawing: Drawing) -> str:
        """Two names may differ in letters only that a file name does not keep."""
        number, name = 1, f"{drawing.name}.{drawing.kind}"
        while (self.path / name).exists():
            number += 1
            name = f"{drawing.name}-{number}.{drawing.kind}"
        return name
