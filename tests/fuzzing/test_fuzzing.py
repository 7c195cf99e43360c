"""Broken files of every format: read, or refused in one line; a short run of ``make fuzz``."""

import sys
from pathlib import Path

import pytest

from fuzzing import bombs
from fuzzing.formats import all_formats
from fuzzing.run import outcomes, prepare
from fuzzing.seeds_of_labels import LABELS
from fuzzing.seeds_of_products import PRODUCTS
from fuzzing.seeds_of_results import RESULTS
from fuzzing.seeds_of_scenes import SCENES

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="limits and measures memory by /proc"
)

N_FILES = 12
SLOW_SEEDS = {"model-forest", "model-smoothed", "model-values"}
SLOW_BOMBS = {"npz_packed", "mat5_packed", "hdf5_of_one_chunk", "tiff_of_one_strip", "zip_packed",
              "label_npz_packed", "gzip_longer"}  # fmt: skip
FORMATS = sorted(
    {*SCENES, *PRODUCTS, *LABELS, *RESULTS, "xarray", "table", "geometries"} - SLOW_SEEDS
)


@pytest.mark.parametrize("name", FORMATS)
def test_broken_files_are_read_or_refused(name: str) -> None:
    prepare()
    ended = list(outcomes(name, range(N_FILES)))
    assert [f"{name} {o.number}: {o.verdict} {o.text}" for o in ended if o.is_fault] == []


def test_files_that_ask_for_enormous_memory_are_refused_or_read_by_windows() -> None:
    prepare()
    for name, made in (
        ("bombs", bombs.SCENES),
        ("label-bombs", bombs.LABELS),
        ("model-bombs", bombs.MODELS),
    ):
        quick = [place for place, bomb in enumerate(made) if bomb not in SLOW_BOMBS]
        ended = list(outcomes(name, quick))
        assert len(ended) == len(quick) > 4
        assert [f"{name} {o.number}: {o.verdict} {o.text}" for o in ended if o.is_fault] == []


def test_a_number_gives_the_same_file_each_time(tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    seed.mkdir()
    main = SCENES["envi"](seed)
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        all_formats()["envi"].make(seed, main, tmp_path / name, "envi 5")
        files = sorted((tmp_path / name).rglob("*"))
        made.append({path.name: path.read_bytes() for path in files if path.is_file()})
    assert made[0] == made[1]
    assert made[0] != {path.name: path.read_bytes() for path in sorted(seed.iterdir())}
