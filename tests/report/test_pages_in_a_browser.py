"""The pages in a browser, on a telephone and on a screen: nothing is wider than the window."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_map_page import add_the_optional_files, full_result, make_folder, make_scene

from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report.experiment_page import write_experiment_report
from hsidiff.report.map_page import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDTHS_PX = (400, 1200)
# What leaves the window, unless it is in something that scrolls; and cells whose text is cut.
MEASURE = """
const found = [];
for (const frame of document.querySelectorAll("iframe")) {
  const page = frame.contentDocument, width = frame.clientWidth, cut = [];
  for (const one of page.querySelectorAll("body *")) {
    const box = one.getBoundingClientRect();
    const scrolls = one.parentElement.closest(".scroll");
    if (box.width && !scrolls && (box.right > width + 1 || box.left < -1))
      cut.push(one.tagName + "." + one.className + " " + box.right);
  }
  const scores = page.querySelector("table.scores");
  if (scores && scores.scrollWidth > scores.parentElement.clientWidth + 1) cut.push("scores");
  found.push({page: frame.title, width, cut, shown: page.body.innerText.length});
}
document.body.innerHTML = "<pre>" + JSON.stringify(found) + "</pre>";
"""


def measured(pages: dict[str, Path], tmp_path: Path) -> list[dict]:
    """What the browser says of each page in frames of both widths; one call for all."""
    frames = "".join(
        f'<iframe title="{name}" style="border:0;width:{width}px;height:3000px" '
        f'srcdoc="{html.escape(path.read_text(encoding="utf-8"))}"></iframe>'
        for name, path in pages.items()
        for width in WIDTHS_PX
    )
    host = tmp_path / "host.html"
    script = f"<script>window.onload = () => {{ {MEASURE} }}</script>"
    host.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{frames}{script}", encoding="utf-8")
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,3000"]
    words += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", host.as_uri()]
    ended = subprocess.run(
        [str(BROWSER), *words], capture_output=True, text=True, timeout=120, check=True
    )
    (text,) = re.findall("<pre>(.*?)</pre>", ended.stdout, flags=re.DOTALL)
    content: list[dict] = json.loads(html.unescape(text))
    return content


@pytest.mark.skipif(BROWSER is None, reason=f"there is no browser: none of {', '.join(BROWSERS)}")
def test_nothing_is_wider_than_the_window(folder: ExperimentFolder, tmp_path: Path) -> None:
    result = full_result()
    result["per_class"][1]["name"] = "Buildings-Grass-Trees-Drives and everything near them"
    mapped = add_the_optional_files(make_folder(tmp_path / "result", result))
    experiment, *_ = write_experiment_report(folder, tmp_path / "out")
    pages = {"map": write_report(mapped, make_scene()), "experiment": experiment}
    found = measured(pages, tmp_path)
    assert [(one["page"], one["width"]) for one in found] == [
        (name, width) for name in pages for width in WIDTHS_PX
    ]
    for one in found:
        assert one["shown"] > 1000, one
        assert not one["cut"], one


@pytest.mark.skipif(BROWSER is None, reason=f"there is no browser: none of {', '.join(BROWSERS)}")
def test_what_is_too_wide_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "wide.html"
    page.write_text("<body><p style='width:900px'>wide</p>", encoding="utf-8")
    narrow, wide = measured({"wide": page}, tmp_path)
    assert len(narrow["cut"]) == 1
    assert not wide["cut"]
