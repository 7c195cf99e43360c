"""The command line: one file per command, thin over the library."""

from hsidiff.cli.app import main

__all__ = ["main"]
