"""How much memory this program may hold, how much it holds, and what its end looks like."""

import os
import re
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

import rasterio
import torch

from hsidiff.amounts import in_bytes
from hsidiff.errors import NotEnoughMemoryError, SettingError

Result = TypeVar("Result")

EXPECTED = "expected an amount such as 4GB or 500MB"
LEAST_BYTES = 64 * 10**6
"""Less than this beside what the program holds already is not worth to begin with."""
GDAL_SHARE, LARGEST_GDAL_BYTES = 1 / 16, 256 * 2**20
"""GDAL keeps blocks that it has read or is to write; by itself it takes 5 % of the machine."""
_SECONDS_BETWEEN_LOOKS = 0.001
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_AMOUNT = re.compile(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([KMGT]?)(I?)B?\s*", re.ASCII | re.IGNORECASE)
_TOLD_BY_WORDS = (
    "out of memory",
    "allocate memory",
    "not enough memory",
    "bad_alloc",
    "ALLOC_FAILED",
)
"""PyTorch has no MemoryError: allocators of the CPU and of devices raise a RuntimeError."""

_limit: ContextVar[int | None] = ContextVar("hsidiff_memory", default=None)


def parse_memory(text: str) -> int:
    """Bytes of an amount as people write it: ``4GB`` (10^9 each), ``500 MB``, ``2GiB`` (2^30).

    Raises:
        SettingError: if it is none, or nothing.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None or (match[3] and not match[2]):
        raise SettingError(f"--memory {text}: {EXPECTED}")
    units = _BINARY_UNITS if match[3] else _UNITS
    amount = int(float(match[1]) * units[match[2].upper()])
    if amount == 0:
        raise SettingError(f"--memory {text}: must be more than nothing; {EXPECTED}")
    return amount


@contextmanager
def limited_to(memory: str | None = None) -> Iterator[int]:
    """Hold about so much memory at most inside the ``with`` block.

    Tiles of a map, batches and samples of a scene are then chosen to fit. It is an aim and no wall:
    what the program holds already counts, and estimates may be wrong by a third.

    Args:
        memory: such as ``"4GB"``, all that the program may hold; None allows half of what is free
            now beside what it holds.

    Yields:
        The limit in bytes.

    Raises:
        SettingError: if it is no amount, or the program holds more before it begins.
    """
    held = held_bytes()
    limit = held + free_bytes() // 2 if memory is None else parse_memory(memory)
    if memory is not None and limit < held + LEAST_BYTES:
        least = -(-(held + LEAST_BYTES) // 10**8) * 10**8
        raise SettingError(
            f"--memory {memory}: hsidiff holds {in_bytes(held)} before it begins to work: give "
            f"{in_bytes(least)} at least"
        )
    token = _limit.set(limit)
    cache = min(int((limit - held) * GDAL_SHARE), LARGEST_GDAL_BYTES)
    try:
        with rasterio.Env(GDAL_CACHEMAX=cache):
            yield limit
    finally:
        _limit.reset(token)


def allowed_bytes() -> int | None:
    """What may be held beside what is held now; None where :func:`limited_to` is not around it."""
    limit = _limit.get()
    return None if limit is None else max(limit - held_bytes(), 0)


def held_bytes() -> int:
    """Memory that this program holds now; on other systems than Linux, the most it ever held."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def free_bytes(root: Path = Path("/")) -> int:
    """Memory that this program could still take: of the machine, its container, and ulimit -v.

    Args:
        root: where ``proc`` and ``sys`` lie.
    """
    amounts = [_free_of_machine(root / "proc/meminfo")]
    groups = root / "sys/fs/cgroup"
    for limit, used in (
        (groups / "memory.max", groups / "memory.current"),
        (groups / "memory/memory.limit_in_bytes", groups / "memory/memory.usage_in_bytes"),
    ):
        if (most := _number(limit)) is not None and (now := _number(used)) is not None:
            amounts.append(max(most - now, 0))
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    statm = root / "proc/self/statm"
    if address_space != resource.RLIM_INFINITY and statm.exists():
        taken = int(statm.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        amounts.append(max(address_space - taken, 0))
    return min(amounts)


def _free_of_machine(meminfo: Path) -> int:
    """What the kernel could give away; where it does not say, all memory of the machine."""
    if meminfo.exists():
        match = re.search(r"^MemAvailable:\s*(\d+) kB$", meminfo.read_text(), flags=re.MULTILINE)
        if match:
            return int(match[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _number(path: Path) -> int | None:
    """The number in a file; None if there is none ("max" means that there is no limit)."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def peak_of(work: Callable[[], Result]) -> tuple[Result, int]:
    """Do something, and watch how much more memory is held meanwhile than before, in bytes."""
    before = highest = held_bytes()
    is_over = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not is_over.wait(_SECONDS_BETWEEN_LOOKS):
            highest = max(highest, held_bytes())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        done = work()
        highest = max(highest, held_bytes())
    finally:
        is_over.set()
        watcher.join()
    return done, highest - before


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, NumPy or PyTorch says that memory did not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(w in str(error) for w in _TOLD_BY_WORDS)


def or_none_without_memory(work: Callable[[], Result]) -> Result | None:
    """What ``work`` gives, never None; None if memory did not suffice for it.

    What it held is free again when this returns: the error, which keeps it alive, is gone.
    """
    try:
        return work()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, NotEnoughMemoryError) or not is_out_of_memory(error):
            raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return None
