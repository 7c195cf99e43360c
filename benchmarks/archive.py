"""The map of an archive, in small and, reckoned from it, at its real size.

Several scenes are mapped by two workers of a Dask cluster on this machine. One worker is killed
while it draws. The files must be those that one process draws. ``docs/any-size.md`` explains it::

    python -m benchmarks.archive
    python -m benchmarks.archive --pixels 1e12 --workers 1000 --tile-px 2240
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.scaling import fit_quickly, write_scene
from benchmarks.sizes import BENCH, TINY, Sizes
from hsidiff.scenes.synthetic import make_synthetic_scene

N_SCENES = 3
BYTES_PER_VALUE = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Map the small archive, then print the plan of the large one."""
    asked = _parser().parse_args(arguments)
    found = map_small_archive(TINY if asked.dry_run else BENCH)
    for name, value in found.items():
        print(f"{name}: {value}")
    if not found["files are the same"]:
        sys.exit("the files of the cluster are not those of one process")
    figures = {
        "s_per_pixel": found["seconds per pixel"],
        "file_bytes_per_pixel": found["bytes of files per pixel"],
    }
    for name, value in plan(asked.pixels, asked.workers, asked.tile_px, figures).items():
        print(f"{name}: {value:.3g}")


def plan(
    n_pixels: float, n_workers: int, tile_px: int, figures: Mapping[str, float]
) -> dict[str, float]:
    """What an archive takes.

    Args:
        n_pixels: pixels of all scenes.
        n_workers: worker processes of one thread.
        tile_px: side of a tile.
        figures: ``s_per_pixel`` of one worker, ``file_bytes_per_pixel`` of map and confidence;
            ``n_bands`` (224 if left out) of two bytes.

    Returns:
        Tiles, files in the store (two rasters and a marker per tile), terabytes read and written,
        hours of all workers together, and of a worker for one tile.
    """
    n_tiles = n_pixels / tile_px**2
    return {
        "tiles": n_tiles,
        "files in the stores": 3 * n_tiles,
        "terabytes read": n_pixels * figures.get("n_bands", 224) * BYTES_PER_VALUE / 1e12,
        "terabytes written": n_pixels * figures["file_bytes_per_pixel"] / 1e12,
        "hours": n_pixels * figures["s_per_pixel"] / n_workers / 3600,
        "seconds per tile": tile_px**2 * figures["s_per_pixel"],
    }


def map_small_archive(sizes: Sizes) -> dict[str, Any]:
    """Map scenes by a cluster of two, of which one is killed, and by one process."""
    from distributed import LocalCluster  # noqa: PLC0415

    with TemporaryDirectory() as name:
        folder = Path(name)
        scenes = [folder / f"scene-{number}.img" for number in range(N_SCENES)]
        sides = [sizes.archive_side_px + 16 * number for number in range(N_SCENES)]
        for number, (path, side) in enumerate(zip(scenes, sides, strict=True)):
            base = make_synthetic_scene((100, 100), sizes.mapped_bands, random_state=number)
            if number == 0:
                write_scene(base, base.scene.shape, path)
                fit_quickly(base, path, sizes).save(folder / "model")
            write_scene(base, (side, side), path)
        here = _predict(folder, scenes, folder / "here", {"OMP_NUM_THREADS": "1"}, "--json")
        mapping_s = sum(answer["seconds"] for answer in json.loads(here.finish())["maps"])
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
            there, began = folder / "there", time.perf_counter()
            words = ("--scheduler", cluster.scheduler_address, "--tile-size", "112")
            running = _predict(folder, scenes, there, {}, *words)
            second = folder / ".there.unfinished" / "scene-1.tif" / "done" / "0"
            while not second.exists() and running.process.poll() is None:
                time.sleep(0.01)
            victim = next(iter(cluster.workers.values())).pid
            os.kill(victim, signal.SIGKILL)
            running.finish()
            seconds_there = time.perf_counter() - began
        n_pixels = sum(side**2 for side in sides)
        files = {path.name: path.read_bytes() for path in (folder / "here").iterdir()}
        return {
            "pixels": n_pixels,
            "worker killed": victim,
            "files are the same": files == {p.name: p.read_bytes() for p in there.iterdir()},
            "seconds, one process of one thread": mapping_s,
            "seconds of the command, two workers, one killed": seconds_there,
            "seconds per pixel": mapping_s / n_pixels,
            "bytes of files per pixel": sum(map(len, files.values())) / n_pixels,
        }


class _Running:
    """``hsidiff predict`` in a process of its own."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        program = "from hsidiff.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *words],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> str:
        """Wait for the end; give what the command answered.

        Raises:
            RuntimeError: if the command failed.
        """
        answer, _ = self.process.communicate()
        if self.process.returncode:
            raise RuntimeError("hsidiff predict failed")
        return answer


def _predict(
    folder: Path, scenes: Sequence[Path], out: Path, environment: Mapping[str, str], *more: str
) -> _Running:
    words = ["predict", str(folder / "model"), *map(str, scenes), "-o", str(out), *more]
    return _Running(words, environment)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--pixels", type=float, default=1e12)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--tile-px", type=int, default=2240)
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes")
    return parser


if __name__ == "__main__":
    main()
