"""The pages in a browser, on a telephone and on a screen: nothing is cut, overlaps or is pale."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from test_accuracy_page import accuracy_in
from test_map_page import add_the_optional_files, full_result, make_folder, make_scene

from hsidiff.evaluation.label_spectra import measure_label_spectra, suspicious_pixels
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.maps.geotiff import write_class_map
from hsidiff.report.accuracy_page import write_accuracy
from hsidiff.report.experiment_page import write_experiment_report
from hsidiff.report.map_accuracy import by_labels
from hsidiff.report.map_page import write_report
from hsidiff.report.spectra_page import write_spectra_page
from hsidiff.scenes.open import open_scene
from small_scenes import scene_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDTHS_PX = (400, 1200)
# What leaves the window, unless it is in something that scrolls; a matrix of 16 classes that is
# wider than a screen; short names of rows in two lines; texts that lie on each other; texts whose
# contrast is below that of WCAG 2.1, level AA (1.4.3).
MEASURE = """
const channel = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
const parts = (color) => color.match(/[0-9.]+/g).map(Number);
const luminance = ([r, g, b]) =>
  0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
function behind(view, one) {
  for (; one; one = one.parentElement) {
    const color = parts(view.getComputedStyle(one).backgroundColor);
    if (color.length < 4 || color[3] > 0.99) return color;
  }
  return [255, 255, 255];
}
function is_pale(view, one) {
  const style = view.getComputedStyle(one), size = parseFloat(style.fontSize);
  const both = [luminance(parts(style.color)), luminance(behind(view, one))];
  const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  return contrast < (size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5);
}
function visible_part(view, one, {left, right, top, bottom}) {
  for (; one; one = one.parentElement) {
    if (view.getComputedStyle(one).overflow === "visible") continue;
    const clip = one.getBoundingClientRect();
    [left, right] = [Math.max(left, clip.left), Math.min(right, clip.right)];
    [top, bottom] = [Math.max(top, clip.top), Math.min(bottom, clip.bottom)];
  }
  return {left, right, top, bottom, width: right - left, height: bottom - top};
}
function texts(page) {
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT), found = [];
  for (let node; (node = walker.nextNode());) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest("script, style")) continue;
    if (parent.closest("details:not([open])") && !parent.closest("summary")) continue;
    const range = page.createRange();
    range.selectNodeContents(node);
    for (const whole of range.getClientRects()) {
      const box = visible_part(page.defaultView, parent, whole);
      if (box.width > 0 && box.height > 0) found.push({node, box});
    }
  }
  return found;
}
const shared = (a, b, start, end) => Math.min(a[end], b[end]) - Math.max(a[start], b[start]);
function on_each_other({node, box}, other) {
  const wide = shared(box, other.box, "left", "right");
  const high = shared(box, other.box, "top", "bottom");
  const least = Math.min(box.height, other.box.height);
  return node !== other.node && wide > 2 && high > 0.4 * least;
}
const found = [];
for (const frame of document.querySelectorAll("iframe")) {
  const page = frame.contentDocument, width = frame.clientWidth, cut = [];
  const view = page.defaultView, written = texts(page);
  for (const one of page.querySelectorAll("body *")) {
    const box = one.getBoundingClientRect();
    const scrolls = one.parentElement.closest(".scroll");
    if (box.width && !scrolls && (box.right > width + 1 || box.left < -1))
      cut.push(one.tagName + "." + one.className + " " + box.right);
  }
  const fits = (table) => table.scrollWidth <= table.parentElement.clientWidth + 1;
  for (const table of page.querySelectorAll("table.scores")) if (!fits(table)) cut.push("scores");
  if (width > 1000)
    for (const table of page.querySelectorAll("table.matrix")) if (!fits(table)) cut.push("matrix");
  const lines = new Map();
  for (const {node, box} of written)
    if (node.parentElement.closest(".scores tbody, .data tbody") && node.data.trim().length <= 12)
      lines.set(node, (lines.get(node) || new Set()).add(Math.round(box.top)));
  for (const [node, tops] of lines) if (tops.size > 1) cut.push("in two lines: " + node.data);
  const free = written.filter(({node}) => !node.parentElement.closest(".scroll"));
  for (const {node, box} of free) if (box.right > width + 1) cut.push(node.data.trim());
  const overlapping = [], pale = new Set();
  written.forEach((text, i) => {
    if (is_pale(view, text.node.parentElement)) pale.add(text.node.data.trim());
    for (const other of written.slice(i + 1))
      if (on_each_other(text, other)) overlapping.push(text.node.data + " | " + other.node.data);
  });
  found.push({page: frame.title, width, cut, overlapping, pale: [...pale],
              shown: page.body.innerText.length});
}
document.body.innerHTML = "<pre>" + JSON.stringify(found).replaceAll("<", "&lt;") + "</pre>";
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


