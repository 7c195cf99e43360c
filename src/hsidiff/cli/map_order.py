"""What ``hsidiff predict`` was asked for one scene, in a form that a worker elsewhere can open."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from hsidiff.cli.classifiers import load_model
from hsidiff.cli.map_names import MapName
from hsidiff.contract import SceneClassifier
from hsidiff.files import sha256_of_files
from hsidiff.labels.area import read_area
from hsidiff.maps.confidence import ConfidenceLayer
from hsidiff.maps.doubt import Doubt
from hsidiff.maps.drawing import Drawing
from hsidiff.maps.layer import Layer
from hsidiff.maps.predict import map_layers
from hsidiff.maps.sets import SetsLayer
from hsidiff.maps.tile_store import TileStore
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene

_one_at_a_time = Lock()


@dataclass(frozen=True)
class ModelOrder:
    """Which saved model: its folder, its class if that is the user's own, what it computes on.

    Attributes:
        content: hash of its files: a worker that lives long notices another model of that name.
    """

    folder: Path
    own_class: str | None
    device: str | None
    content: str

    @classmethod
    def of(cls, folder: Path, own_class: str | None, device: str | None) -> "ModelOrder":
        """The order for a folder that holds a model."""
        folder = folder.absolute()
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if own_class:
            path, _, name = own_class.rpartition(":")
            own_class = f"{Path(path).absolute()}:{name}"
            files.append(Path(path))
        return cls(folder, own_class, device, sha256_of_files(files))


@dataclass(frozen=True)
class MapOrder:
    """One map: everything that its content follows from, and where its files go.

    Attributes:
        model: the model.
        scene: the scene's file.
        scene_arguments: how it is opened, JSON.
        scene_files: names, sizes and times of its files, JSON.
        area: file of the area of interest, or None.
        area_content: hash of its pixels, or None.
        doubt: which pixels get no class.
        coverage: of the sets, or None for none.
        name: the files of the map.
    """

    model: ModelOrder
    scene: Path
    scene_arguments: str
    scene_files: str
    area: Path | None
    area_content: str | None
    doubt: Doubt
    coverage: float | None
    name: MapName

    def identity(self, model: SceneClassifier) -> dict[str, Any]:
        """By which a map that was begun is known again; the names complete a sentence."""
        return {
            "model": self.model.content,
            "scene": json.loads(self.scene_files),
            "way to read the scene": json.loads(self.scene_arguments),
            "area": self.area_content,
            "doubt": asdict(self.doubt),
            "coverage of the sets": self.coverage,
            "list of files": [str(layer.path) for layer in self._all_layers()],
            "device": model.compute_device,
            "version": [version("hsidiff"), version("torch")],
        }

    def drawing(self) -> Drawing:
        """Open everything, as a worker does."""
        model = _model(self.model)
        scene = model.check_scene(open_scene(self.scene, **json.loads(self.scene_arguments)))
        area = None if self.area is None else read_area(self.area, scene)
        return Drawing(model, scene, self._all_layers(), area)

    def _all_layers(self) -> list[Layer]:
        name, others = self.name, extra_layers(self.name, self.coverage)
        return map_layers(name.map, name.probabilities, others, self.doubt)


def extra_layers(name: MapName, coverage: float | None) -> list[Layer]:
    """What goes with a map beside its classes and probabilities."""
    layers: list[Layer] = [ConfidenceLayer(name.confidence)]
    if coverage is not None:
        layers.append(SetsLayer(name.sets, coverage))
    return layers


def files_of(scene: Scene) -> str:
    """Names, sizes and times of a scene's files, JSON: to read them all would take too long."""
    about = [(path.name, path.stat()) for path in scene.files]
    return json.dumps([[name, found.st_size, found.st_mtime_ns] for name, found in about])


def content_of(area: np.ndarray | None) -> str | None:
    """Hash of the pixels of an area of interest."""
    return None if area is None else hashlib.sha256(area.tobytes()).hexdigest()


def draw_tile(order: MapOrder, folder: Path, number: int) -> None:
    """Draw one tile of an order into its store; model and scene stay open for the next."""
    with _one_at_a_time:
        drawing = _opened(order)
    drawing.draw(TileStore.open(folder), [number])


@lru_cache(maxsize=2)
def _opened(order: MapOrder) -> Drawing:
    return order.drawing()


@lru_cache(maxsize=1)
def _model(order: ModelOrder) -> SceneClassifier:
    return load_model(order.folder, order.own_class, order.device)
