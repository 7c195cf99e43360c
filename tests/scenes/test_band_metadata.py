import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm, wavelengths_of_names


@pytest.mark.parametrize(
    ("unit", "expected_nm"),
    [
        ("nm", 2.0), ("Nanometer", 2.0), ("nanometres", 2.0),
        ("um", 2e3), ("µm", 2e3), ("μm", 2e3), ("Microns", 2e3), ("micrometre", 2e3),
        ("mm", 2e6), ("m", 2e9), ("", 2e3), ("UNKNOWN", 2e3), (None, 2e3),
    ],
)  # fmt: skip
def test_units_are_converted(unit, expected_nm):
    assert wavelengths_in_nm([2.0], unit, "a file").tolist() == [expected_nm]


def test_without_a_unit_the_largest_number_decides():
    assert wavelengths_in_nm([0.4, 14.0], None, "a file").tolist() == [400, 14000]
    assert wavelengths_in_nm([99.0, 380.0], None, "a file").tolist() == [99, 380]


@pytest.mark.parametrize("values", [[0.0, 400.0], [-1.0, 2.0], [np.nan, 400.0]])
def test_numbers_that_are_no_wavelengths_are_ignored_with_a_warning(values):
    with pytest.warns(HsidiffWarning, match="not positive"):
        assert wavelengths_in_nm(values, "nm", "a file") is None


@pytest.mark.parametrize("names", [[], [None], ["band 1"], ["band (3)"], ["5 bands", "400 nm"]])
def test_names_without_wavelengths_give_none(names):
    assert wavelengths_of_names(names, "a file") is None
