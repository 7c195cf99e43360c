"""A map while it is made: tiles are drawn into a store, and the store becomes files."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np

from hsidiff.contract import WINDOW_PX, SceneClassifier
from hsidiff.maps.geotiff import Grid
from hsidiff.maps.layer import Drawn, Layer
from hsidiff.maps.tile_plan import TilePlan
from hsidiff.maps.tile_size import part_size_within_memory
from hsidiff.maps.tile_store import TileStore
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window


@dataclass(frozen=True)
class Drawing:
    """What is drawn.

    Attributes:
        model: a fitted classifier.
        scene: a scene as :meth:`~hsidiff.contract.SceneClassifier.check_scene` gives it.
        layers: the rasters of the map.
        area: (rows, cols) bool, the pixels to map; None maps all.
    """

    model: SceneClassifier
    scene: Scene
    layers: Sequence[Layer]
    area: np.ndarray | None = None

    def rasters(self) -> dict[str, tuple[int, np.dtype[Any]]]:
        """Name of each layer to its number of bands and their type.

        Raises:
            HsidiffError: if one cannot be made with this model.
        """
        return {layer.name: layer.bands(self.model) for layer in self.layers}

    def tiles(self, plan: TilePlan) -> list[int]:
        """The tiles that hold a pixel to map."""
        return [n for n in range(plan.n_tiles) if self._wants(plan.tile(n))]

    def draw(self, store: TileStore, numbers: Iterable[int]) -> None:
        """Compute tiles, several windows at a time, and keep each when it is whole."""
        numbers = list(numbers)
        windows = [self._windows(store.plan, number) for number in numbers]
        # Parts smaller than windows, where memory is short: they may change the last bits.
        part_px = part_size_within_memory(self.model, self.scene) if numbers else WINDOW_PX
        computed = self.model.predict_proba_windows(
            self.scene, list(chain(*windows)), part_px if part_px < WINDOW_PX else None
        )
        for number, of_tile in zip(numbers, windows, strict=True):
            # Not one more is asked for before the tile is kept: that could fail.
            self._keep(store, number, islice(computed, len(of_tile)))
        next(computed, None)  # which ends it

    def _keep(
        self, store: TileStore, number: int, computed: Iterable[tuple[Window, np.ndarray]]
    ) -> None:
        """Keep a tile: what the layers store of its windows."""
        tile = store.plan.tile(number)
        kept = {
            name: np.zeros((tile.n_rows, tile.n_cols, n_bands), dtype)
            for name, (n_bands, dtype) in self.rasters().items()
        }
        for window, probabilities in computed:
            drawn = self._drawn(window, probabilities)
            for layer in self.layers:
                kept[layer.name][window.within(tile)] = layer.stored(self.model, drawn)
        store.write(number, kept)

    def assemble(self, store: TileStore) -> None:
        """Write the files of the map from tiles that are done; all appear, or none does."""
        grid = Grid(self.scene.shape, self.scene.crs, self.scene.transform)
        with ExitStack() as files:
            opened = [
                (layer.name, files.enter_context(layer.open(self.model, grid)))
                for layer in self.layers
            ]
            for number in self.tiles(store.plan):
                tile = store.plan.tile(number)
                windows = self._windows(store.plan, number)
                for name, write in opened:
                    values = store.read(name, number)
                    for window in windows:
                        write(window, values[window.within(tile)])

    def _windows(self, plan: TilePlan, number: int) -> list[Window]:
        """The windows of a tile that hold a pixel to map."""
        return [window for window in plan.windows(number) if self._wants(window)]

    def _wants(self, window: Window) -> bool:
        return self.area is None or bool(self.area[window.slices].any())

    def _drawn(self, window: Window, probabilities: np.ndarray) -> Drawn:
        inside = True if self.area is None else self.area[window.slices][..., None]
        return Drawn(np.where(inside, probabilities, 0), partial(self.scene.read, window))
