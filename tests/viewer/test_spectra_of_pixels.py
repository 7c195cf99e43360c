from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hsidiff.errors import MissingFileError
from hsidiff.scenes.bands import in_wavelength_order
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.viewer.band_choice import band_choices
from hsidiff.viewer.label_store import LabelStore
from hsidiff.viewer.scene_tiles import SceneTiles
from hsidiff.viewer.spectra import Spectra
from small_scenes import small_cube, small_scene

OVERLAPPING_NM = np.array([450, 550, 650, 640, 740, 850, 940, 930, 1200, 1600, 2200, 2190.0])


@pytest.fixture
def overlapping() -> Scene:
    """A scene of a sensor whose detectors overlap, with a bad band."""
    cube = small_cube()
    scene = replace(
        small_scene(), source=ArraySource(cube), file_wavelengths_nm=OVERLAPPING_NM
    ).without_bands([5])
    return in_wavelength_order(scene)


def test_numbers_stand_at_their_bands_of_the_file(overlapping: Scene, tmp_path: Path) -> None:
    store = LabelStore(overlapping, tmp_path / "labels.gpkg")
    store.add_point(2, (34, 12))
    spectra = Spectra(overlapping, store)
    expected = small_cube()[12, 34]
    for values in (spectra.spectrum(12, 34), spectra.class_means()["2"]):
        assert values[4] is None
        others = [value for i, value in enumerate(values) if i != 4]
        assert_allclose(np.array(others, dtype=float), np.delete(expected, 4), rtol=1e-6)
    assert [band["nm"] for band in spectra.about()["bands"]] == OVERLAPPING_NM.tolist()


def test_colours_are_those_of_the_wavelengths(overlapping: Scene) -> None:
    shown = {choice.name: choice.numbers for choice in band_choices(overlapping)}
    assert shown["Colour infrared"] == (6, 3, 2)
    assert len(SceneTiles(overlapping).tile((5, 2, 0), 1, 0, 0).png) > 2000


def test_there_is_no_spectrum_beside_the_scene(overlapping: Scene, tmp_path: Path) -> None:
    spectra = Spectra(overlapping, LabelStore(overlapping, tmp_path / "labels.gpkg"))
    for row, col in ((-1, 0), (0, -1), (40, 0), (0, 50)):
        with pytest.raises(MissingFileError):
            spectra.spectrum(row, col)
    assert spectra.class_means() == {}
