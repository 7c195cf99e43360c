"""How a scene is cut: into windows, which are computed, and tiles of windows, which are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from hsidiff.contract import SceneClassifier
from hsidiff.errors import check_whole_number
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

DEFAULT_TILE_SIZE_PX = 224
"""Four windows, a quarter of a second of a light method: little is lost with one that was begun."""


@dataclass(frozen=True)
class TilePlan:
    """Tiles of a scene, counted row by row; each is a group of windows.

    Windows lie on one grid that follows from the scene's shape, so what is computed does not depend
    on the tiles (decision 0034).

    Attributes:
        shape: rows and columns of the scene.
        window_sides: rows and columns of a window; those at the lower and right edge may be less.
        tile_sides: rows and columns of a tile, multiples of these.
    """

    shape: tuple[int, int]
    window_sides: tuple[int, int]
    tile_sides: tuple[int, int]

    @classmethod
    def of(cls, model: SceneClassifier, scene: Scene, tile_size_px: int) -> "TilePlan":
        """Plan tiles of ``tile_size_px`` pixels at most, and of one window at least.

        Raises:
            SettingError: if the size is not at least 1.
        """
        return cls.with_windows(scene.shape, model.map_windows(scene)[0], tile_size_px)

    @classmethod
    def with_windows(cls, shape: tuple[int, int], first: Window, tile_size_px: int) -> "TilePlan":
        """As :meth:`of`, for a scene whose windows are like the first."""
        check_whole_number("tile_size", tile_size_px, 1)
        sides = (first.n_rows, first.n_cols)
        rows, cols = (max(tile_size_px // side, 1) * side for side in sides)
        return cls(shape, sides, (rows, cols))

    @classmethod
    def from_json(cls, content: dict[str, Sequence[int]]) -> "TilePlan":
        """What :meth:`to_json` gave.

        Raises:
            ValueError: if it is no plan.
        """
        pairs = [tuple(content[name]) for name in ("shape", "window_sides", "tile_sides")]
        if any(len(p) != 2 or not all(isinstance(n, int) and n > 0 for n in p) for p in pairs):
            raise ValueError("sides are two whole numbers")
        shape, window_sides, tile_sides = ((p[0], p[1]) for p in pairs)
        return cls(shape, window_sides, tile_sides)

    def to_json(self) -> dict[str, list[int]]:
        """As JSON values."""
        return {
            "shape": list(self.shape),
            "window_sides": list(self.window_sides),
            "tile_sides": list(self.tile_sides),
        }

    @property
    def _n_across(self) -> int:
        return ceil(self.shape[1] / self.tile_sides[1])

    @property
    def n_tiles(self) -> int:
        """How many tiles there are."""
        return ceil(self.shape[0] / self.tile_sides[0]) * self._n_across

    def tile(self, number: int) -> Window:
        """Where a tile lies; they are counted from 0."""
        row, col = divmod(number, self._n_across)
        (rows, cols) = self.tile_sides
        return Window(row * rows, col * cols, rows, cols).clipped(self.shape)

    def windows(self, number: int) -> list[Window]:
        """The windows of a tile, row by row."""
        tile, (rows, cols) = self.tile(number), self.window_sides
        return [
            Window(row, col, rows, cols).clipped(self.shape)
            for row in range(tile.row, tile.row + tile.n_rows, rows)
            for col in range(tile.col, tile.col + tile.n_cols, cols)
        ]
