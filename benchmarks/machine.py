"""What a result was measured on: machine, versions, commit."""

import os
import platform
import re
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.sizes import Sizes
from hsidiff.cores import usable_cores
from hsidiff.evaluation.results import versions

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"


def describe_run(sizes: Sizes, device: str = "cpu") -> dict[str, Any]:
    """Machine, settings, commit and date of a run, as JSON values."""
    return {
        "machine": describe_machine(device),
        "settings": asdict(sizes),
        "commit": describe_commit(ROOT),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def describe_machine(device: str = "cpu") -> dict[str, Any]:
    """Processor, cores, memory, GPU (None on the CPU), threads and versions."""
    gpu = torch.cuda.get_device_name() if device == "cuda" else None
    return {
        "processor": processor_name(),
        "n_cores": usable_cores(),
        "n_threads": torch.get_num_threads(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpu": gpu,
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
    }


def processor_name() -> str:
    """The processor's name as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, flags=re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def short_name(machine: dict[str, Any]) -> str:
    """A file name for a machine's results: ``amd-epyc-2-cores``, or that of its GPU."""
    name = machine["gpu"] or f"{machine['processor']} {machine['n_cores']} cores"
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def describe_commit(root: Path) -> dict[str, Any]:
    """The commit, and whether the tree was clean apart from results; None outside a checkout."""
    sha = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--", ".", ":!benchmarks/results")
    return {"sha": sha, "clean": None if changed is None else not changed}


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
