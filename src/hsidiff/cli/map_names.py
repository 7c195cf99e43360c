"""Where the maps of one scene, or of several, are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hsidiff.cli.outputs import check_output_file, check_output_folder
from hsidiff.errors import SettingError
from hsidiff.saved_model import CONFIG

_SUFFIXES = (".tif", ".tiff")


@dataclass(frozen=True)
class MapName:
    """The files of one scene: its own, its map's, and that of the probabilities, if wanted."""

    scene: Path
    map: Path
    probabilities: Path | None

    @property
    def confidence(self) -> Path:
        """Where it is written how sure the map is."""
        return self._beside("confidence")

    @property
    def sets(self) -> Path:
        """Where the sets of classes are written, if they are wanted."""
        return self._beside("sets")

    def absolute(self) -> "MapName":
        """The same files, named so that another process finds them."""
        probabilities = self.probabilities and self.probabilities.absolute()
        return MapName(self.scene.absolute(), self.map.absolute(), probabilities)

    def _beside(self, what: str) -> Path:
        return self.map.with_name(f"{self.map.stem}-{what}{self.map.suffix}")

    def check(self, read_files: Sequence[Path]) -> None:
        """Refuse files that cannot be written, or that would replace one that is read.

        Raises:
            SettingError: naming the file.
        """
        for path in (self.map, self.confidence, self.sets, self.probabilities):
            if path is not None:
                check_output_file(path, _SUFFIXES, read_files)


def map_names(scenes: Sequence[Path], out: Path, probabilities: Path | None) -> list[MapName]:
    """Name the maps: ``out`` for one scene; in a folder each map has the name of its scene.

    Args:
        scenes: the files of the scenes.
        out: a .tif file or, for several scenes, a folder. A folder will do for one, too.
        probabilities: likewise, or None for none.

    Raises:
        SettingError: if a folder is a file or a saved model, or two scenes have one name.
    """
    if len(scenes) == 1 and not _is_folder(out):
        return [MapName(scenes[0], out, probabilities)]
    for folder in (out, probabilities):
        if folder is not None and folder.suffix.lower() in _SUFFIXES:
            raise SettingError(
                f"{folder} is the name of one file, there are {len(scenes)} scenes: give a folder"
            )
        if folder is not None:
            _check_folder(folder)
    _check_distinct(scenes)
    return [
        MapName(
            scene,
            out / f"{scene.stem}.tif",
            None if probabilities is None else probabilities / f"{scene.stem}_probabilities.tif",
        )
        for scene in scenes
    ]


def _is_folder(out: Path) -> bool:
    return out.is_dir() or not out.suffix


def _check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to, or that is a saved model.

    Raises:
        SettingError: saying why.
    """
    check_output_folder(folder)
    if (folder / CONFIG).exists():
        raise SettingError(f"--out {folder} holds a saved model: give the name of another folder")


def _check_distinct(scenes: Sequence[Path]) -> None:
    """Refuse scenes whose maps would have the same name.

    Raises:
        SettingError: naming both.
    """
    first: dict[str, Path] = {}
    for scene in scenes:
        other = first.setdefault(scene.stem.casefold(), scene)
        if other is not scene:
            raise SettingError(
                f"{other} and {scene} would have one map, {scene.stem}.tif: map them one by one, "
                "or into two folders"
            )
