"""``hsidiff info``: bands, values and what lacks, in text and JSON."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command_line import Run
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from small_scenes import scene_of, small_cube


@pytest.fixture
def two_detectors(tmp_path: Path) -> Path:
    """Bands 400 to 1000 nm, then 960 to 2400 nm with a gap; a quarter without value."""
    wavelengths = np.concatenate(
        [np.arange(400.0, 1001, 100), np.arange(960.0, 1361, 100), np.arange(1860.0, 2361, 100)]
    )
    stored = np.round(1000 * small_cube((40, 40), n_bands=wavelengths.size)).astype(np.int16)
    stored[:20, :20] = -9
    scene = replace(
        scene_of(stored, nodata=-9), file_wavelengths_nm=wavelengths, scale=0.001, offset=0.5
    )
    write_geotiff(scene, tmp_path / "two.tif")
    return tmp_path / "two.tif"


def test_values_gaps_and_overlaps_are_told_in_json(run: Run, two_detectors: Path) -> None:
    facts = json.loads(run("info", two_detectors, "--json").out)
    cube = np.round(1000 * small_cube((40, 40), n_bands=18)).astype(np.float32) * 0.001 + 0.5
    valid = np.ones((40, 40), dtype=bool)
    valid[:20, :20] = False
    expected = np.quantile(cube[valid], [0.01, 0.5, 0.99])
    assert list(facts["values"]) == ["low", "median", "high"]
    np.testing.assert_allclose(list(facts["values"].values()), expected, atol=1e-3)
    assert facts["without_value"] == 0.25
    assert facts["sampled_pixels"] is None
    assert (facts["scale"], facts["offset"]) == (0.001, 0.5)
    assert facts["gaps_nm"] == [[1360.0, 1860.0]]
    assert facts["overlap_nm"] == [[960.0, 1000.0]]


def test_a_person_reads_the_same(run: Run, two_detectors: Path) -> None:
    lines = dict(line.split(maxsplit=1) for line in run("info", two_detectors).out.splitlines())
    assert lines["scale"] == "0.001"
    assert lines["without"] == "value      25.0 % of the pixels"
    assert lines["gaps"] == "nm            1360 to 1860"
    assert lines["overlap"] == "nm         960 to 1000: two detectors, whose bands are sorted"
    assert ", median 0." in lines["values"]


def test_a_large_scene_is_sampled(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "large.npy", np.ones((700, 600, 4), dtype=np.uint8))
    facts = json.loads(run("info", tmp_path / "large.npy", "--json").out)
    assert facts["sampled_pixels"] <= 64 * 64 * 64
    assert facts["values"] == {"low": 1.0, "median": 1.0, "high": 1.0}
    assert (facts["gaps_nm"], facts["overlap_nm"]) == (None, None)


def test_bands_left_out_by_wavelength_are_named(run: Run, two_detectors: Path) -> None:
    facts = json.loads(run("info", two_detectors, "--drop-nm", "900-1000,2300-2400", "--json").out)
    assert facts["unused_bands"] == "6-8,18"
    kept = json.loads(run("info", two_detectors, "--keep-nm", "400-700", "--json").out)
    assert (kept["bands"], kept["wavelengths_nm"]) == (4, [400.0, 700.0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--drop-nm", "1450-1350"), "--drop-nm 1450-1350: expected ranges of wavelengths in nm"),
        (("--keep-nm", "red"), "--keep-nm red: expected ranges"),
        (("--drop-nm", "1400-1450"), "no band lies in drop_nm 1400-1450 nm"),
        (("--keep-nm", "0.4-0.7"), "no band lies in keep_nm 0.4-0.7 nm"),
        (("--drop-nm", "400-2400"), "leaves none of its 18 usable bands"),
        (("--rescale", "0"), "rescale=0: must be a positive number"),
    ],
)
def test_ranges_that_find_nothing_are_one_clear_line(
    run: Run, two_detectors: Path, words: tuple[str, str], message: str
) -> None:
    ended = run("info", two_detectors, *words)
    assert ended.exit_code == 2
    assert message in ended.error


def test_labels_in_place_of_a_scene_are_told_apart(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "labels.gpkg"
    path.write_bytes(b"SQLite format 3")
    ended = run("info", path)
    assert ended.exit_code == 2
    assert f"{path} holds points or polygons, which are labels and no scene" in ended.error
    assert "does not exist" in run("info", tmp_path / "none.gpkg").error
