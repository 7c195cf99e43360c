import json

import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning
from hsidiff.windows.seen_bands import SeenBands
from small_scenes import scene_of, small_cube, small_scene


def test_bands_come_back_from_json() -> None:
    bands = SeenBands.of_scene(small_scene().without_bands([3]))
    again = SeenBands.from_json(json.loads(json.dumps(bands.to_json())))
    np.testing.assert_allclose(again.wavelengths_nm, bands.wavelengths_nm)
    np.testing.assert_allclose(again.widths_nm, np.full(11, 1950 / 11))
    assert again.numbers.tolist() == [1, 2, *range(4, 13)]
    assert again.n_file_bands == 12


def test_models_of_earlier_versions_knew_wavelengths_only() -> None:
    scene = small_scene()
    bands = SeenBands.from_json({"wavelengths_nm": scene.wavelengths_nm.tolist()})
    assert bands.matched(scene, 12) is scene
    unknown = SeenBands.from_json({"wavelengths_nm": None})
    assert unknown.matched(scene, 12) is scene


def test_resampled_bands_are_told_with_their_number() -> None:
    bands = SeenBands.of_scene(small_scene())
    with pytest.warns(HsidiffWarning, match=r"the 12 bands of the model .* among its 40: 12 are "):
        view = bands.matched(scene_of(small_cube(n_bands=40)), 12)
    assert view.n_bands == 12
    assert bands.matched(view, 12) is view
