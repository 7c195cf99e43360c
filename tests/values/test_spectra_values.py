import json

import numpy as np
import pytest

from hsidiff.about import Cost
from hsidiff.errors import SettingError
from hsidiff.kinds import DENOISER_INPUT, SCALED_SPECTRUM, SPECTRUM
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe
from hsidiff.values.pretraining import Denoising
from hsidiff.values.spectra import Spectra
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from small_scenes import scene_of, small_cube, small_invalid, small_scene

N_BANDS, N_INPUTS = 12, 5
DENOISING = Denoising(recipe=Recipe(1, 1e-3), space="whitened", n_inputs=N_INPUTS)
WINDOW = Window(2, 6, 9, 11)


def learned(region: np.ndarray | None = None, cube: np.ndarray | None = None) -> Spectra:
    values = Spectra(denoising=DENOISING)
    values.learn(small_scene(n_bands=N_BANDS) if cube is None else scene_of(cube), region)
    return values


def test_they_are_the_denoisers_input_the_spectrum_and_the_scaled_spectrum() -> None:
    scene = small_scene(n_bands=N_BANDS)
    cube, moments = scene.read(WINDOW), scene_moments(scene)
    found = learned().of_window(cube, WINDOW)
    valid = ~small_invalid()[WINDOW.slices]
    parts = [
        SpectralTransform.whitened(moments, N_INPUTS).apply(cube),
        cube,
        2 * (cube - moments.min_) / (moments.max_ - moments.min_) - 1,
    ]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[valid], np.concatenate(parts, axis=-1)[valid], atol=1e-5)
    assert np.isfinite(found).all()
    assert (found[~valid][:, N_INPUTS:] == 0).all()
    assert learned().halo_px == 0


@pytest.mark.parametrize(("n_bands", "n_seen"), [(N_BANDS, N_INPUTS), (3, 3)])
def test_kinds_and_cost_follow_from_the_bands(n_bands: int, n_seen: int) -> None:
    values = Spectra(denoising=DENOISING)
    assert list(values.kinds(n_bands).items()) == [
        (DENOISER_INPUT, (n_seen,)),
        (SPECTRUM, (n_bands,)),
        (SCALED_SPECTRUM, (n_bands,)),
    ]
    assert values.cost(n_bands) == Cost(0, n_bands * (n_seen + 1))
    assert not values.uses_device


def test_only_the_region_is_learned_from() -> None:
    cube, region = small_cube(n_bands=N_BANDS), np.zeros((40, 50), dtype=bool)
    region[:, :20] = True
    changed = np.where(region[..., None], cube, 5 + 40 * cube[::-1, ::-1])
    first, second = (learned(region, values).learned().arrays for values in (cube, changed))
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)


def test_they_come_back_from_what_was_learned() -> None:
    values, again = learned(), Spectra(denoising=DENOISING)
    stored = values.learned()
    again.restore(Learned(stored.arrays, json.loads(json.dumps({"head": 1, **stored.facts}))))
    cube = small_cube(n_bands=N_BANDS)
    whole = Window.whole((40, 50))
    np.testing.assert_array_equal(again.of_window(cube, whole), values.of_window(cube, whole))


def test_there_is_nothing_to_reconstruct() -> None:
    with pytest.raises(SettingError, match="no denoiser of whole windows"):
        learned().reconstruct(small_scene(n_bands=N_BANDS), WINDOW, 400, (0,))
