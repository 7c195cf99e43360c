import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm


@pytest.mark.parametrize(
    ("unit", "number"),
    [
        ("nm", 2e3), ("Nanometer", 2e3), ("nanometres", 2e3), ("[nm]", 2e3), ("Angstroms", 2e4),
        ("um", 2.0), ("µm", 2.0), ("μm", 2.0), ("Microns", 2.0), ("micrometre", 2.0),
        ("mm", 2e-3), ("m", 2e-6), ("", 2.0), ("UNKNOWN", 2.0), (None, 2.0), (None, 2e3),
    ],
)  # fmt: skip
def test_units_are_converted(unit, number):
    assert wavelengths_in_nm([number], unit, "a file").tolist() == pytest.approx([2000])


def test_without_a_unit_the_largest_number_decides():
    assert wavelengths_in_nm([0.4, 14.0], None, "a file").tolist() == [400, 14000]
    assert wavelengths_in_nm([101.0, 380.0], None, "a file").tolist() == [101, 380]


@pytest.mark.parametrize(
    ("values", "unit"),
    [([400, 2500], "um"), ([0.4, 2.5], "nm"), ([1, 2, 224], None), ([1, 2], "m")],
)
def test_numbers_that_would_be_no_light_are_ignored_with_a_warning(values, unit):
    with pytest.warns(HsidiffWarning, match="they would be no light"):
        assert wavelengths_in_nm(values, unit, "a file") is None


@pytest.mark.parametrize("values", [[0.0, 400.0], [-1.0, 2.0], [np.nan, 400.0]])
def test_numbers_that_are_no_wavelengths_are_ignored_with_a_warning(values):
    with pytest.warns(HsidiffWarning, match="not positive"):
        assert wavelengths_in_nm(values, "nm", "a file") is None
