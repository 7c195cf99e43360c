"""Draw results and write the tables of ``docs/performance.md``.

::

    python -m benchmarks.draw benchmarks/results/MACHINE.json --accuracy docs/results/blocks.csv
    python -m benchmarks.draw benchmarks/results/MACHINE.json --gpu benchmarks/results/GPU.json
"""

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy import read_points
from benchmarks.machine import ROOT
from benchmarks.page import fill, gpu_tables, large_scene_tables, picture, tables
from benchmarks.pictures import draw_accuracy, draw_ratios, draw_scaling, papers_recipe
from hsidiff.files import write_whole
from hsidiff.report.drawing import Drawing


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what the files hold."""
    asked = _parser().parse_args(arguments)
    result = _read(asked.result)
    found = [draw_ratios(result["rows"]), draw_scaling(result["rows"])]
    peak = result["rows"]["ceiling"]["fp32_gflop_per_s"] * 1e9
    recipe = papers_recipe(peak, _short_processor(result))
    for name, marks in (("accuracy", recipe), ("profiles", recipe), ("extraction", {})):
        if files := getattr(asked, name):
            points = read_points(files, asked.split, asked.scenes)
            found.append(draw_accuracy(f"performance-{name}", points, asked.split, marks))
    drawings = [drawing for drawing in found if drawing is not None]
    contents = tables(result)
    if asked.gpu:
        contents |= gpu_tables(_read(asked.gpu))
    if asked.large:
        contents |= large_scene_tables(_read(asked.large))
    for drawing in drawings:
        _write(asked.pictures / f"{drawing.name}.{drawing.kind}", drawing.content())
    write_page(asked.page, contents, drawings, asked.pictures)


def write_page(
    path: Path, contents: dict[str, str], drawings: Iterable[Drawing], pictures: Path
) -> None:
    """Put tables and pictures between the marks of a page."""
    page = path.read_text(encoding="utf-8")
    folder = Path(os.path.relpath(pictures, path.parent)).as_posix()
    for drawing in drawings:
        contents |= {drawing.name: picture(drawing, folder)}
    for name, content in contents.items():
        page = fill(page, name, content)
    _write(path, page.encode())


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _write(path: Path, content: bytes) -> None:
    with write_whole(path) as temporary:
        temporary.write_bytes(content)


def _short_processor(result: dict[str, Any]) -> str:
    machine = result["machine"]
    return f"{machine['n_cores']} cores ({machine['processor']})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.draw", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("result", type=Path, help="what `make bench` wrote")
    parser.add_argument("--gpu", type=Path, help="what `make bench-gpu` wrote")
    parser.add_argument("--large", type=Path, help="what benchmarks/large_scenes.py wrote")
    of_cells = "CSV files, as in docs/results"
    parser.add_argument("--accuracy", type=Path, nargs="+", help=f"{of_cells}: the methods")
    parser.add_argument("--profiles", type=Path, nargs="+", help=f"{of_cells}: fast and paper")
    parser.add_argument(
        "--extraction", type=Path, nargs="+", help=f"{of_cells}: how features are taken"
    )
    parser.add_argument("--split", default="30 per class", help="name of the split in them")
    parser.add_argument("--scenes", nargs="+", help="which scenes; by default all real ones")
    parser.add_argument("--pictures", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    return parser


if __name__ == "__main__":
    main()
