"""How ``hsidiff predict`` makes its maps: what they are, who draws them, and what is kept."""

import json
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.cli.input_options import SceneOptions
from hsidiff.cli.map_names import MapName
from hsidiff.cli.map_order import MapOrder, ModelOrder, content_of, draw_tile, files_of
from hsidiff.contract import SceneClassifier
from hsidiff.files import read_json, write_json
from hsidiff.labels.area import read_area
from hsidiff.maps.cluster import drawn_by
from hsidiff.maps.doubt import Doubt
from hsidiff.maps.predict import Unfinished
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene

Answer = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """How every scene is opened, the area of interest, and what goes with a map."""

    options: SceneOptions
    area_path: Path | None
    doubt: Doubt
    coverage: float | None
    model: ModelOrder

    def open(self, path: Path) -> Scene:
        """A scene."""
        return self.options.open(path)

    def area(self, scene: Scene) -> np.ndarray | None:
        """The area of interest on its grid, (rows, cols) bool."""
        return None if self.area_path is None else read_area(self.area_path, scene)

    def order(self, name: MapName, scene: Scene, area: np.ndarray | None) -> MapOrder:
        """The map of a scene."""
        return MapOrder(
            self.model,
            name.scene.absolute(),
            json.dumps(self.options.arguments()),
            files_of(scene),
            None if self.area_path is None else self.area_path.absolute(),
            content_of(area),
            self.doubt,
            self.coverage,
            name.absolute(),
        )


@dataclass(frozen=True)
class MapWork:
    """Who draws the maps, and what is kept of them if the command is stopped.

    Attributes:
        model: the model.
        tile_size: largest side of a tile in pixels.
        client: of a Dask cluster whose workers draw, or None.
        kept: the folder that keeps what is done.
        several: whether there are several scenes: their maps have a folder each in that one, and
            the answers of those that are done lie beside them.
    """

    model: SceneClassifier
    tile_size: int
    client: Any
    kept: Path
    several: bool

    def unfinished(self, order: MapOrder) -> Unfinished:
        """Where the tiles of a map are kept, and who draws them."""
        folder = self.kept / order.name.map.name if self.several else self.kept
        draw = None if self.client is None else partial(self._draw, order, folder)
        return Unfinished(folder, order.identity(self.model), draw)

    def _draw(self, order: MapOrder, folder: Path, numbers: Sequence[int]) -> None:
        drawn = drawn_by(self.client, partial(draw_tile, order, folder), numbers)
        deque(track(drawn, "map", len(numbers)), maxlen=0)

    def once(self, order: MapOrder, make: Callable[[], Answer]) -> Answer:
        """Make a map; of several, one that is done is not made again by the same command.

        Args:
            order: the map.
            make: makes it; gives what there is to say of it, JSON values.
        """
        if not self.several:
            return make()
        path, identity = self.kept / f"{order.name.map.name}.json", order.identity(self.model)
        answer = _answer_in(path, identity) if order.name.map.exists() else None
        if answer is None:
            answer = make()
            write_json(path, {"identity": identity, "answer": answer})
        return answer

    def end(self) -> None:
        """Forget what was kept, for all is done."""
        shutil.rmtree(self.kept, ignore_errors=True)


def _answer_in(path: Path, identity: dict[str, Any]) -> Answer | None:
    """The answer that was kept of this very map; None if there is none."""
    try:
        kept = read_json(path)
        return dict(kept["answer"]) if kept["identity"] == identity else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
