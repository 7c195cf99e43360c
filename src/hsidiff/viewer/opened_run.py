"""A folder that ``hsidiff map`` wrote, opened in the viewer: its scene, its map, its labels."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.errors import (
    HsidiffError,
    HsidiffWarning,
    LabelError,
    MissingFileError,
    SettingError,
)
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.read import read_labels
from hsidiff.report.result_folder import ResultFolder, SceneMap
from hsidiff.scenes.formats.address import is_address
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.viewer.map_layers import MapLayer
from hsidiff.viewer.session import SceneSource

MOST_HASHED_BYTES = 4e9
"""Of a larger scene, whose hash takes many seconds, only the place on Earth is compared."""


def is_run(path: Path) -> bool:
    """Whether a path is a folder with a result; a scene may be a folder, too."""
    return (path / "result.json").is_file()


@dataclass(frozen=True)
class OpenedRun:
    """What the viewer shows of a result.

    Attributes:
        source: how its scene is opened.
        layer: its map.
        inputs: what its ``run.json`` says was read.
    """

    source: SceneSource
    layer: MapLayer
    inputs: dict[str, Any]

    @property
    def name(self) -> str:
        """What its folder is called."""
        return self.layer.results.path.absolute().name

    def labels_if_there(self, scene: Scene, tell: Callable[[str], None]) -> LabelMap:
        """The labels that the map learned from, read again; no label if they cannot be.

        Args:
            scene: the scene.
            tell: told why not.
        """
        try:
            return self._labels(scene)
        except (HsidiffError, TypeError) as error:
            tell(f"the page begins without labels: {error}")
            none = np.zeros(scene.shape, dtype=np.int32)
            return LabelMap(
                none, self.layer.results.scored_classes, crs=scene.crs, transform=scene.transform
            )

    def _labels(self, scene: Scene) -> LabelMap:
        files, n_scenes = self.inputs.get("labels") or [], len(self.layer.results.maps)
        try:
            # Of several scenes with files of labels in common it is not said which is whose.
            is_clear = n_scenes == 1 or len(files) in (1, n_scenes)
            named = files[self.layer.place if len(files) == n_scenes else 0] if is_clear else {}
            path = _found(self.layer.results, str(named["path"]))
            return read_labels(path, scene, **self.inputs.get("label_options") or {})
        except (IndexError, KeyError, TypeError, MissingFileError) as error:
            raise LabelError(
                f"those of {self.layer.results.path} are not there any more"
            ) from error


def open_run(folder: Path, scene_path: Path | None, options: dict[str, Any] | None) -> OpenedRun:
    """Open a result.

    Args:
        folder: what ``hsidiff map`` wrote.
        scene_path: its scene, if that was moved; of several scenes, which one.
        options: how it is read; None reads it as the map did.

    Raises:
        MissingFileError: if the folder holds no map, or its scene is not there.
        SettingError: if it is the map of several scenes and none was chosen, if the scene is
            another one, or a file of the folder is broken.
    """
    results = ResultFolder.read(folder)
    place, mapped, named = _chosen(results, scene_path)
    path = scene_path if scene_path is not None and scene_path.exists() else None
    if path is None:
        path = _scene_of(results, scene_path or named)
    inputs = _inputs_of(results)
    if options is None:
        options = inputs.get("scene_options") or {}
    source = SceneSource(path, options)
    _check_is_the_scene(results, mapped, place, source)
    title = " ".join(filter(None, (folder.absolute().name, mapped.name)))
    return OpenedRun(source, MapLayer(results, mapped, place, title), inputs)


def _inputs_of(results: ResultFolder) -> dict[str, Any]:
    inputs = results.run.get("inputs") if isinstance(results.run, dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _chosen(results: ResultFolder, scene_path: Path | None) -> tuple[int, SceneMap, str | None]:
    """Which map of a result is shown, and the scene's file as the result names it.

    Raises:
        SettingError: if there are several and none was chosen.
    """
    maps, inputs = results.maps, _inputs_of(results)
    if len(maps) == 1:
        path = (inputs.get("scene") or results.facts("scene")).get("path")
        return 0, maps[0], path
    names = [mapped.name for mapped in maps]
    wanted = None if scene_path is None else scene_path.stem
    if wanted not in names:
        raise SettingError(
            f"{results.path} holds the maps of {len(maps)} scenes: choose one of them with --scene "
            f"({', '.join(names)})"
        )
    place = names.index(wanted)
    return place, maps[place], results.result["scenes"][place].get("path")


def _scene_of(results: ResultFolder, named: str | Path | None) -> Path:
    try:
        return _found(results, str(named))
    except MissingFileError as error:
        raise MissingFileError(
            f"{results.path}: its scene {named} is not there any more: move it back, or say where "
            "it is now with --scene FILE"
        ) from error


def _found(results: ResultFolder, named: str) -> Path:
    """A file that a run read: where it was then, or moved along with the folder.

    Raises:
        MissingFileError: if it is in none of these places.
    """
    if is_address(Path(named)):
        return Path(named)
    run = results.run if isinstance(results.run, dict) else {}
    beside = results.path.absolute()
    places = (
        Path(str(run.get("directory") or os.curdir)) / named,
        beside.parent / named,
        beside.parent / Path(named).name,
        beside / Path(named).name,
    )
    for path in places:
        if path.exists():
            return path
    raise MissingFileError(f"{named}: there is no such file")


def _check_is_the_scene(
    results: ResultFolder, mapped: SceneMap, place: int, source: SceneSource
) -> None:
    """Refuse a scene that the map does not lie on, and say of one that it is not the same any more.

    Warns:
        HsidiffWarning: if its files have changed since, or it lies elsewhere on Earth.

    Raises:
        SettingError: if it has another shape.
    """
    try:
        scene = source.open()
        grid = open_scene(mapped.map_path)
    except TypeError as error:
        raise SettingError(
            f"{results.path / 'run.json'} does not say how the scene is read: make the map again"
        ) from error
    if scene.shape != grid.shape:
        raise SettingError(
            f"{source.path} has {scene.shape} rows and columns, the map of {results.path} has "
            f"{grid.shape}: give its own scene with --scene FILE"
        )
    if _has_changed(results, place, scene) or _lies_elsewhere(scene, grid):
        warnings.warn(
            f"{source.path} is not as it was when the map of {results.path} was made: the map may "
            "show another scene (--scene FILE names the one that it was made of)",
            HsidiffWarning,
            stacklevel=3,
        )


def _has_changed(results: ResultFolder, place: int, scene: Scene) -> bool:
    """Whether the files of a scene have another hash than the run noted."""
    facts = [results.facts("scene")] if len(results.maps) == 1 else results.result["scenes"]
    noted = facts[place].get("sha256")
    n_bytes = sum(path.stat().st_size for path in scene.files if path.is_file())
    if noted is None or not 0 < n_bytes <= MOST_HASHED_BYTES:
        return False
    return scene.sha256() != noted


def _lies_elsewhere(scene: Scene, grid: Scene) -> bool:
    """Whether two scenes of one shape lie on other places of the Earth; not if one has none."""
    if scene.transform is None or grid.transform is None:
        return False
    here, there = (np.array(transform) for transform in (scene.transform, grid.transform))
    return not np.allclose(here, there, rtol=1e-6, atol=1e-9)