def spectra_page(path: Path) -> Path:
    """The page of labels of two classes, one of them on the wrong field."""
    values = np.repeat([1, 2], 50).reshape(10, 10)
    noise = np.random.default_rng(0).normal(0, 0.01, (10, 10, 6))
    cube = (noise + 0.2 * values[..., None]).astype(np.float32)
    cube[0, 3] = cube[7, 7]
    scene, labels = scene_of(cube), LabelMap.from_array(values, {1: "grass", 2: "roof"})
    measured_spectra = measure_label_spectra(scene, labels)
    suspicious = suspicious_pixels(measured_spectra, scene)
    write_spectra_page(measured_spectra, suspicious, scene, path)
    return path


def page_of_many_classes(folder: Path) -> Path:
    """The assessment of a map of 16 classes, as Indian Pines has them."""
    classes = tuple(LandClass(i, f"class {i}", "#4477aa") for i in range(1, 17))
    values = np.arange(1, 17, dtype=np.int32).repeat(20).reshape(16, 20)
    folder.mkdir()
    write_class_map(values, classes, folder / "map.tif", None, None)
    (folder / "labels.tif").write_bytes(b"labels")
    labels = LabelMap(np.where(np.arange(20) < 15, values, 17 - values), classes)
    grid, drawn = open_scene(folder / "map.tif"), LabelMap(values, classes)
    assessed = by_labels(labels, drawn, grid, folder / "map.tif", folder / "labels.tif")
    return write_accuracy(assessed, [], folder / "out")[0]


@pytest.fixture
def pages(folder: ExperimentFolder, tmp_path: Path) -> dict[str, Path]:
    """One page of each kind, with long names in it."""
    result = full_result()
    result["per_class"][1]["name"] = "Buildings-Grass-Trees-Drives and everything near them"
    ends = {"overall_accuracy": [0.751, 0.913], "kappa": [0.65, 0.81]}
    intervals = ends | {"per_class": [[0.551, 1.0]] * len(result["per_class"])}
    result["validation"] = {"kind": "split", "why": "many labels", "intervals": intervals}
    result["warnings"] = ["LandCov_Vec_Berlin_Urban_Gradient_2009_edited.shp: 17 lie outside"]
    mapped = add_the_optional_files(make_folder(tmp_path / "result", result))
    experiment, *_ = write_experiment_report(folder, tmp_path / "out")
    accuracy, *_ = write_accuracy(accuracy_in(tmp_path), ["some points are odd"], tmp_path / "acc")
    return {
        "map": write_report(mapped, make_scene()),
        "experiment": experiment,
        "accuracy": accuracy,
        "many classes": page_of_many_classes(tmp_path / "many"),
        "spectra": spectra_page(tmp_path / "spectra.html"),
    }


NEEDS_A_BROWSER = pytest.mark.skipif(
    BROWSER is None, reason=f"there is no browser: none of {', '.join(BROWSERS)}"
)


@pytest.mark.slow
@NEEDS_A_BROWSER
def test_nothing_is_cut_overlaps_or_is_pale(pages: dict[str, Path], tmp_path: Path) -> None:
    found = measured(pages, tmp_path)
    assert [(one["page"], one["width"]) for one in found] == [
        (name, width) for name in pages for width in WIDTHS_PX
    ]
    for one in found:
        assert one["shown"] > 500, one
        assert not one["cut"], one
        assert not one["overlapping"], one
        assert not one["pale"], one


@NEEDS_A_BROWSER
def test_what_is_too_wide_pale_or_overlaps_would_be_found(tmp_path: Path) -> None:
    faults = {
        "wide": "<p style='width:900px'>wide</p>",
        "word": f"<p style='width:300px'>{'long' * 20}</p>",
        "pale": "<p style='color:#777'>pale</p><p>dark</p>",
        "over": "<p style='margin:0'>one</p><p style='margin:-12px 0'>two</p>",
    }
    faulty = {name: tmp_path / f"{name}.html" for name in faults}
    for name, path in faulty.items():
        path.write_text(f"<body style='background:#eee'>{faults[name]}", encoding="utf-8")
    found = measured(faulty, tmp_path)
    narrow = {one["page"]: one for one in found if one["width"] == WIDTHS_PX[0]}
    assert len(narrow["wide"]["cut"]) == 1
    assert narrow["word"]["cut"] == ["long" * 20]
    assert narrow["pale"]["pale"] == ["pale"]
    assert narrow["over"]["overlapping"] == ["one | two"]
    assert [one["cut"] for one in found if one["width"] == WIDTHS_PX[1]] == [[]] * len(faults)
