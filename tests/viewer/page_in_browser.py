"""A page of the viewer in a browser, as tests drive it."""

from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
NEEDS_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}"),
]


class Page:
    """A page that is open in a browser, and where the pixels of the scene are on it."""

    def __init__(self, browser: Any, address: str, size: tuple[int, int] = (1366, 768)) -> None:
        self.tab = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.faults: list[str] = []
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on("console", self._note)
        self.tab.set_default_timeout(60_000)
        self.tab.goto(address)
        self.tab.wait_for_selector("#classes li")
        self.tab.evaluate(
            "new Promise((end) => { hsidiffMap.once('postrender', end); hsidiffMap.render(); })"
        )

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    def place(self, row: float, col: float) -> tuple[float, float]:
        """Where the middle of a pixel is on the screen, once nothing moves there any more."""
        found, before = self._place(row, col), None
        while found != before:
            self.tab.wait_for_timeout(100)
            found, before = self._place(row, col), found
        return found

    def _place(self, row: float, col: float) -> tuple[float, float]:
        x, y = self.tab.evaluate(
            f"hsidiffMap.getPixelFromCoordinate([{col + 0.5}, {-(row + 0.5)}])"
        )
        box = self.tab.locator("#map").bounding_box()
        return box["x"] + x, box["y"] + y

    def click(self, row: float, col: float) -> None:
        self.tab.mouse.click(*self.place(row, col))

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        self.tab.mouse.move(*self.place(*start))
        self.tab.mouse.down()
        self.tab.mouse.move(*self.place(*end), steps=4)
        self.tab.mouse.up()

    def paint(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag, and wait until the label is saved."""
        with self.saved():
            self.drag(start, end)

    def saved(self) -> Any:
        """A block at whose end a change of the labels was answered."""
        return self.tab.expect_response(
            lambda got: got.url.endswith("api/labels") and got.request.method == "POST"
        )

    def n_empty_pixels(self) -> int:
        """How many pixels of the scene, by their middles, the map shows nothing at."""
        rows, cols = self.tab.evaluate(
            "fetch('api/scene').then(a => a.json()).then(s => [s.rows, s.cols])"
        )
        return int(
            self.tab.evaluate(
                """([rows, cols]) => {
                  const canvas = document.querySelector('#map canvas');
                  const context = canvas.getContext('2d');
                  let empty = 0;
                  for (let row = 0; row < rows; row += 1) for (let col = 0; col < cols; col += 1) {
                    const [x, y] = hsidiffMap.getPixelFromCoordinate([col + 0.5, -row - 0.5]);
                    empty += context.getImageData(x, y, 1, 1).data[3] === 0;
                  }
                  return empty;
                }""",
                [rows, cols],
            )
        )

    def counts(self) -> list[str]:
        return self.tab.locator("#classes .count").all_text_contents()

    def wait_for_accuracy(self, of: str) -> None:
        """Wait until what held-out labels say is that of a map, ``<layer>/<version>``."""
        self.tab.wait_for_selector(f"#accuracy[data-of='{of}']")

    def scores(self) -> list[list[str]]:
        rows = self.tab.locator("#score-rows tr:has(td)").all()
        return [row.locator("td").all_text_contents() for row in rows]

    def wait_for_counts(self, *counts: str) -> None:
        wanted = str(list(counts)).replace("'", '"')
        self.tab.wait_for_function(
            "wanted => JSON.stringify([...document.querySelectorAll('#classes .count')]"
            ".map(c => c.textContent)) === wanted",
            arg=wanted.replace(", ", ","),
        )
