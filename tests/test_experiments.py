"""The files of ``experiments/``: each can be read, says what it needs, and the smallest runs."""

import re
import runpy
import tomllib
from pathlib import Path

import numpy as np
import pytest

from hsidiff.catalog import find_classifier
from hsidiff.errors import MissingFileError, SettingError
from hsidiff.experiment.description import Experiment, read_experiment
from hsidiff.experiment.plan import plan_experiment
from hsidiff.experiment.run import run_experiment
from hsidiff.labels.label_map import LabelMap
from hsidiff.report.tables.all_tables import write_tables
from hsidiff.scenes.benchmarks import BENCHMARKS
from hsidiff.scenes.scene import ArraySource, Scene

FOLDER = Path(__file__).parents[1] / "experiments"
FILES = sorted(FOLDER.rglob("*.toml"))
SCRIPTS = sorted(FOLDER.rglob("*.py"))
SMALLEST = FOLDER / "smallest.toml"
PROTOCOLS = sorted((FOLDER / "protocols").glob("*.toml"))


def name_of(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def needs_files(path: Path) -> bool:
    """Whether a scene of an experiment is read from a file."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["scenes"]
    return any("embedded" not in table for table in tables)


@pytest.fixture
def nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any scene: both variables name an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    for variable in ("HSIDIFF_DATA", "HSIDIFF_CACHE"):
        monkeypatch.setenv(variable, str(folder))
    return folder


def read(path: Path) -> Experiment:
    return read_experiment(path, find_classifier)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_file_is_valid_and_its_settings_are_in_range(path: Path, nothing_there: Path) -> None:
    asked = read(path)
    for method in asked.methods:
        assert method.receptive_field_px(find_classifier) >= 1  # it asks for all settings
    assert len(asked.seeds) >= 2


@pytest.mark.parametrize("path", [path for path in FILES if needs_files(path)], ids=name_of)
def test_a_file_says_what_it_lacks_before_any_work(
    path: Path, nothing_there: Path, tmp_path: Path
) -> None:
    asked = read(path)
    with pytest.raises(MissingFileError) as caught:
        plan_experiment(asked, tmp_path / "out", find_classifier)
    first, message = next(s for s in asked.scenes if not s.embedded), str(caught.value)
    own_file = first.path or first.labels
    if own_file is None:
        assert f"hsidiff fetch {first.benchmark}" in message
    else:
        assert f"scene {first.name!r}: {own_file} does not exist" in message
    assert "\n" not in message
    assert {path.name for path in tmp_path.iterdir()} == {"empty"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_names_the_variable_that_is_not_set(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HSIDIFF_DATA", raising=False)
    if "${HSIDIFF_DATA}" not in path.read_text(encoding="utf-8"):
        read(path)
        return
    with pytest.raises(SettingError, match="HSIDIFF_DATA is not set"):
        read(path)


@pytest.mark.parametrize("path", PROTOCOLS, ids=name_of)
def test_a_protocol_says_where_it_comes_from_and_what_position_reaches(path: Path) -> None:
    comment = re.match(r"(?:#.*\n)+", path.read_text(encoding="utf-8"))
    assert comment is not None
    for word in ("Source:", "Known:", "Not known:", "Position alone", "hsidiff fetch"):
        assert f"# {word}" in comment[0] or word in comment[0], word
    for scene in tomllib.loads(path.read_text(encoding="utf-8"))["scenes"]:
        assert scene["benchmark"] in comment[0], scene


@pytest.mark.parametrize("path", PROTOCOLS, ids=name_of)
def test_every_scene_of_a_protocol_has_a_counterpart_of_disjoint_blocks(
    path: Path, nothing_there: Path
) -> None:
    asked = read(path)
    assert "position" in {method.method for method in asked.methods}
    for scene in asked.scenes:
        kinds = {split.kind for split in asked.splits if scene.name in split.scenes}
        assert "blocks" in kinds, scene.name
        assert kinds & {"random", "per-class", "published"}, scene.name


def labels_of(counts: dict[int, int], shape: tuple[int, int]) -> LabelMap:
    """A map with so many pixels of each class, row by row."""
    values = np.zeros(shape[0] * shape[1], dtype=np.int32)
    ids = np.repeat(list(counts), list(counts.values()))
    values[: len(ids)] = ids
    return LabelMap.from_array(values.reshape(shape))


@pytest.mark.parametrize(
    ("scene", "n_train", "n_test"),
    [
        ("indian-pines", 1024, 9225),
        ("pavia-university", 2138, 40638),
        ("houston-2013", 1502, 13527),
    ],
)
@pytest.mark.filterwarnings("ignore:random split leaves:hsidiff.errors.HsidiffWarning")
def test_the_protocol_of_spectraldiff_draws_the_published_numbers(
    nothing_there: Path, scene: str, n_train: int, n_test: int
) -> None:
    named = ("spectraldiff.toml", "spectraldiff-pavia-houston.toml")
    splits = [split for name in named for split in read(FOLDER / "protocols" / name).splits]
    (recipe,) = (s for s in splits if s.kind == "random" and scene in s.scenes)
    benchmark = BENCHMARKS[scene]
    counts = {entry.id: entry.n_labelled for entry in benchmark.classes}
    labels = labels_of(counts, benchmark.shape[:2])
    split = recipe.make(labels, None, receptive_field_px=1, seed=0)
    assert (split.train.n_labelled, split.test.n_labelled) == (n_train, n_test)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("scene", "n_train", "n_test", "some_class"),
    [
        ("indian-pines", 695, 9671, ("Oats", 15, 5)),
        ("pavia-university", 3921, 40002, ("Meadows", 540, 18146)),
    ],
)
def test_the_fixed_maps_are_read_with_their_own_classes(
    real_data: Path, scene: str, n_train: int, n_test: int, some_class: tuple[str, int, int]
) -> None:
    asked = read(FOLDER / "protocols" / "fixed-maps.toml")
    (source,) = (source for source in asked.scenes if source.name == scene)
    shape = (*BENCHMARKS[scene].shape[:2], 1)
    cube = Scene(scene, ArraySource(np.ones(shape, np.float32)), np.ones(1, dtype=bool))
    labels, test_labels = source.read_labels(cube)
    (recipe,) = (recipe for recipe in asked.splits if recipe.kind == "published")
    split = recipe.make(labels, test_labels, receptive_field_px=1, seed=0)
    assert (split.train.n_labelled, split.test.n_labelled) == (n_train, n_test)
    name, in_train, in_test = some_class
    (class_id,) = (entry.id for entry in split.train.classes if entry.name == name)
    found = split.train.counts()[class_id], split.test.counts()[class_id]
    assert found == (in_train, in_test)
    # Without its own maps the scene has other ids: each name stands for as many pixels in both.
    usual = {entry.name: entry.n_labelled for entry in BENCHMARKS[scene].classes}
    assert {entry.name for entry in split.train.classes} == set(usual)


@pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")
@pytest.mark.slow
def test_the_smallest_experiment_runs_to_its_tables(tmp_path: Path) -> None:
    folder = run_experiment(read(SMALLEST), tmp_path / "out", find_classifier)
    assert not folder.failed
    assert len(folder.cells) == 3 * 2 * 2
    random, blocks = (
        [cell.result["overall_accuracy"] for cell in folder.of("embedded", split, "position")]
        for split in folder.splits
    )
    assert min(random) > max(blocks) + 0.1  # what a random split gives away
    for cell in folder.cells:
        assert set(cell.result["cost"]) == {"n_parameters", "macs_per_pixel"}
        if cell.method == "lda":
            n_classes = sum(entry["n_train"] > 0 for entry in cell.result["per_class"])
            n_bands = cell.result["scene"]["n_bands"]
            assert cell.result["cost"]["n_parameters"] == (n_bands + 1) * n_classes
    write_tables(folder, tmp_path / "tables")
    assert (tmp_path / "tables" / "tables.md").read_text(encoding="utf-8").count("\n## ") > 3


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_script_finds_what_it_imports(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    names = runpy.run_path(str(path), run_name="not the main one")
    assert names["__doc__"]
