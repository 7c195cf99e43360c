"""What README tells people to type works."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
from typer.testing import CliRunner

import hsidiff
from hsidiff.cli.app import app
from hsidiff.methods import spectraldiff
from hsidiff.scenes.formats.geotiff_writer import write_geotiff

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks_of(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def in_a_folder_with_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """scene.tif, labels.gpkg with the field "class", compare.toml; a quick ``fast`` profile."""
    made = hsidiff.make_synthetic_scene(shape=(96, 96), n_bands=24)
    write_geotiff(made.scene, tmp_path / "scene.tif")
    assert made.scene.transform is not None
    rows, cols = np.nonzero(made.label_values)
    x, y = made.scene.transform @ np.array([cols + 0.5, rows + 0.5, np.ones(len(rows))])[:2]
    names = [made.class_names[i] for i in made.label_values[rows, cols]]
    points = geopandas.GeoDataFrame(
        {"class": names}, geometry=geopandas.points_from_xy(x, y), crs=made.scene.crs
    )
    points.to_file(tmp_path / "labels.gpkg")
    (comparison,) = blocks_of("toml")
    one_seed = comparison.replace("[0, 1, 2, 3, 4]", "[0]")
    (tmp_path / "compare.toml").write_text(one_seed, encoding="utf-8")
    fast = spectraldiff.PROFILES["fast"]
    three_steps = replace(fast.denoising.recipe, n_steps=3)
    quick = replace(fast, denoising=replace(fast.denoising, recipe=three_steps))
    monkeypatch.setitem(spectraldiff.PROFILES, "fast", quick)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")
def test_the_python_example_runs(in_a_folder_with_data: Path) -> None:
    (example,) = blocks_of("python")
    exec(compile(example, "README.md", "exec"), {})
    assert (in_a_folder_with_data / "map.tif").exists()
    model = hsidiff.load_classifier(in_a_folder_with_data / "model")
    assert model.name == "spectraldiff"


def test_the_python_example_is_short() -> None:
    (example,) = blocks_of("python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 12


@pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")
def test_the_commands_run(in_a_folder_with_data: Path) -> None:
    commands = re.findall(r"^hsidiff (.+)$", "\n".join(blocks_of("sh")), flags=re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        result = CliRunner().invoke(app, shlex.split(command))
        assert result.exit_code == 0, (command, result.output)
    for name in re.findall(r"`([\w.]+\.(?:tif|html|json|qml|npz))`", README):
        assert (in_a_folder_with_data / "out" / name).exists(), name


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^make (\w+)", "\n".join(blocks_of("sh")), flags=re.MULTILINE)
    assert targets == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for target in targets)


def test_every_link_to_a_file_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), (page.name, target)


def test_the_picture_of_the_house_names_every_room() -> None:
    tree = README.partition("## The house")[2].partition("## ")[0]
    rooms = {path.parent.name for path in (ROOT / "src" / "hsidiff").glob("*/__init__.py")}
    assert rooms
    assert all(f"{room}/" in tree for room in rooms)
