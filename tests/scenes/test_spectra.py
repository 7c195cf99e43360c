import numpy as np
import pytest

from hsidiff.scenes.spectra import (
    MATERIALS,
    clay_tile,
    plastic_film,
    sample_spectrum,
    soil,
    vegetation,
    water_body,
)

WAVELENGTHS_NM = np.arange(400.0, 2451.0, 2.0)


def at(spectrum, wavelength_nm):
    return spectrum[np.argmin(np.abs(WAVELENGTHS_NM - wavelength_nm))]


def red_edge_nm(spectrum):
    edge = (WAVELENGTHS_NM > 660) & (WAVELENGTHS_NM < 780)
    return WAVELENGTHS_NM[edge][np.argmax(np.gradient(spectrum[edge]))]


def test_vegetation_is_the_plateau_where_nothing_absorbs():
    spectrum = vegetation(np.array([800.0]), nir=0.5, chlorophyll=2.0, water=0.0, dry=0.0)
    # What is left at 800 nm: other pigments, 0.9 exp(-400 / 160).
    assert spectrum[0] == pytest.approx(0.5 * np.exp(-0.9 * np.exp(-2.5)), rel=1e-4)


def test_vegetation_has_a_green_peak_a_red_well_and_a_nir_plateau():
    leaf = vegetation(WAVELENGTHS_NM, nir=0.46, chlorophyll=2.2, water=0.8, dry=0.15)
    assert at(leaf, 672) < 0.06 < at(leaf, 555) < 0.2
    assert at(leaf, 850) > 0.35
    assert at(leaf, 2200) < at(leaf, 1650) < at(leaf, 850)


def test_more_chlorophyll_moves_the_red_edge_to_longer_wavelengths():
    pale = vegetation(WAVELENGTHS_NM, nir=0.46, chlorophyll=0.8, water=0.8, dry=0.15)
    dark = vegetation(WAVELENGTHS_NM, nir=0.46, chlorophyll=3.0, water=0.8, dry=0.15)
    assert red_edge_nm(dark) > red_edge_nm(pale) + 5


@pytest.mark.parametrize("center_nm", [970, 1200, 1450, 1940])
def test_leaf_water_absorbs_at_its_known_bands(center_nm):
    dry = vegetation(WAVELENGTHS_NM, nir=0.46, chlorophyll=2.2, water=0.0, dry=0.15)
    wet = vegetation(WAVELENGTHS_NM, nir=0.46, chlorophyll=2.2, water=1.0, dry=0.15)
    ratio = wet / dry
    shoulder = 0.5 * (at(ratio, center_nm - 100) + at(ratio, center_nm + 100))
    assert at(ratio, center_nm) < 0.97 * shoulder


def test_moist_soil_is_darker_everywhere():
    dry = soil(WAVELENGTHS_NM, brightness=0.4, moisture=0.1, iron=0.3, clay=0.2)
    moist = soil(WAVELENGTHS_NM, brightness=0.4, moisture=0.9, iron=0.3, clay=0.2)
    assert (moist < 0.75 * dry).all()


def test_clay_absorbs_at_2205_nm_and_iron_oxide_at_870_nm():
    ground = soil(WAVELENGTHS_NM, brightness=0.4, moisture=0.0, iron=0.0, clay=0.3)
    assert at(ground, 2205) < 0.9 * at(ground, 2120)
    tile = clay_tile(WAVELENGTHS_NM, brightness=0.4, iron=0.3)
    assert at(tile, 870) < at(tile, 720)
    assert at(tile, 870) < at(tile, 1100)
    assert at(tile, 680) > 2 * at(tile, 520)


def test_water_is_dark_beyond_the_visible_and_plastic_shows_hydrocarbons():
    river = water_body(WAVELENGTHS_NM, brightness=0.05, turbidity=0.02)
    assert (river[WAVELENGTHS_NM > 1000] < 0.01).all()
    film = plastic_film(WAVELENGTHS_NM, brightness=0.5, film=0.3)
    assert at(film, 1730) < 0.85 * at(film, 1650)


@pytest.mark.parametrize("name", MATERIALS)
def test_every_material_gives_reflectances_that_differ_from_object_to_object(name):
    rng = np.random.default_rng(0)
    first, second = (sample_spectrum(MATERIALS[name], WAVELENGTHS_NM, rng) for _ in range(2))
    assert first.shape == WAVELENGTHS_NM.shape
    assert first.min() > 0
    assert first.max() < 0.8
    assert np.abs(first - second).max() > 1e-3
