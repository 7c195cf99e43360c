"""Tests for wavelengths in the names of bands: read where they are sure, and said."""

import numpy as np
import pytest
import rasterio
from fake_files import write_geotiff

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.band_names import wavelengths_of_names
from hsidiff.scenes.open import open_scene


@pytest.mark.parametrize(
    ("names", "in_nm"),
    [
        (["Wavelength 0.400", "Wavelength 0.8", "Wavelength 2.4"], [400, 800, 2400]),
        (["wavelength: 400", "wavelength: 2400"], [400, 2400]),
        (["B1_wl_443.5", "B2_wl_560"], [443.5, 560]),
        (["400 nm", "410 nm"], [400, 410]),
        (["400nm", "2400nm"], [400, 2400]),
        (["B1 (0.443 um)", "B2 (2.19 um)"], [443, 2190]),
        (["B1 (0,443 µm)", "B2 (2,19 µm)"], [443, 2190]),
        (["4.43e-01 um", "2.19e+00 um"], [443, 2190]),
        (["Band_443.5", "Band_560.0", "Band_2200.25"], [443.5, 560, 2200.25]),
        (["Band 1 443.5", "Band 2 560.0", "Band 3 665.0"], [443.5, 560, 665]),
        (["0.443", "0.560", "0.665"], [443, 560, 665]),
        (["900.5", "700.5", "500.5"], [900.5, 700.5, 500.5]),
    ],
)
def test_wavelengths_in_names_are_read_in_the_unit_that_their_size_shows(names, in_nm):
    found = wavelengths_of_names(names, "a file")
    assert found.nm.tolist() == pytest.approx(in_nm)
    assert found.notes == ("wavelengths are those in the names of the bands",)


@pytest.mark.parametrize(
    "names",
    [
        [], [None], ["band 1"], ["band (3)"], ["5 bands", "400 nm"],
        [f"Band {i}" for i in range(1, 225)], [f"Wavelength {i}" for i in range(1, 51)],
        [f"Wavelength {i}" for i in range(1, 225)], ["PC 1.1", "PC 1.2", "PC 1.3"],
        ["v1.100 red", "v1.100 green", "v1.100 blue"], ["443.5", "560.0", "nir"],
        ["665.1", "443.5", "560.0"], ["443.5 to 450.5", "455.5 to 460.5", "465.5 to 470.5"],
        ["scene 2020.5 a", "scene 2020.5 b", "scene 2020.5 c"], ["443.5", "560.5"],
    ],
)  # fmt: skip
def test_numbers_that_may_count_something_are_no_wavelengths(names):
    assert wavelengths_of_names(names, "a file").nm is None


@pytest.mark.parametrize("names", [["443", "560", "665"], ["B443", "B560", "B2190"]])
def test_whole_numbers_that_may_be_wavelengths_are_noted_with_the_way_out(names):
    with pytest.warns(HsidiffWarning, match=r"name bands with a unit \('443 nm'\), or lay an ENVI"):
        assert wavelengths_of_names(names, "a file").nm is None


def test_a_geotiff_says_that_its_wavelengths_come_from_names(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", np.arange(18.0).reshape(2, 3, 3))
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("Band_443.5", "Band_560.0", "Band_665.0")
    scene = open_scene(path)
    np.testing.assert_allclose(scene.wavelengths_nm, [443.5, 560, 665])
    assert scene.notes == ("wavelengths are those in the names of the bands",)
