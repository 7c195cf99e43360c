import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hsidiff
from command_line import Run, SmallFiles
from hsidiff.catalog import CLASSIFIERS
from hsidiff.cli import demo
from hsidiff.cli.classifiers import WITH_PROFILES
from hsidiff.cli.commands import FUNCTIONS
from hsidiff.maps.geotiff import read_class_map
from hsidiff.methods.spectraldiff import PROFILES
from hsidiff.scenes.benchmarks import BENCHMARKS


def test_version_and_help_end_well(run: Run) -> None:
    assert run("--version").out == f"hsidiff {hsidiff.__version__}\n"
    for words in ((), ("--help",)):
        ended = run(*words)
        assert ended.exit_code == 0
        for command in FUNCTIONS:
            assert f"│ {command} " in ended.out


def test_the_list_of_commands_says_of_each_what_its_own_help_says_first(run: Run) -> None:
    listed = " ".join(run("--help").out.replace("│", " ").split())
    for command in FUNCTIONS:
        _, _, *after_usage = run(command, "--help").out.splitlines()
        first = next(line for line in after_usage if line.strip())
        assert f"{command} {first.strip()}" in listed


@pytest.mark.parametrize("words", ["--version", "--help"])
def test_who_only_asks_does_not_wait_for_pytorch(words: str) -> None:
    program = (
        "import sys; from hsidiff.cli.app import app; "
        f"app(['{words}'], standalone_mode=False); "
        "print({'torch', 'sklearn', 'matplotlib'} & sys.modules.keys() or 'quick')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "quick"


@pytest.mark.parametrize("command", FUNCTIONS)
def test_help_shows_whole_option_names_in_80_columns(run: Run, command: str) -> None:
    ended = run(command, "--help")
    assert ended.exit_code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "…" not in ended.out
    assert "--json" in ended.out or command == "view"  # which answers in a browser


def test_help_shows_the_extra_that_an_option_needs(run: Run) -> None:
    """Square brackets are markup to what draws the help: it would swallow them."""
    assert "hsidiff[dask]" in run("predict", "--help").out


def test_the_default_profile_of_the_help_is_that_of_the_methods(run: Run) -> None:
    assert "[default: (fast)]" in run("map", "--help").out
    for name in WITH_PROFILES:
        assert CLASSIFIERS[name]().get_params()["profile"] == "fast"


def test_info_says_what_the_file_holds(run: Run, small_files: SmallFiles) -> None:
    ended = run("info", small_files.scene_path, "--drop-bands", "2-3,12", "--json")
    facts = json.loads(ended.out)
    assert facts == {
        "name": "scene",
        "files": [str(small_files.scene_path)],
        "rows": 40,
        "cols": 50,
        "bands": 9,
        "unused_bands": "2-3,12",
        "wavelengths_nm": [450.0, pytest.approx(2222.73, abs=0.01)],
        "gaps_nm": [[450.0, pytest.approx(981.82, abs=0.01)]],
        "overlap_nm": None,
        "stored_as": "float32",
        "scale": 1.0,
        "offset": 0.0,
        "nodata": None,
        "crs": "EPSG:32633",
        "transform": [30.0, 0.0, 380000.0, 0.0, -30.0, 5810000.0],
        "values": dict.fromkeys(("low", "median", "high"), pytest.approx(0.4, abs=0.4)),
        "without_value": 0.0,
        "sampled_pixels": None,
        "notes": None,
    }
    plain = run("info", small_files.scene_path).out
    assert "450.0 to 2400.0" in plain
    assert "pixels of 30 x 30, upper left corner 380000, 5810000" in plain
    assert "nodata" not in plain


def test_fetch_lists_the_benchmarks(run: Run) -> None:
    assert set(json.loads(run("fetch", "--list", "--json").out)) == set(BENCHMARKS)
    lines = run("fetch", "--list").out.splitlines()
    assert [line.split()[0] for line in lines] == list(BENCHMARKS)
    assert max(map(len, lines)) <= 80


def test_fetch_without_a_name_says_how_to_see_them(run: Run) -> None:
    ended = run("fetch")
    assert ended.exit_code == 2
    assert "hsidiff fetch --list" in ended.error


@pytest.fixture
def quick_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo with two steps of pretraining and the quick head, on a corner of its scene."""
    made = demo.make_synthetic_scene()
    corner = np.s_[:48, :48]
    small = replace(
        made,
        scene=replace(
            made.scene, source=replace(made.scene.source, values=made.scene.source.values[corner])
        ),
        label_values=made.label_values[corner],
    )
    fast = PROFILES["fast"]
    quick = replace(fast, values=fast.new_values(pretrain_steps=2), head="linear")
    monkeypatch.setattr(demo, "make_synthetic_scene", lambda: small)
    monkeypatch.setitem(PROFILES, "fast", quick)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_demo")
def test_the_demo_prints_scores_and_what_it_wrote(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "my demo"
    ended = run("demo", "--seed", 1, "-o", out)
    assert ended.exit_code == 0, ended.err
    for words in ("overall accuracy", " s on ", str(out / "report.html")):
        assert words in ended.out
    assert re.search(r"peak memory +\d+(\.\d)? [MG]B", ended.out)
    for name in (
        "demo_scene.tif",
        "demo_labels.tif",
        "overview.png",
        "report.html",
        "map.tif",
        "model",
    ):
        assert (out / name).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["my demo"]

    *_, last = ended.out.splitlines()
    words = shlex.split(last.removeprefix("the same again: hsidiff "))
    first = read_class_map(out / "map.tif")
    assert run(*words).exit_code == 0
    np.testing.assert_array_equal(read_class_map(out / "map.tif"), first)


def test_threads_that_wait_sleep_unless_the_user_says_otherwise() -> None:
    program = "import os, hsidiff.cli; print(os.environ['OMP_WAIT_POLICY'])"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    for given, expected in (({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")):
        ended = subprocess.run(
            [sys.executable, "-c", program],
            env=environment | given,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stdout.strip() == expected
