"""What is done of a map is kept, and only the same map goes on with it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from hsidiff.errors import SettingError
from hsidiff.maps.tile_plan import TilePlan
from hsidiff.maps.tile_store import PLAN, TileStore, remove

PLAN_OF_6 = TilePlan((50, 30), (10, 10), (20, 20))
RASTERS = {"classes": (1, np.dtype(np.uint8)), "probabilities": (3, np.dtype(np.uint8))}


def begin(folder: Path, plan: TilePlan = PLAN_OF_6, **identity: str) -> TileStore:
    return TileStore.begin(folder, plan, identity, RASTERS)


def test_tiles_come_back_as_they_were_kept_and_are_done_then(tmp_path: Path) -> None:
    store = begin(tmp_path / "store")
    tiles = {}
    for number in range(PLAN_OF_6.n_tiles):
        tile = PLAN_OF_6.tile(number)
        assert not store.is_done(number)
        shape = (tile.n_rows, tile.n_cols)
        tiles[number] = {
            name: np.random.default_rng(number).integers(0, 255, (*shape, n), np.uint8)
            for name, (n, _) in RASTERS.items()
        }
        store.write(number, tiles[number])
    again = TileStore.open(tmp_path / "store")
    for number, layers in tiles.items():
        assert again.is_done(number)
        for name, values in layers.items():
            np.testing.assert_array_equal(again.read(name, number), values)


def test_a_chunk_is_a_tile(tmp_path: Path) -> None:
    store = begin(tmp_path)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    store.write(4, {"classes": np.ones((10, 20, 1), np.uint8)})
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert {path.relative_to(tmp_path) for path in new} == {
        Path("rasters.zarr/classes/c/2/0/0"),
        Path("done/0/4"),
    }


def test_the_same_map_goes_on_with_the_tiles_that_it_began_with(tmp_path: Path) -> None:
    begin(tmp_path, model="a", scene="b").write(0, {"classes": np.ones((20, 20, 1), np.uint8)})
    store = begin(tmp_path, TilePlan((50, 30), (10, 10), (50, 30)), model="a", scene="b")
    assert store.plan == PLAN_OF_6
    assert store.is_done(0)
    assert not store.is_done(1)


@pytest.mark.parametrize("other", [{"model": "a", "scene": "c"}, {"model": "a"}])
def test_another_map_is_refused_with_what_differs(tmp_path: Path, other: dict[str, str]) -> None:
    begin(tmp_path, model="a", scene="b")
    with pytest.raises(SettingError, match="unfinished map with another scene: repeat") as raised:
        begin(tmp_path, **other)
    assert str(tmp_path) in str(raised.value)


@pytest.mark.parametrize("text", ["", "{}", '{"identity": 1, "tiles": {}}', "[" * 5000])
def test_a_broken_plan_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    begin(tmp_path)
    (tmp_path / PLAN).write_text(text)
    with pytest.raises(SettingError, match=r"plan.json is broken: delete the folder"):
        begin(tmp_path)


def test_a_store_that_was_stopped_before_its_plan_begins_anew(tmp_path: Path) -> None:
    begin(tmp_path, model="a")
    (tmp_path / PLAN).unlink()
    assert begin(tmp_path, model="b").plan == PLAN_OF_6


def test_a_store_whose_removal_was_stopped_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(tmp_path, model="a").write(0, {"classes": np.ones((20, 20, 1), np.uint8)})
    rmtree = shutil.rmtree

    def killed_half_way(folder: Path, **_: object) -> None:
        rmtree(folder / "rasters.zarr")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("hsidiff.maps.tile_store.shutil.rmtree", killed_half_way)
        with pytest.raises(KeyboardInterrupt):
            remove(tmp_path)
    store = begin(tmp_path, model="a")
    assert not store.is_done(0)
    assert not store.read("classes", 0).any()


def test_a_worker_that_comes_late_writes_nothing_into_a_later_store(tmp_path: Path) -> None:
    late, tile = begin(tmp_path, model="a"), {"classes": np.ones((20, 20, 1), np.uint8)}
    late.write(1, tile)
    (tmp_path / PLAN).unlink()
    with pytest.raises(SettingError, match="is broken"):
        late.write(0, tile)
    store = begin(tmp_path, model="b")
    assert not store.is_done(1)
    with pytest.raises(SettingError, match="belongs to a map that was begun later"):
        late.write(0, tile)
    assert not store.is_done(0)
    assert not store.read("classes", 0).any()
