"""Open broken files of every format, and say how many were read, refused, or did harm.

::

    python -m fuzzing.run --files 2000
    python -m fuzzing.run --formats envi gpkg --files 500 --first 2000
    python -m fuzzing.run --formats envi --first 137 --files 1 --keep FOLDER

Four noes: no traceback (only the errors of hsidiff, of one line), no hang, no more than 1 GB of
memory, nothing written. Number N of a format is always the same file. Linux only.
"""

import argparse
import multiprocessing
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fuzzing.formats import all_formats
from fuzzing.worker import LONGEST_S, NOISE, Outcome, work

_PATIENCE_S = LONGEST_S + 1.0
_SECONDS_TO_START = 180.0


@dataclass
class Tally:
    """What became of the files of one format."""

    name: str
    seconds: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    largest_bytes: int = 0
    faults: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.verdicts[outcome.verdict] += 1
        self.slowest_s = max(self.slowest_s, outcome.seconds)
        self.largest_bytes = max(self.largest_bytes, outcome.growth_bytes)
        if outcome.is_fault:
            self.faults.append(outcome)

    def row(self) -> str:
        """A row of the table of all formats."""
        n_files, opened = self.verdicts.total(), self.verdicts["opened"]
        refused = self.verdicts["refused"]
        return (
            f"| {self.name} | {n_files} | {opened} | {refused} | {len(self.faults)} | "
            f"{self.slowest_s:.2f} | {self.largest_bytes / 2**20:.0f} |"
        )


HEAD = (
    "| format | files | opened | refused | faults | slowest (s) | memory (MB) |\n"
    "|---|---|---|---|---|---|---|"
)


class _Worker:
    """A process that opens files of one format; started anew when it hangs or dies."""

    def __init__(self, name: str, seed: Path, main: str, scratch: Path) -> None:
        self._arguments = (name, seed, main, scratch)
        self._connection: Connection | None = None
        self._process: Any = None

    def open(self, number: int) -> Outcome:
        """The outcome of one file."""
        if self._connection is None:
            self._start()
        assert self._connection is not None
        try:
            self._connection.send(number)
            if self._connection.poll(_PATIENCE_S):
                outcome: Outcome = self._connection.recv()
                return outcome
            verdict = "hangs"
        except (EOFError, OSError):
            self._process.join(5)
            verdict = f"dies with exit code {self._process.exitcode}"
        self.stop()
        told = (self._arguments[-1] / NOISE).read_text(errors="replace")
        return Outcome(number, verdict, told, LONGEST_S if verdict == "hangs" else 0.0)

    def _start(self) -> None:
        context = multiprocessing.get_context("forkserver")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, *self._arguments), daemon=True)
        self._process.start()
        theirs.close()
        if not self._connection.poll(_SECONDS_TO_START):
            raise RuntimeError(f"{self._arguments[0]}: its whole example is not read in time")
        if trouble := self._connection.recv():
            raise RuntimeError(f"{self._arguments[0]}: its whole example is not read: {trouble}")

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._connection, self._process = None, None


def outcomes(name: str, numbers: Iterable[int]) -> Iterator[Outcome]:
    """Open broken files of one format, one after the other."""
    with tempfile.TemporaryDirectory(prefix="hsidiff-fuzzing-") as scratch:
        seed = Path(scratch) / "seed"
        seed.mkdir()
        main = all_formats()[name].write_seed(seed)
        worker = _Worker(name, seed, main, Path(scratch))
        try:
            for number in numbers:
                yield worker.open(number)
        finally:
            worker.stop()


def tally(name: str, numbers: range) -> Tally:
    """Open broken files of one format, and count."""
    counted, start = Tally(name), time.perf_counter()
    n_files = all_formats()[name].n_files
    numbers = numbers if n_files is None else range(n_files)
    try:
        for outcome in outcomes(name, numbers):
            counted.add(outcome)
    except Exception:
        counted.add(Outcome(-1, "has no whole example", traceback.format_exc()))
    counted.seconds = time.perf_counter() - start
    return counted


def prepare() -> None:
    """Load what the workers need once, in the process that they are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fuzzing.formats", "fuzzing.openers"])


def _keep(name: str, number: int, folder: Path) -> None:
    """Write one broken file to look at."""
    chosen = all_formats()[name]
    with tempfile.TemporaryDirectory() as seed:
        main = chosen.write_seed(Path(seed))
        folder.mkdir(parents=True)
        print(chosen.make(Path(seed), main, folder, f"{name} {number}"))


def _by_kind(faults: list[Outcome]) -> dict[str, list[Outcome]]:
    """Faults that ended in the same place, together."""
    kinds: dict[str, list[Outcome]] = {}
    for outcome in faults:
        lines = outcome.text.strip().splitlines()
        places = [line.strip() for line in lines if line.startswith("  File") and "hsidiff" in line]
        text = f"{outcome.verdict}: {(lines or [''])[-1][:200]}"
        last = re.sub(r"\d+|'[^']*'", "_", text[:60]) + (places or [""])[-1]
        kinds.setdefault(last, []).append(outcome)
    return {f"{of_kind[0].verdict}\n{_end(of_kind[0])}": of_kind for of_kind in kinds.values()}


def _end(outcome: Outcome) -> str:
    """The last lines of what a fault says, those of the package among them."""
    lines = outcome.text.strip().splitlines()
    places = [line for line in lines if line.startswith("  File") and "hsidiff/" in line]
    if not outcome.text.startswith("Traceback"):  # where a process was, the last call first
        lines, places = lines[:8], places[:2]
    return "\n".join(f"    {line.strip()[:300]}" for line in [*places[-2:], *lines[-3:]])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--formats", nargs="+", choices=sorted(all_formats()), default=None)
    parser.add_argument("--files", type=int, default=2000, help="of each format")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--jobs", type=int, default=1, help="formats side by side")
    parser.add_argument("--keep", type=Path, help="write the file --first here, and open nothing")
    return parser


def main() -> int:
    """Run; exit code 1 if there was a fault."""
    given = _parser().parse_args()
    names = given.formats or list(all_formats())
    if given.keep:
        _keep(names[0], given.first, given.keep)
        return 0
    prepare()
    numbers = range(given.first, given.first + given.files)
    tallies = []
    print(HEAD, flush=True)
    with ThreadPoolExecutor(given.jobs) as pool:
        for counted in pool.map(lambda name: tally(name, numbers), names):
            tallies.append(counted)
            print(counted.row(), flush=True)
            for text, of_kind in _by_kind(counted.faults).items():
                numbers_of = ", ".join(str(outcome.number) for outcome in of_kind[:8])
                print(f"{counted.name}: {len(of_kind)} ({numbers_of}) {text}", file=sys.stderr)
    return int(any(counted.faults for counted in tallies))


if __name__ == "__main__":
    sys.exit(main())
