"""Pictures and tables say what the results say."""

import json
import re
from pathlib import Path

import pytest
from small_result import small_gpu_result, small_result

from benchmarks.accuracy import MethodPoint
from benchmarks.draw import main
from benchmarks.machine import ROOT
from benchmarks.page import fill
from benchmarks.pictures import draw_accuracy, draw_ratios, draw_scaling, papers_recipe
from hsidiff.errors import SettingError

PAGE = ROOT / "docs" / "performance.md"


def test_a_bar_is_as_long_as_its_ratio() -> None:
    drawing = draw_ratios(small_result()["rows"])
    assert drawing is not None
    (axes,) = drawing.figure.axes
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    assert ends == pytest.approx([2.5, 3.0, 440.0])
    assert drawing.content().startswith(b"<?xml")


def test_speed_and_memory_are_drawn_over_pixels() -> None:
    drawing = draw_scaling(small_result()["rows"])
    assert drawing is not None
    speed, memory = (axes.lines[0] for axes in drawing.figure.axes)
    assert list(speed.get_xdata()) == [10_000, 40_000]
    assert list(speed.get_ydata()) == pytest.approx([200, 200])  # µs
    assert list(memory.get_ydata()) == [512, 512]  # MiB


def test_rows_that_were_not_measured_are_not_drawn() -> None:
    assert draw_ratios({}) is None
    assert draw_scaling({}) is None


def test_the_papers_recipe_stands_on_the_time_axis() -> None:
    points = [MethodPoint("svm", 1.0, 70.0), MethodPoint("lda", 0.1, 60.0)]
    drawing = draw_accuracy("accuracy", points, "30 per class", papers_recipe(2e11, "2 cores"))
    (axes,) = drawing.figure.axes
    feet = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "^"]
    assert 7.9e17 / 2e11 in feet
    assert any(foot == pytest.approx(798.8, abs=0.1) for foot in feet)  # 7.9e17 / 989e12
    assert "at the fp32 peak of 2 cores: 46 days" in drawing.alternative
    assert "svm 70.0 % in 1 s" in drawing.alternative


def test_what_stands_between_the_marks_is_replaced() -> None:
    page = "a\n<!-- begin x: by y -->\nold\n<!-- end x -->\nb\n<!-- begin xx -->\n<!-- end xx -->\n"
    once = fill(page, "x", "new \\1")
    assert once.startswith("a\n<!-- begin x: by y -->\n\nnew \\1\n\n<!-- end x -->\nb\n")
    assert fill(once, "x", "new \\1") == once
    assert "old" not in once


@pytest.mark.parametrize(
    "page", ["", "<!-- begin x -->\n", 2 * "<!-- begin x -->\n<!-- end x -->\n"]
)
def test_marks_that_are_missing_or_doubled_are_refused(page: str) -> None:
    with pytest.raises(SettingError, match="'begin x' and 'end x' once"):
        fill(page, "x", "new")


def test_the_page_takes_every_table_and_picture(tmp_path: Path) -> None:
    for name, result in (("cpu", small_result()), ("gpu", small_gpu_result())):
        (tmp_path / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
    cells = "scene,split,method,seed,overall_accuracy,seconds\na,30 per class,svm,0,0.5,2\n"
    (tmp_path / "cells.csv").write_text(cells, encoding="utf-8")
    page = tmp_path / "docs" / "performance.md"
    page.parent.mkdir()
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    arguments = [
        str(tmp_path / "cpu.json"),
        "--gpu",
        str(tmp_path / "gpu.json"),
        "--page",
        str(page),
    ]
    pictures = ["--pictures", str(page.parent / "pictures")]
    cells_csv = str(tmp_path / "cells.csv")
    of_cells = [
        word for name in ("accuracy", "profiles", "extraction") for word in (f"--{name}", cells_csv)
    ]
    main([*arguments, *pictures, *of_cells])
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"Not (measured|drawn) yet", text)
    assert "| spectraldiff paper | 8 x 200 x 16 x 16 | 5 s | 2 s | **2.50** | 50 % | 25 % |" in text
    assert "commit 0123456789ab; 2025-01-02" in text
    assert "Two workers are **1.60** times as fast as one, 1.88 times while they draw" in text
    assert "| bf16 | 100 ms | 25 % | **50 min** |" in text
    assert "| bf16 compiled | does not run |" in text
    for picture in re.findall(r"\]\((pictures/[^)]+)\)", text):
        assert (page.parent / picture).stat().st_size > 1000
    assert text.count("](pictures/") == 5
