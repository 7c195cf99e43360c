"""Windows that are computed whole or, where memory does not suffice, in ever smaller parts."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from hsidiff.amounts import in_bytes
from hsidiff.errors import HsidiffWarning, NotEnoughMemoryError
from hsidiff.memory import free_bytes, or_none_without_memory
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import tile_windows

SMALLEST_PART_PX = 8
"""Around a smaller part its surroundings are nearly all of the work."""

Result = TypeVar("Result")


@dataclass
class SmallerParts:
    """Remembers how large a part of a scene may be, after memory did not suffice for a larger one.

    Attributes:
        compute: gives the values (rows, cols, n) float32 of a window.
        what: what is computed, to be told in messages.
        side_px: largest side of a part; None while nothing was too large.
    """

    compute: Callable[[Window], np.ndarray]
    what: str
    side_px: int | None = None

    def attempt(self, window: Window, work: Callable[[], Result]) -> Result | None:
        """What ``work``, which serves a whole window, gives; None if it is, or was, too large."""
        if self.side_px is not None and max(window.n_rows, window.n_cols) > self.side_px:
            return None
        return or_none_without_memory(work)

    def of(self, window: Window) -> np.ndarray:
        """Values of a window that was too large as a whole.

        Raises:
            NotEnoughMemoryError: if memory does not suffice for the smallest part either.

        Warns:
            HsidiffWarning: each time that parts become smaller.
        """
        side_px = max(window.n_rows, window.n_cols)
        if self.side_px is None or self.side_px >= side_px:
            self._halve(side_px)
        while (values := or_none_without_memory(partial(self._joined, window))) is None:
            self._halve(self.side_px or side_px)
        return values

    def _joined(self, window: Window) -> np.ndarray:
        """Compute the parts of a window one after the other."""
        shape = (window.n_rows, window.n_cols)
        joined: np.ndarray | None = None
        for inside in tile_windows(shape, self.side_px or max(shape)):
            row, col = window.row + inside.row, window.col + inside.col
            values = self.compute(Window(row, col, inside.n_rows, inside.n_cols))
            if joined is None:
                joined = np.empty((*shape, values.shape[-1]), values.dtype)
            joined[inside.slices] = values
        if joined is None:
            raise ValueError(f"{window} holds no pixel")
        return joined

    def _halve(self, side_px: int) -> None:
        """Take parts of half this side from now on, and say so."""
        if side_px <= SMALLEST_PART_PX:
            raise NotEnoughMemoryError(
                f"memory does not suffice for {side_px} x {side_px} pixels of {self.what}, the "
                f"smallest tile; {in_bytes(free_bytes())} is free: close other programs, leave out "
                "bands (--drop-bands), or take a lighter method or --profile fast"
            )
        self.side_px = max(side_px // 2, SMALLEST_PART_PX)
        warnings.warn(
            f"memory does not suffice for a tile of {side_px} pixels of {self.what}: going on with "
            f"tiles of {self.side_px} pixels",
            HsidiffWarning,
            stacklevel=2,
        )
