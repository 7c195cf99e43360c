"""The command line: one file per command, thin over the library."""

import os
import sys

# Before PyTorch is loaded: its threads then sleep while they wait for each other. Threads that spin
# are many times slower when another program keeps a core busy (docs/decisions/0016).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

INTERRUPTED = 130
"""Exit code of a program that was stopped with Ctrl-C."""


def main() -> None:
    """Run the command line; Ctrl-C ends it in one line, even while it is still being loaded."""
    try:
        from hsidiff.cli.app import run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)  # noqa: T201
        sys.exit(INTERRUPTED)
