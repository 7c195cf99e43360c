"""The tile size follows from the memory that is allowed; the map does not."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.contract import WINDOW_PX
from hsidiff.errors import NotEnoughMemoryError
from hsidiff.maps import tile_size as tile_size_module
from hsidiff.maps.geotiff import read_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.maps.tile_size import bytes_per_pixel, part_size_within_memory
from hsidiff.scenes.window import Window
from small_scenes import small_labels, small_scene

TAKEN_PER_PX = 100_000


@dataclass(repr=False, eq=False)
class Wasteful(LinearDiscriminant):
    """Takes a known amount of memory for each pixel, one tile at a time."""

    name: ClassVar[str] = "wasteful"

    @property
    def small_tiles(self) -> bool:
        return False

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        taken = np.ones(window.n_rows * window.n_cols * TAKEN_PER_PX // 8)
        for _ in range(3):  # long enough to be seen
            taken += 1
        return super()._predict_proba_tile(cube, window)


@pytest.fixture(scope="module")
def wasteful() -> Wasteful:
    return Wasteful().fit(small_scene(), small_labels())


def allow(monkeypatch: pytest.MonkeyPatch, n_bytes: int | None) -> None:
    monkeypatch.setattr(tile_size_module, "allowed_bytes", lambda: n_bytes)


def test_what_a_pixel_takes_is_measured(wasteful: Wasteful) -> None:
    assert TAKEN_PER_PX < bytes_per_pixel(wasteful, small_scene()) < 2 * TAKEN_PER_PX


def test_the_less_is_allowed_the_smaller_are_the_tiles(
    wasteful: Wasteful, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    for n_bytes in (None, 10**10, 4 * 10**8, 10**8):
        allow(monkeypatch, n_bytes)
        sizes.append(part_size_within_memory(wasteful, small_scene()))
    assert sizes[:2] == [WINDOW_PX] * 2
    assert WINDOW_PX > sizes[2] > sizes[3] >= 8
    assert sizes[2] ** 2 * TAKEN_PER_PX < 4 * 10**8


def test_too_little_for_the_smallest_tile_is_refused(
    wasteful: Wasteful, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, 3 * 10**7)
    with pytest.raises(NotEnoughMemoryError, match=r"needs about .* tiles of 8 pixels"):
        part_size_within_memory(wasteful, small_scene())


def test_the_map_does_not_follow_from_the_memory(
    wasteful: Wasteful, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, n_bytes in (("much.tif", None), ("little.tif", 10**8)):
        allow(monkeypatch, n_bytes)
        predict_to_file(wasteful, small_scene(), tmp_path / name)
    much, little = (read_class_map(tmp_path / name) for name in ("much.tif", "little.tif"))
    np.testing.assert_array_equal(much, little)
