"""Measure everything and write one JSON file.

::

    python -m benchmarks.run                                  # what `make bench` does
    python -m benchmarks.run --rows ceiling training-step     # some rows only
    python -m benchmarks.run --full                           # row (e) up to 4 million pixels
    python -m benchmarks.run --dry-run --out dry.json         # tiny sizes, to try the code
"""

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import ceiling, heads, main_job, scaling, scene_features, training_step, workers
from benchmarks.flops import add_shares
from benchmarks.machine import RESULTS, describe_run, short_name
from benchmarks.sizes import BENCH, FULL_SIDES_PX, TINY, Sizes
from hsidiff.errors import HsidiffWarning
from hsidiff.files import write_json

ROWS: dict[str, Callable[[Sizes], dict[str, Any]]] = {
    "ceiling": ceiling.measure,
    "training-step": training_step.measure,
    "scene-features": scene_features.measure,
    "main-job": main_job.measure,
    "heads": heads.measure,
    "scaling": scaling.measure,
    "workers": workers.measure,
}
"""In the order in which they are measured."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the rows that were asked for."""
    asked = _parser().parse_args(arguments)
    sizes = TINY if asked.dry_run else BENCH
    if asked.full:
        sizes = replace(sizes, mapped_sides_px=FULL_SIDES_PX)
    # The machine's ceiling is always there: shares of it are computed from this very run.
    content = measure(sizes, [name for name in ROWS if name in {"ceiling", *asked.rows}])
    path = asked.out or RESULTS / f"{short_name(content['machine'])}.json"
    write_json(path, content)
    print(f"wrote {path}")


def measure(sizes: Sizes, names: Sequence[str]) -> dict[str, Any]:
    """The content of the file.

    Args:
        sizes: of the work.
        names: keys of ``ROWS``, "ceiling" among them.
    """
    content, rows, seconds = describe_run(sizes), {}, {}
    for name in names:
        print(f"{name} ...", flush=True)
        began = time.perf_counter()
        with warnings.catch_warnings():
            # Splits of a small scene warn; their scores are nobody's result.
            warnings.simplefilter("ignore", HsidiffWarning)
            rows[name] = ROWS[name](sizes)
        seconds[name] = time.perf_counter() - began
        print(f"{name}: {seconds[name]:.0f} s", flush=True)
    add_shares(rows, rows["ceiling"])
    return {**content, "seconds": {**seconds, "total": sum(seconds.values())}, "rows": rows}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--out", type=Path, help="the JSON file; by default named by the machine")
    parser.add_argument("--full", action="store_true", help="also map scenes of 4 million pixels")
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes")
    return parser


if __name__ == "__main__":
    main()
