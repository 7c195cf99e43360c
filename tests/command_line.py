"""How the tests call the command line, and the small files that they give to it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.geotiff import write_class_map
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.scene import Scene
from small_scenes import small_fields, small_invalid, small_scene


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The error: one line, the last of standard error, with nothing but notes before it."""
        *before, last = self.err.splitlines()
        assert last.startswith("error: "), self.err
        assert all(line.startswith("note: ") for line in before), self.err
        return last


Run = Callable[..., Ended]


@dataclass(frozen=True)
class SmallFiles:
    """A scene and its labels as files, and what they hold."""

    folder: Path
    scene: Scene
    labels: LabelMap

    @property
    def scene_path(self) -> Path:
        return self.folder / "scene.tif"

    @property
    def labels_path(self) -> Path:
        return self.folder / "labels.tif"

    @property
    def paths(self) -> tuple[Path, Path]:
        """Scene and labels, in the order in which commands take them."""
        return self.scene_path, self.labels_path


def write_small_files(folder: Path) -> SmallFiles:
    """Write the small scene, and labels of every second row, as GeoTIFF."""
    scene = small_scene()
    values = np.where(small_invalid(), 0, small_fields() + 1)
    values[::2] = 0
    labels = LabelMap.from_array(values, {1: "corn", 2: "grass", 3: "roof [red]"})
    files = SmallFiles(folder, scene, labels)
    write_geotiff(scene, files.scene_path)
    write_labels(files, values, files.labels_path)
    return files


def write_labels(files: SmallFiles, values: np.ndarray, path: Path) -> Path:
    """Write label values (rows, cols) on the grid of the small scene, with its legend."""
    grid = (files.scene.crs, files.scene.transform)
    write_class_map(values, files.labels.classes, path, *grid)
    return path


def everything_in(folder: Path) -> set[str]:
    """Every file and folder below a folder, hidden ones included."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
