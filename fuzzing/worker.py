"""Open broken examples one by one, in a process of its own that may hang or die."""

import faulthandler
import logging
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path

from hsidiff.errors import HsidiffError

LARGEST_GROWTH_BYTES = 2**30
LONGEST_S = 20.0
NOISE = "noise"
"""The file in which a process that hangs or dies leaves where it was."""
_MOST_ASKED_BYTES = 5 * 2**30
_LARGEST_FILE_BYTES = 2**30
_LONGEST_MESSAGE = 2000
_HASHED_BYTES = 4 * 2**20
_MEBIBYTE = 2**20


@dataclass(frozen=True)
class Outcome:
    """How one broken example ended.

    Attributes:
        number: which one.
        verdict: ``opened``, ``refused``, or else the fault.
        text: the message, or the traceback of a fault.
        seconds: to open it and read a window.
        growth_bytes: by how much memory grew meanwhile, at its peak.
    """

    number: int
    verdict: str
    text: str = ""
    seconds: float = 0.0
    growth_bytes: int = 0

    @property
    def is_fault(self) -> bool:
        """Whether it must not be so."""
        return self.verdict not in {"opened", "refused", "not made"}


def work(connection: Connection, name: str, seed: Path, main: str, scratch: Path) -> None:
    """Take numbers from a connection until None comes; send an outcome for each."""
    from fuzzing.formats import all_formats  # noqa: PLC0415
    from fuzzing.openers import look  # noqa: PLC0415

    chosen = all_formats()[name]
    tempfile.tempdir = str(scratch / "temporary")
    (scratch / "temporary").mkdir(exist_ok=True)
    logging.getLogger("rasterio").setLevel(logging.CRITICAL)  # as the command line does
    noise = _silenced(scratch / NOISE)
    faulthandler.enable(noise)
    try:
        if main:  # so that whatever is loaded at first use does not count as growth
            look(chosen.kind, seed / main)
        connection.send("")
    except BaseException:
        connection.send(traceback.format_exc())
        raise
    _limit_memory()
    folder = scratch / "broken"
    while (number := connection.recv()) is not None:
        for path in (folder, scratch / "temporary"):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
        try:
            source = chosen.make(seed, main, folder, f"{name} {number}")
        except Exception:  # a library that would not write it
            connection.send(Outcome(number, "not made", traceback.format_exc()))
            continue
        os.ftruncate(noise, 0)
        faulthandler.dump_traceback_later(LONGEST_S, file=noise)
        connection.send(_opened(chosen.kind, source, number, folder, noise))
        faulthandler.cancel_dump_traceback_later()


def _opened(kind: str, source: object, number: int, folder: Path, noise: int) -> Outcome:
    from fuzzing.openers import look  # noqa: PLC0415

    before = _content(folder)
    resident = _begin_peak()
    start = time.perf_counter()
    verdict, text = "opened", ""
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE_BYTES, resource.RLIM_INFINITY))
    try:
        look(kind, source)
    except HsidiffError as error:
        verdict, text = "refused", str(error)
        if "\n" in text or len(text) > _LONGEST_MESSAGE:
            verdict = "no one clear line"
        elif "MemoryError" in text or "llocate" in text:
            verdict = "asks for too much memory"
    except MemoryError:
        verdict, text = "asks for too much memory", traceback.format_exc()
    except BaseException:
        verdict, text = "traceback", traceback.format_exc()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    seconds, growth = time.perf_counter() - start, _peak() - resident
    sys.stdout.flush()
    if growth > LARGEST_GROWTH_BYTES:
        verdict = "takes too much memory"
    elif _content(folder) != before:
        verdict = "writes beside the file"
    elif any((folder.parent / "temporary").iterdir()):
        verdict = "leaves temporary files"
    elif os.fstat(noise).st_size and verdict in {"opened", "refused"}:
        verdict, text = "prints", os.pread(noise, 5000, 0).decode(errors="replace")
    return Outcome(number, verdict, text, seconds, growth)


def _content(folder: Path) -> dict[str, object]:
    """Names and bytes of all that lies in a folder; of large files size and time."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        is_small = path.is_file() and not path.is_symlink() and facts.st_size <= _HASHED_BYTES
        hashed = sha256(path.read_bytes()).hexdigest() if is_small else ""
        found[str(path)] = (facts.st_mode, facts.st_size, facts.st_mtime_ns, hashed)
    return found


def _silenced(path: Path) -> int:
    """Send what this process and its libraries print to a file; give its descriptor."""
    noise = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(noise, stream)
    return noise


def _limit_memory() -> None:
    """Let this process ask for so much more than it has, and no more.

    Some libraries ask for as much as a file promises, and then find that it holds less. What is
    asked for and not used costs nothing, so the limit lies above what may be used.
    """
    used = _status("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (used + _MOST_ASKED_BYTES, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _begin_peak() -> int:
    """Forget the peak of memory so far; give what is resident now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0
