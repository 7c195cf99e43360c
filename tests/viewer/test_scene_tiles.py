import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from running_viewer import pixels

from hsidiff.errors import MissingFileError, SettingError
from hsidiff.report.pictures import stretch_limits, stretched
from hsidiff.scenes.scene import PixelSource
from hsidiff.scenes.window import Window
from hsidiff.viewer.band_choice import band_choices, checked_bands
from hsidiff.viewer.scene_tiles import SceneTiles, largest_step
from small_scenes import small_invalid, small_scene

BANDS = (7, 2, 4)


def test_a_tile_shows_the_bands_of_the_scene_with_gaps_transparent() -> None:
    scene = small_scene()
    tile = pixels(SceneTiles(scene).tile(BANDS, 1, 0, 0).png)
    values = scene.read()[:, :, list(BANDS)]
    values[small_invalid()] = np.nan
    stored = np.where(np.isfinite(values), values, np.nan)
    # A gap of another band is none of a picture.
    shown = ~small_invalid()
    expected = stretched(stored, stretch_limits(scene.source.values[:, :, list(BANDS)]))  # type: ignore[attr-defined]
    assert tile.shape == (256, 256, 4)
    assert_array_equal(tile[:40, :50][shown], expected[shown])
    assert not tile[40:].any()
    assert not tile[:, 50:].any()


def test_tiles_of_a_thinned_scene_meet_without_a_gap() -> None:
    scene = small_scene((600, 300), n_bands=3)
    tiles, bands = SceneTiles(scene), (0, 1, 2)
    assert largest_step(scene.shape) == 4
    halves = [pixels(tiles.tile(bands, 2, 0, row).png) for row in (0, 1)]
    joined = np.concatenate(halves)[:300, :150]
    assert (joined[..., 3] == 255).mean() > 0.99
    whole = pixels(tiles.tile(bands, 4, 0, 0).png)[:150, :75]
    assert_array_equal(joined[::2, ::2], whole)


@pytest.mark.parametrize(
    ("step", "col", "row"),
    [(0, 0, 0), (3, 0, 0), (8, 0, 0), (-1, 0, 0), (1, 1, 0), (1, 0, 1), (1, -1, 0), (1, 0, 10**9)],
)
def test_there_are_no_tiles_beyond_the_scene(step: int, col: int, row: int) -> None:
    with pytest.raises(MissingFileError):
        SceneTiles(small_scene()).tile(BANDS, step, col, row)


def test_bands_are_chosen_by_wavelength_where_the_sensor_has_them() -> None:
    wavelengths = np.linspace(400, 2500, 211)
    scene = replace(small_scene(n_bands=211), file_wavelengths_nm=wavelengths)
    shown = {
        choice.name: wavelengths[np.array(choice.numbers) - 1] for choice in band_choices(scene)
    }
    assert shown["True colour"].tolist() == [640, 550, 470]
    assert shown["Colour infrared"].tolist() == [850, 650, 550]
    assert "Short-wave infrared" in shown
    near = replace(scene, file_wavelengths_nm=np.linspace(400, 1000, 211))
    assert {choice.name for choice in band_choices(near)} == {"True colour", "Colour infrared"}


def test_without_wavelengths_bands_are_spread() -> None:
    scene = replace(small_scene(n_bands=100), file_wavelengths_nm=None).without_bands([1, 2])
    (choice,) = band_choices(scene)
    assert min(choice.numbers) > 2
    assert len(set(choice.numbers)) == 3
    assert band_choices(small_scene(n_bands=1))[0].numbers == (1, 1, 1)


@pytest.mark.parametrize(
    "text", ["", "1,2", "1,2,3,4", "0,1,2", "1,2,99", "a,b,c", "2,3,4", "1, 2,3"]
)
def test_bands_that_are_no_three_usable_ones_are_refused(text: str) -> None:
    scene = small_scene().without_bands([4])
    with pytest.raises(SettingError, match="usable bands"):
        checked_bands(scene, text)


def test_bands_come_in_the_order_of_the_colours() -> None:
    assert checked_bands(small_scene(), "9,1,5") == (8, 0, 4)


@dataclass(frozen=True)
class Counted:
    """Pixels that note how often they are asked for, slowly enough to be asked again meanwhile."""

    source: PixelSource
    asked: list[Window]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.source.dtype

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        self.asked.append(window)
        time.sleep(0.05)
        return self.source.read(window, bands)


def test_overview_and_tiles_that_are_asked_for_at_once_look_at_the_scene_once() -> None:
    scene, asked = small_scene(), []  # type: ignore[var-annotated]
    tiles = SceneTiles(replace(scene, source=Counted(scene.source, asked)))
    with ThreadPoolExecutor(4) as pool:
        pictures = [pool.submit(tiles.overview, BANDS) for _ in range(2)]
        pictures += [pool.submit(tiles.tile, BANDS, 1, 0, 0) for _ in range(2)]
        assert all(picture.result() for picture in pictures)
    assert len(asked) <= 3  # once for the stretch, and once for each tile
