"""The blocks of code that the pages of the repository hold, and the files that they are run on."""

import re
import shlex
from pathlib import Path

import geopandas
import numpy as np

import hsidiff
from hsidiff.scenes.formats.geotiff_writer import write_geotiff

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))


def text_of(page: str) -> str:
    """What a page says; its name is its path from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page: str, language: str) -> list[str]:
    """The blocks of a page in one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), flags=re.DOTALL)


def blocks_in(language: str) -> list[tuple[str, str]]:
    """All blocks in one language, each with the page that holds it."""
    pages = [path.relative_to(ROOT).as_posix() for path in PAGES]
    return [(page, block) for page in pages for block in blocks_of(page, language)]


def command_lines(page: str) -> list[list[str]]:
    """The words of each command that a page tells people to type."""
    lines = "\n".join(blocks_of(page, "sh")).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def write_scene_and_points(
    folder: Path, scene: hsidiff.Scene, label_values: np.ndarray, names: dict[int, str]
) -> None:
    """Write scene.tif, and labels.gpkg: a point with a "class" in the middle of each label."""
    assert scene.transform is not None
    write_geotiff(scene, folder / "scene.tif")
    rows, cols = np.nonzero(label_values)
    x, y = scene.transform @ np.array([cols + 0.5, rows + 0.5, np.ones(len(rows))])[:2]
    points = geopandas.GeoDataFrame(
        {"class": [names[i] for i in label_values[rows, cols]]},
        geometry=geopandas.points_from_xy(x, y),
        crs=scene.crs,
    )
    points.to_file(folder / "labels.gpkg")


def write_what_the_pages_take(folder: Path) -> None:
    """Write scene.tif and labels.gpkg, the embedded scene; compare.toml of README, made quick."""
    made = hsidiff.make_synthetic_scene(shape=(96, 96), n_bands=24)
    rows, cols = np.indices(made.label_values.shape)
    fewer = np.where((rows + cols) % 3 == 0, made.label_values, 0)  # sooner written and learned
    write_scene_and_points(folder, made.scene, fewer, made.class_names)
    (comparison,) = blocks_of("README.md", "toml")
    quick = comparison.replace("[0, 1, 2, 3, 4]", "[0]")
    quick += '[settings.spectraldiff]\npretrain_steps = 3\nhead = "linear"\n'
    (folder / "compare.toml").write_text(quick, encoding="utf-8")
