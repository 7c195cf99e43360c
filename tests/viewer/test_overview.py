from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Semaphore
from time import sleep
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from running_viewer import pixels

from hsidiff.errors import MissingFileError, SceneError
from hsidiff.report.pictures import stretch_limits, stretched
from hsidiff.scenes.scene import PixelSource, Scene
from hsidiff.scenes.window import Window
from hsidiff.viewer import overview
from hsidiff.viewer.overview import FIRST_WINDOWS, plan_of
from hsidiff.viewer.scene_tiles import SceneTiles
from small_scenes import small_scene

BANDS, OTHER_BANDS = (7, 2, 4), (1, 3, 5)


@dataclass(frozen=True)
class Packed:
    """Pixels in blocks that are unpacked whole, each once it may be."""

    source: PixelSource
    may_read: Semaphore = field(default_factory=lambda: Semaphore(0))
    broken: list[bool] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    def packed_block(self) -> tuple[int, int]:
        return 16, 16

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        self.may_read.acquire()
        self.asked.append(int(bands[0]))
        if self.broken:
            raise SceneError("a block cannot be unpacked")
        return self.source.read(window, bands)

    def let_read(self, n_windows: int) -> None:
        self.may_read.release(n_windows)


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Scene, Packed]]:
    monkeypatch.setattr(overview, "QUICK_BYTES", 0)
    scene = small_scene()
    source = Packed(scene.source)
    yield replace(scene, source=source), source
    source.let_read(1000)


def when_whole(tiles: SceneTiles, bands: tuple[int, int, int]) -> np.ndarray:
    while (picture := tiles.overview(bands)).share < 1:
        sleep(0.001)
    return pixels(picture.png)


def test_what_is_read_is_shown_and_the_rest_comes(packed: tuple[Scene, Packed]) -> None:
    scene, source = packed
    tiles = SceneTiles(scene)
    source.let_read(FIRST_WINDOWS)
    first = tiles.overview(BANDS)
    assert first.share == FIRST_WINDOWS / 12  # 40 x 50 pixels
    some = pixels(first.png)[..., 3] > 0
    assert 0 < some.mean() < 0.5
    square = tiles.tile(BANDS, 1, 0, 0)
    assert square.share == first.share
    assert_array_equal(pixels(square.png)[:40, :50], pixels(first.png))
    source.let_read(1000)
    stored = small_scene().source.values[:, :, list(BANDS)]  # type: ignore[attr-defined]
    whole = when_whole(tiles, BANDS)
    assert_array_equal(whole, stretched(stored, stretch_limits(stored)))
    assert not some[whole[..., 3] == 0].any()
    n_read = len(source.asked)
    assert tiles.tile(BANDS, 1, 0, 0).share == 1
    assert len(source.asked) == n_read  # a square that the overview holds is not read again


def test_the_bands_that_were_asked_for_last_are_read_first(packed: tuple[Scene, Packed]) -> None:
    scene, source = packed
    tiles = SceneTiles(scene)
    source.let_read(FIRST_WINDOWS)
    tiles.overview(BANDS)
    with ThreadPoolExecutor(1) as pool:
        newer = pool.submit(tiles.overview, OTHER_BANDS)
        while OTHER_BANDS not in tiles._overviews._kept:
            sleep(0.001)
        n_begun, n_new = 2, len(plan_of(scene).windows)
        source.let_read(n_begun + n_new)
        while len(source.asked) < FIRST_WINDOWS + n_begun + n_new:
            sleep(0.001)
        # Two of the older were begun, and two more may be before the last of the new are read.
        assert source.asked.count(min(BANDS)) <= FIRST_WINDOWS + n_begun + 2
        source.let_read(1000)
        newer.result(60)
    for bands in (OTHER_BANDS, BANDS):
        when_whole(tiles, bands)


def test_a_block_that_cannot_be_read_is_told_and_tried_again(
    packed: tuple[Scene, Packed],
) -> None:
    scene, source = packed
    tiles = SceneTiles(scene)
    source.let_read(1000)
    source.broken.append(True)
    for _ in range(2):
        with pytest.raises(SceneError, match="cannot be unpacked"):
            tiles.overview(BANDS)
    source.broken.clear()
    assert when_whole(tiles, BANDS).shape == (40, 50, 4)


def test_of_many_choices_of_bands_few_are_kept(packed: tuple[Scene, Packed]) -> None:
    scene, source = packed
    tiles = SceneTiles(scene)
    with ThreadPoolExecutor(1) as pool:
        oldest = pool.submit(tiles.overview, BANDS)
        while not tiles._overviews._kept:
            sleep(0.001)
        source.let_read(1)
        others = [(n, n, n) for n in range(overview.N_KEPT)]
        with ThreadPoolExecutor(len(others)) as more:
            asked = [more.submit(tiles.overview, bands) for bands in others]
            with pytest.raises(MissingFileError, match="other bands were chosen since"):
                oldest.result(60)
            source.let_read(1000)
            assert all(picture.result(60).share for picture in asked)


def test_a_viewer_that_ends_reads_no_more(packed: tuple[Scene, Packed]) -> None:
    scene, source = packed
    tiles = SceneTiles(scene)
    source.let_read(FIRST_WINDOWS)
    tiles.overview(BANDS)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(tiles.close)
        while tiles._overviews._kept[BANDS].is_to_be_read:
            sleep(0.001)
        source.let_read(1000)
        ended.result(60)
    assert len(source.asked) < 12


def test_blocks_make_windows_that_cover_a_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "QUICK_BYTES", 0)
    monkeypatch.setattr(overview, "SLOW_PX", 20)
    scene = small_scene()
    plan = plan_of(replace(scene, source=Packed(scene.source)))
    assert (plan.step, plan.size) == (4, (10, 13))
    covered = np.zeros(plan.size, dtype=int)
    for window in plan.windows:
        covered[window.slices] += 1
    assert_array_equal(covered, 1)
    assert len(plan.windows) == 4  # of 8 x 8 pixels at least, of which each is read for itself


def test_what_is_quick_to_read_is_read_at_once() -> None:
    assert len(plan_of(small_scene()).windows) == 1
