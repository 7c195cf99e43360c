"""A saved model whose map takes as long as a test wants, and the words that draw it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import slow_classifier

from command_line import SmallFiles


@dataclass(frozen=True)
class SlowMap:
    """A folder with a saved model and the file of its class."""

    folder: Path
    scene: Path

    @property
    def own_class(self) -> str:
        return f"{self.folder / 'slow_classifier.py'}:Slow"

    def words(self, out: Path, *more: object) -> list[str]:
        """What draws all rasters of the scene's map."""
        shares = out.with_name(f"{out.stem}-probabilities.tif")
        given = ("--method", self.own_class, "-o", out, "--probabilities", shares, *more)
        return ["predict", *map(str, (self.folder / "model", self.scene, *given))]

    def takes(self, seconds: float) -> None:
        """How long a window takes from now on."""
        (self.folder / "seconds").write_text(str(seconds))

    def waits(self) -> None:
        """Windows from row 32 on are never done."""
        (self.folder / "waits").touch()

    def fails(self, how: str) -> None:
        """Some windows fail from now on: "once" in all, or "always"."""
        (self.folder / "fails").write_text(how)


def slow_map(folder: Path, files: SmallFiles) -> SlowMap:
    """Fit the slow classifier to the small scene and save it."""
    shutil.copy(slow_classifier.__file__, folder)
    slow_classifier.Slow().fit(files.scene, files.labels).save(folder / "model")
    return SlowMap(folder, files.scene_path)


def files_in(folder: Path) -> dict[str, bytes]:
    """Names and bytes of the files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
