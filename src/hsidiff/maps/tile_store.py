"""What is done of a map, as a folder that several processes, or machines, may write to at once.

::

    .map.tif.unfinished/
      plan.json         which map it is, and its tiles
      rasters.zarr/     an array per file of the map, a chunk per tile
      done/0/17         tile 17 is whole
      .lock             held by the command that shares out the work

A tile has one writer at a time and a chunk belongs to one tile: no two processes write to one file.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import zarr

from hsidiff.errors import SettingError
from hsidiff.files import read_json, write_json, write_whole
from hsidiff.maps.tile_plan import TilePlan

PLAN, RASTERS, DONE = "plan.json", "rasters.zarr", "done"
_MARKERS_PER_FOLDER = 1000
"""A folder with millions of files is slow everywhere."""


@dataclass(frozen=True)
class TileStore:
    """The tiles of a map.

    Attributes:
        folder: where they are.
        plan: how the scene is cut.
        begun: a word that no other store has, this folder's later ones included.
    """

    folder: Path
    plan: TilePlan
    begun: str

    @classmethod
    def open(cls, folder: Path) -> "TileStore":
        """A store that :meth:`begin` made.

        Raises:
            SettingError: if it is broken.
        """
        content = _read_plan(folder)
        return cls(folder, TilePlan.from_json(content["tiles"]), content["begun"])

    @classmethod
    def begin(
        cls,
        folder: Path,
        plan: TilePlan,
        identity: Mapping[str, Any],
        rasters: Mapping[str, tuple[int, np.dtype[Any]]],
    ) -> "TileStore":
        """Make a store, or go on with one of the same map, whose tiles stay as they are.

        Args:
            folder: where; the folder above it exists.
            plan: how the scene is cut, if the store is new.
            identity: what the map depends on, JSON values by name.
            rasters: name of each layer to its number of bands and their type.

        Raises:
            SettingError: if there is a store of another map, or a broken one.
        """
        if (folder / PLAN).exists():
            _check_identity(folder, identity)
            return cls.open(folder)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / DONE, ignore_errors=True)  # of a store whose plan is gone
        group = zarr.open_group(folder / RASTERS, mode="w")
        for name, (n_bands, dtype) in rasters.items():
            chunks, shape = (*plan.tile_sides, n_bands), (*plan.shape, n_bands)
            group.create_array(name, shape=shape, chunks=chunks, dtype=dtype, fill_value=0)
        begun = uuid4().hex
        content = {"begun": begun, "identity": dict(identity), "tiles": plan.to_json()}
        write_json(folder / PLAN, content)
        return cls(folder, plan, begun)

    def is_done(self, number: int) -> bool:
        """Whether a tile is whole."""
        return self._marker(number).exists()

    def write(self, number: int, layers: Mapping[str, np.ndarray]) -> None:
        """Keep a tile: name of each layer to its numbers (rows, cols, bands).

        Raises:
            SettingError: if the folder holds another store by now: a worker may come late.
        """
        if _read_plan(self.folder)["begun"] != self.begun:
            raise SettingError(f"{self.folder} belongs to a map that was begun later")
        group = zarr.open_group(self.folder / RASTERS, mode="r+")
        for name, values in layers.items():
            _array(group, name)[self.plan.tile(number).slices] = values
        with write_whole(self._marker(number)) as marker:
            marker.touch()

    def read(self, name: str, number: int) -> np.ndarray:
        """What is kept of a tile in one layer, (rows, cols, bands); 0 where nothing is."""
        group = zarr.open_group(self.folder / RASTERS, mode="r")
        return np.asarray(_array(group, name)[self.plan.tile(number).slices])

    def _marker(self, number: int) -> Path:
        return self.folder / DONE / str(number // _MARKERS_PER_FOLDER) / str(number)


def remove(folder: Path) -> None:
    """Delete a store: its plan first, so that nothing goes on with what a kill leaves of it."""
    (folder / PLAN).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _array(group: zarr.Group, name: str) -> Any:
    return group[name]


def _read_plan(folder: Path) -> dict[str, Any]:
    """The content of ``plan.json``.

    Raises:
        SettingError: if it is broken.
    """
    try:
        content = read_json(folder / PLAN)
        TilePlan.from_json(content["tiles"])
        dict(content["identity"])
        str(content["begun"])
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise SettingError(
            f"{folder / PLAN} is broken: delete the folder {folder} and start again"
        ) from error
    return dict(content)


def _check_identity(folder: Path, identity: Mapping[str, Any]) -> None:
    """Refuse to go on with another map.

    Raises:
        SettingError: naming what differs.
    """
    kept = _read_plan(folder)["identity"]
    for name in (*identity, *kept):
        if kept.get(name) != identity.get(name):
            raise SettingError(
                f"{folder} keeps an unfinished map with another {name}: repeat the command that "
                "began it, choose another -o, or delete this folder"
            )
