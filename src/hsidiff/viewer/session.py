"""One open scene: its pictures, labels, jobs and results, and what pages are told of them."""

import re
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from hsidiff.errors import (
    HsidiffError,
    HsidiffWarning,
    LabelError,
    MissingFileError,
    SettingError,
    check_choice,
)
from hsidiff.half_written import alone_in
from hsidiff.labels.label_map import LabelMap
from hsidiff.report.pictures import png
from hsidiff.scenes.formats.address import is_address
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.viewer import map_layers
from hsidiff.viewer.accuracy import accuracy_of
from hsidiff.viewer.folder import KEPT, LABEL_FILE, NETWORKS, RESULTS, claim, sweep
from hsidiff.viewer.jobs import Job, Jobs
from hsidiff.viewer.label_store import LabelStore
from hsidiff.viewer.live import LiveMap
from hsidiff.viewer.map_layers import Layer, LiveLayer, MapLayer
from hsidiff.viewer.method_list import methods
from hsidiff.viewer.scene_tiles import SceneTiles, padded, tile_window
from hsidiff.viewer.spectra import Spectra

LIVE, TRAIN, LEARN, OPENED = "live", "train", "learn", "opened"


@dataclass(frozen=True)
class SceneSource:
    """How a scene is opened, by the viewer and by the processes that compute for it.

    Attributes:
        path: its file.
        options: further arguments of :func:`hsidiff.scenes.open.open_scene`, JSON values.
    """

    path: Path
    options: dict[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """All arguments of :func:`open_scene`, JSON values."""
        path = self.path if is_address(self.path) else self.path.absolute()
        return {"source": str(path), **self.options}

    def open(self) -> Scene:
        """Open it."""
        return open_scene(**self.arguments())


class Session:
    """What the viewer holds of one scene.

    Attributes:
        scene: the scene.
        folder: where labels and results are.
        tiles: draws the scene.
        labels: the labels.
        spectra: the scene and its labels as numbers.
        jobs: the job that runs, or ran last.
        live: the map that follows the labels.
        is_ending: whether pages are told nothing more.
    """

    def __init__(
        self,
        source: SceneSource,
        folder: Path,
        first: LabelMap | None = None,
        opened: MapLayer | None = None,
    ) -> None:
        """Open a session, and go on with what the folder holds already.

        Args:
            source: the scene.
            folder: where labels and maps are kept.
            first: labels to begin with, if the folder holds none.
            opened: a map that was made elsewhere, or None.

        Raises:
            SettingError: if the folder cannot be used, holds labels of another scene, or is open
                in another viewer.
        """
        self.scene = source.open()
        self._source, self.folder = source, folder
        self._held = ExitStack()
        told = "another hsidiff view has it open: use that one, or give another --out"
        self._held.enter_context(alone_in(folder, f"--out {folder}", told))
        claim(folder, self.scene)
        sweep(folder)
        self.tiles = SceneTiles(self.scene)
        self.labels = LabelStore(self.scene, folder / LABEL_FILE, first)
        self.spectra = Spectra(self.scene, self.labels)
        self.jobs = Jobs(self._after_job, interrupted(folder))
        self.live = LiveMap(folder / KEPT, self.labels)
        self.is_ending = False
        self._layers_lock = Lock()
        self._opened = {} if opened is None else {OPENED: opened}
        self._layers = self._opened | _finished(folder / RESULTS)

    def close(self) -> None:
        """Stop what runs."""
        self.jobs.stop()
        self.tiles.close()
        self._held.close()

    # What pages are told

    def state(self) -> dict[str, Any]:
        """What may change: counters by which a page knows what to ask for again."""
        with self._layers_lock:
            layers = [_shown(name, layer) for name, layer in self._layers.items()]
        return {
            "labels": self.labels.version,
            "job": self.jobs.to_json(),
            "live": self.live.to_json(),
            "layers": layers,
        }

    # Layers

    def layer(self, name: str) -> Layer:
        """A finished map by its id, or the live one.

        Raises:
            MissingFileError: if there is none.
        """
        if name == LIVE and self.live.on and self.live.head is not None:
            return LiveLayer(self.live.head)
        with self._layers_lock:
            if name in self._layers:
                return self._layers[name]
        raise MissingFileError(f"{name[:40]}: there is no such map")

    def layer_tile(self, name: str, kind: str, step: int, col: int, row: int, other: str) -> bytes:
        """A square of a layer as PNG; see :func:`hsidiff.viewer.scene_tiles.tile_window`.

        Args:
            name: which map.
            kind: one of :data:`hsidiff.viewer.map_layers.KINDS`.
            step: every ``step``-th pixel is shown.
            col: which square from the left.
            row: which square from above.
            other: the map that a difference is taken to.

        Raises:
            MissingFileError: if the map has no such layer.
        """
        thin = tile_window(self.scene.shape, step, col, row)
        sides = (thin.n_rows * step, thin.n_cols * step)
        window = Window(thin.row * step, thin.col * step, *sides).clipped(self.scene.shape)
        layer = self.layer(name)
        # A map from elsewhere may mean another class by a number.
        recoloured = () if name == OPENED else self.labels.now.classes
        draw = {
            "map": lambda: map_layers.class_map(layer, window, step, recoloured),
            "confidence": lambda: map_layers.confidence(layer, window, step),
            "entropy": lambda: map_layers.entropy(layer, window, step),
            "errors": lambda: map_layers.errors(
                layer, window, step, self.labels.label_map().values
            ),
            "difference": lambda: map_layers.difference(layer, self.layer(other), window, step),
        }
        if isinstance(layer, MapLayer):
            draw["held-out"] = lambda: map_layers.held_out(layer, window, step)
        if kind not in draw:
            raise MissingFileError(f"{kind[:40]}: there is no such kind of layer")
        return png(padded(draw[kind]()))

    def file_of(self, name: str, file: str) -> Path:
        """A file of a finished map.

        Raises:
            MissingFileError: if there is no such file, or no such map.
        """
        layer = self.layer(name)
        if isinstance(layer, MapLayer):
            return layer.file(file)
        raise MissingFileError(f"{file[:40]}: there is no such file")

    def accuracy(self, name: str) -> dict[str, Any]:
        """What held-out labels say of a map; see :func:`hsidiff.viewer.accuracy.accuracy_of`.

        Raises:
            MissingFileError: if there is no such map.
            HsidiffError: if the labels allow no score of the live one.
        """
        layer = self.layer(name)
        results = layer.results if isinstance(layer, MapLayer) else self.live.accuracy()
        return accuracy_of(results, self.scene.name)

    # Work

    def train(self, method: str, settings: Mapping[str, Any], seed: int = 0) -> Job:
        """Start to train a map with the labels as they are.

        Raises:
            LabelError: if they are of fewer than two classes.
            SettingError: if a job is running, or there is no such method.
        """
        check_choice("method", method, [entry["name"] for entry in methods()])
        labels = self.labels.label_map()
        if len(labels.used_classes) < 2:
            raise LabelError("label pixels of at least two classes first")
        worker = import_module("hsidiff.viewer.train_map")
        name = self._next_name()
        kept = self.folder / ".training"
        kept.mkdir(exist_ok=True)
        worker.save_labels(labels, kept / "labels.npz")
        (kept / "labels.gpkg").write_bytes(self.labels.path.read_bytes())
        task = {
            "labels": str(kept / "labels.npz"),
            "label_file": str(kept / "labels.gpkg"),
            "classes": [vars(land_class) for land_class in labels.classes],
            "method": method,
            "settings": dict(settings),
        }
        job = self._start(TRAIN, f"Map {name}, {method}", task, RESULTS + "/" + name, seed)
        job.notes.extend(filter(None, [self.hint(method)]))
        return job

    def hint(self, method: str) -> str:
        """What is worth knowing before a method is trained on these labels; or nothing."""
        catalog = import_module("hsidiff.catalog")
        validation = import_module("hsidiff.evaluation.validation")
        n_labelled, quick = self.labels.label_map().n_labelled, catalog.quicker_than(method)
        hint: str = validation.hint_for_few_labels(n_labelled, quick)
        return hint

    def follow(self, on: bool) -> None:
        """Switch the live map on or off; the first time the scene is learned for it.

        Raises:
            SettingError: if the scene must be learned and a job is running.
        """
        self.live.on = on
        try:
            if on and not self.live.is_ready:
                self.learn()
        except SettingError:
            self.live.on = False
            raise
        self.live.ask()

    def learn(self, pretrain_steps: int | None = None, seed: int = 0) -> Job:
        """Start to learn the scene without labels, once.

        Raises:
            SettingError: if a job is running.
        """
        task = {"pretrain_steps": pretrain_steps}
        return self._start(LEARN, "Learning the scene", task, KEPT, seed)

    def _start(self, kind: str, title: str, task: dict[str, Any], out: str, seed: int) -> Job:
        everywhere = {
            "scene": self._source.arguments(),
            "networks": str(self.folder / NETWORKS),
            "out": str(self.folder / out),
            "seed": seed,
        }
        return self.jobs.start(kind, title, {**task, **everywhere}, task_path(self.folder, kind))

    def _next_name(self) -> str:
        with self._layers_lock:
            return str(max((int(name) for name in self._layers if name != OPENED), default=0) + 1)

    def _after_job(self, job: Job, is_done: bool) -> None:
        task_path(self.folder, job.kind).unlink(missing_ok=True)
        if job.kind == LEARN and not is_done:
            self.live.on = False
        found = self._opened | _finished(self.folder / RESULTS)
        with self._layers_lock:
            self._layers = found
        self.live.ask()


def task_path(folder: Path, kind: str) -> Path:
    """The file of a task while it is worked on."""
    return folder / f"{kind}.json"


def interrupted(folder: Path) -> Job | None:
    """What a viewer that was killed was at, as a job that failed."""
    found = [kind for kind in (TRAIN, LEARN) if task_path(folder, kind).exists()]
    for kind in found:
        task_path(folder, kind).unlink()
    if not found:
        return None
    title = {TRAIN: "The last training", LEARN: "Learning the scene"}[found[0]]
    return Job(
        0, found[0], title, "failed", message="hsidiff view was ended meanwhile. Start it again"
    )


def _finished(folder: Path) -> dict[str, MapLayer]:
    """The maps in a folder by their numbers, in their order."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    numbers = sorted(int(name) for name in names if re.fullmatch(r"[1-9]\d{0,5}", name))
    layers = {}
    for number in map(str, numbers):
        try:
            layers[number] = MapLayer.read(folder / number)
        except HsidiffError as error:  # one that somebody changed is no reason to show none
            warnings.warn(f"map {number} is not shown: {error}", HsidiffWarning, stacklevel=2)
    return layers


def _shown(name: str, layer: MapLayer) -> dict[str, Any]:
    result = layer.results.result
    return {
        "id": name,
        "title": layer.title,
        **{key: result.get(key) for key in ("method", "profile", "n_labels")},
        "classes": [vars(land_class) for land_class in layer.classes],
        "kinds": layer.kinds,
        "report": (layer.results.path / "report.html").is_file(),
    }
