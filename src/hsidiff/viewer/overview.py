"""Every n-th pixel of a scene in three bands: at once or, of a file that takes long, bit by bit."""

from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, prod
from threading import Condition, Lock

import numpy as np

from hsidiff.errors import MissingFileError
from hsidiff.report.pictures import stretch_limits
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.thinned import step_to_fit, thinned_shape
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import cut

Bands = tuple[int, int, int]

QUICK_PX = 256
"""Longest side of the overview of a scene whose pixels are quick to pick out."""
SLOW_PX = 2048
"""The same where all has to be unpacked: as large as a screen, so that it is unpacked once."""
QUICK_BYTES = 64e6
"""A file that unpacks to so little is read at once."""
SMALLEST_SIDE_PX = 8
FIRST_WINDOWS = 4
"""After so many windows of an overview there is something to see."""
N_READERS = 2
N_KEPT = 3
"""Overviews in memory: of so many choices of bands, 50 MB each at most."""


@dataclass(frozen=True)
class OverviewPlan:
    """How a whole scene is looked at.

    Attributes:
        step: every ``step``-th row and column is shown.
        size: rows and columns of the overview.
        windows: what is read at a time, in pixels of the overview, in this order.
    """

    step: int
    size: tuple[int, int]
    windows: tuple[Window, ...]


def plan_of(scene: Scene) -> OverviewPlan:
    """All at once where single pixels are quick to read, else block by block, in no order.

    Whatever comes first of blocks in no order is a sample of the scene, from which its stretch can
    be guessed.
    """
    block = _block_to_unpack(scene)
    if block is None:
        step = ceil(max(scene.shape) / QUICK_PX)
        size = thinned_shape(scene.shape, step)
        return OverviewPlan(step, size, (Window.whole(size),))
    step = step_to_fit(scene.shape, SLOW_PX)
    size = thinned_shape(scene.shape, step)
    rows, cols = (max(side, SMALLEST_SIDE_PX) for side in thinned_shape(block, step))
    windows = cut(size, (rows, cols))
    order = np.random.default_rng(0).permutation(len(windows))
    return OverviewPlan(step, size, tuple(windows[place] for place in order))


def _block_to_unpack(scene: Scene) -> tuple[int, int] | None:
    """Rows and columns of what the scene's file unpacks for a single pixel, if all takes long."""
    find = getattr(scene.source, "packed_block", None)
    if find is None or prod(scene.source.shape) * scene.source.dtype.itemsize <= QUICK_BYTES:
        return None
    block: tuple[int, int] | None = find()
    return block


class Overview:
    """Every n-th pixel of a scene in three bands, as far as it is read.

    Attributes:
        values: (rows, cols, 3) float32, NaN where there is no value, and where none is read yet.
    """

    def __init__(self, plan: OverviewPlan, read: Callable[[Window], np.ndarray]) -> None:
        self.values = np.full((*plan.size, 3), np.nan, dtype=np.float32)
        self._read, self._n_windows, self._n_read = read, len(plan.windows), 0
        self._waiting = deque(plan.windows)
        self._error: Exception | None = None
        self._changed = Condition()
        self._last_limits: tuple[int, np.ndarray] | None = None

    @property
    def share(self) -> float:
        """How much of it is read, from 0 to 1."""
        return self._n_read / self._n_windows

    @property
    def has_failed(self) -> bool:
        """Whether it will never be whole."""
        return self._error is not None

    @property
    def is_to_be_read(self) -> bool:
        """Whether there is a window that nobody reads yet."""
        return bool(self._waiting)

    def limits(self) -> np.ndarray:
        """The 2nd and 98th percentiles of what is read, (2, 3)."""
        n_read, last = self._n_read, self._last_limits
        if last is None or last[0] != n_read:
            last = self._last_limits = (n_read, stretch_limits(self.values))
        return last[1]

    def read_next(self) -> None:
        """Read one window; what goes wrong is for those who wait."""
        try:
            window = self._waiting.popleft()
        except IndexError:  # another thread took the last
            return
        try:
            values = self._read(window)
        except Exception as error:  # whatever it is, somebody waits for the picture
            self.give_up(error)
            return
        rows, cols = window.slices
        self.values[rows, cols] = values
        with self._changed:
            self._n_read += 1
            self._changed.notify_all()

    def give_up(self, error: Exception) -> None:
        """Read no more of it, and tell those who wait why."""
        with self._changed:
            self._waiting.clear()
            self._error = error
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until there is something to see.

        Raises:
            Exception: what went wrong in reading.
        """
        enough = min(FIRST_WINDOWS, self._n_windows)
        with self._changed:
            self._changed.wait_for(lambda: self._n_read >= enough or self._error is not None)
        if self._error is not None:
            raise self._error


class Overviews:
    """The overviews of the last few choices of bands. What was asked for last is read first."""

    def __init__(self, plan: OverviewPlan, read: Callable[[Bands, Window], np.ndarray]) -> None:
        """Read with ``read``, from bands and a window of the overview to (rows, cols, 3)."""
        self.plan, self._read = plan, read
        self._kept: OrderedDict[Bands, Overview] = OrderedDict()
        self._lock = Lock()
        self._readers = ThreadPoolExecutor(N_READERS, "overview")

    def of(self, bands: Bands) -> Overview:
        """The overview of three bands, once there is something to see.

        Raises:
            Exception: what went wrong in reading.
        """
        with self._lock:
            overview = self._kept.get(bands)
            if overview is None or overview.has_failed:
                overview = self._begin(bands)
            self._kept.move_to_end(bands)
        overview.wait()
        return overview

    def close(self) -> None:
        """Read no more."""
        with self._lock:
            for overview in self._kept.values():
                if overview.is_to_be_read:
                    overview.give_up(MissingFileError("the viewer has ended"))
        self._readers.shutdown()

    def _begin(self, bands: Bands) -> Overview:
        overview = Overview(self.plan, lambda window: self._read(bands, window))
        self._kept[bands] = overview
        if len(self._kept) > N_KEPT:
            _, oldest = self._kept.popitem(last=False)
            if oldest.is_to_be_read:
                oldest.give_up(MissingFileError("other bands were chosen since"))
        for _ in range(N_READERS):
            self._readers.submit(self._work)
        return overview

    def _work(self) -> None:
        while (overview := self._next()) is not None:
            overview.read_next()

    def _next(self) -> Overview | None:
        with self._lock:
            newest_first = reversed(self._kept.values())
            return next((overview for overview in newest_first if overview.is_to_be_read), None)
