"""DiffCRN (Zhu and Xu, IEEE TGRS 2025): begin to read in :mod:`hsidiff.methods.diffcrn.diffcrn`."""

from hsidiff.methods.diffcrn.diffcrn import DiffCRN

__all__ = ["DiffCRN"]
