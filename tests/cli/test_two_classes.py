"""A map of two classes: a table makes three into two, as somebody does who looks for one thing."""

import json
from pathlib import Path

import pytest

from command_line import Run, SmallFiles
from hsidiff.maps.geotiff import read_class_map

SPLIT = ("--block-px", 5, "--samples-per-class", 12)


@pytest.mark.parametrize("method", ["lda", pytest.param("raw", marks=pytest.mark.slow)])
def test_a_map_of_two_classes_tells_what_it_shows(
    run: Run, small_files: SmallFiles, tmp_path: Path, method: str
) -> None:
    table, out = tmp_path / "legend.csv", tmp_path / "out"
    table.write_text("class,name\ncorn,not roof\ngrass,not roof\n")
    words = ("--classes", table, "--method", method, "--abstain", 0.7, *SPLIT, "-o", out)
    ended = run("map", *small_files.paths, *words)
    assert ended.exit_code == 0, ended.err
    result = json.loads((out / "result.json").read_text())
    rest, roof = result["per_class"]
    assert [rest["name"], roof["name"]] == ["not roof", "roof [red]"]
    assert rest["color"] == "#a9a9a9" != roof["color"]
    assert set(read_class_map(out / "map.tif").ravel()) <= {0, rest["id"], roof["id"], 4}
    page = (out / "report.html").read_text()
    assert "<span>50 %</span>" in page  # no pixel can be less sure of one of two
    assert all(
        row["unsure"] > 0 for row in result["risk_and_coverage"]["thresholds"]
        if row["threshold"] not in (0.7,)
    )  # fmt: skip
    assert (out / "map.qml").read_text().count("<paletteEntry") == 3
