from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.transform import from_origin

from hsidiff.scenes.formats.geotiff import GeotiffSource
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.thinned import step_to_fit, thinned, thinned_shape, with_bands
from hsidiff.scenes.window import Window
from small_scenes import small_scene


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64])
def test_every_nth_pixel_is_read(step: int) -> None:
    scene = small_scene((37, 50))
    assert_array_equal(thinned(scene, step).read(), scene.read()[::step, ::step])


def test_a_window_counts_pixels_that_are_left() -> None:
    scene = small_scene()
    part = thinned(scene, 4).read(Window(2, 3, 5, 6))
    assert_array_equal(part, scene.read()[::4, ::4][2:7, 3:9])


def test_it_lies_where_the_scene_lies() -> None:
    scene = small_scene()
    few = thinned(scene, 4)
    assert few.shape == (10, 13)
    assert scene.transform is not None
    assert few.transform is not None
    assert few.transform @ (3, 2) == scene.transform @ (12, 8)


def test_of_a_geotiff_pixels_of_the_same_squares_are_read(tmp_path: Path) -> None:
    write_geotiff(small_scene(), tmp_path / "scene.tif")
    whole = open_scene(tmp_path / "scene.tif")
    values = whole.read()
    for row, col in np.ndindex(5, 6):
        square = values[row * 8 : row * 8 + 8, col * 8 : col * 8 + 8].reshape(-1, 12)
        shown = thinned(whole, 8).read(Window(row, col, 1, 1))[0, 0]
        assert (square == shown).all(axis=1).any() or np.isnan(shown).all()


def test_only_the_bands_that_were_asked_for_are_read() -> None:
    scene = replace(small_scene(), scale=np.arange(12) + 1.0)
    three = with_bands(scene, (7, 2, 4))
    assert three.n_bands == 3
    valid = np.isfinite(scene.read()).all(axis=-1)
    assert_allclose(three.read()[valid], scene.read()[valid][:, [2, 4, 7]])


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("interleave", ["band", "pixel"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_a_file_that_is_mapped_reads_as_one_that_is_packed(
    tmp_path: Path, dtype: str, interleave: str, is_sparse: bool
) -> None:
    values = np.random.default_rng(0).integers(1, 100, (5, 70, 90)).astype(dtype)
    layout = {"tiled": True, "blockxsize": 16, "blockysize": 16, "interleave": interleave}
    grid = {"height": 70, "width": 90, "count": 5, "dtype": dtype, "SPARSE_OK": is_sparse}
    scenes = []
    for name in ("none", "deflate"):
        path = tmp_path / f"{name}.tif"
        place = from_origin(0, 0, 1, 1)
        with rasterio.open(
            path, "w", "GTiff", transform=place, compress=name, **grid, **layout
        ) as out:
            if is_sparse:
                part = values[:, :32, :48]
                out.write(part, window=((0, 32), (0, 48)))
            else:
                out.write(values)
        scenes.append(thinned(open_scene(path), 3))
    for window in (Window.whole(scenes[0].shape), Window(5, 7, 11, 13)):
        assert_array_equal(*(scene.read(window) for scene in scenes))


@pytest.mark.parametrize(
    ("compress", "interleave", "block"),
    [("deflate", "pixel", (32, 16)), ("deflate", "band", None), ("none", "pixel", None)],
)
def test_a_file_says_what_it_unpacks_for_a_pixel(
    tmp_path: Path, compress: str, interleave: str, block: tuple[int, int] | None
) -> None:
    path = tmp_path / "scene.tif"
    layout = {"tiled": True, "blockxsize": 16, "blockysize": 32, "interleave": interleave}
    grid = {"height": 70, "width": 90, "count": 5, "dtype": "int16", "compress": compress}
    with rasterio.open(path, "w", "GTiff", transform=from_origin(0, 0, 1, 1), **grid, **layout):
        pass
    source = open_scene(path).source
    assert isinstance(source, GeotiffSource)
    assert source.packed_block() == block
    if block is not None:
        with rasterio.open(path, "r+") as out:
            out.build_overviews([2])
        assert source.packed_block() is None


@pytest.mark.parametrize(("side", "step"), [(1, 1), (256, 1), (257, 2), (512, 2), (1025, 8)])
def test_a_scene_is_thinned_by_the_least_power_of_two_that_makes_it_fit(
    side: int, step: int
) -> None:
    assert step_to_fit((side, 1), 256) == step
    rows, cols = thinned_shape((side, 1), step)
    assert rows <= 256
    assert cols == 1
