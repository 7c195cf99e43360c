"""The command line: one file per command, thin over the library."""

import os

# Before PyTorch is loaded: its threads then sleep while they wait for each other. Threads that spin
# are many times slower when another program keeps a core busy (docs/decisions/0016).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from hsidiff.cli.app import main

__all__ = ["main"]
