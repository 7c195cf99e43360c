"""Probabilities smoothed along the edges of a scene."""

import numpy as np
import pytest

from hsidiff.errors import SceneError
from hsidiff.windows.guided_filter import guided_filter
from hsidiff.windows.smoothing import (
    GUIDE_LIMIT,
    N_GUIDE_COMPONENTS,
    find_guide,
    smooth_probabilities,
)
from small_scenes import N_COVERS, scene_of, small_cube, small_fields, small_invalid, small_scene


def doubtful(shape: tuple[int, int] = (40, 50), seed: int = 0) -> np.ndarray:
    """Probabilities of the covers of the small scene, right in about two thirds of the pixels."""
    draw = np.random.default_rng(seed)
    scores = draw.normal(0, 1, (*shape, N_COVERS)) + 1.5 * np.eye(N_COVERS)[small_fields(shape)]
    return (np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)).astype(np.float32)


def test_the_guide_has_three_components_of_unit_variance() -> None:
    scene = small_scene()
    guide = find_guide(scene, None)
    seen = guide.project(scene.read()[~small_invalid()])
    assert guide.n_components == N_GUIDE_COMPONENTS
    np.testing.assert_allclose(np.cov(seen.T), np.eye(3), atol=1e-3)


@pytest.mark.parametrize("n_bands", [1, 2])
def test_a_scene_of_fewer_bands_has_fewer_components(n_bands: int) -> None:
    guide = find_guide(small_scene(n_bands=n_bands), None)
    cube = small_cube(n_bands=n_bands)
    assert guide.n_components == n_bands
    assert np.isfinite(smooth_probabilities(doubtful(), cube, guide, 2)).all()


def test_the_guide_of_a_region_sees_nothing_beyond_it() -> None:
    region = np.zeros((40, 50), dtype=bool)
    region[:, 20:] = True
    cube = small_cube()
    other = np.where(region[..., None], cube, 9 - 4 * cube)
    first, second = (find_guide(scene_of(c), region) for c in (cube, other))
    for name, array in first.arrays("").items():
        np.testing.assert_array_equal(array, second.arrays("")[name])
    with pytest.raises(SceneError, match="no pixel that may be learned from is valid"):
        find_guide(scene_of(cube), np.zeros_like(region))


def test_probabilities_stay_probabilities() -> None:
    scene = small_scene()
    hard = np.eye(N_COVERS, dtype=np.float32)[doubtful().argmax(axis=-1)]
    guide, cube = find_guide(scene, None), scene.read()
    smoothed = smooth_probabilities(hard, cube, guide, 2)
    assert smoothed.dtype == np.float32
    assert smoothed.min() == 0
    np.testing.assert_allclose(smoothed.sum(axis=-1), ~small_invalid(), atol=1e-6)
    # The filter alone would leave 0..1 here.
    assert guided_filter(hard, guide.project(cube), ~small_invalid(), 2).min() < -0.01


def test_fields_come_out_cleaner_and_their_corners_stay() -> None:
    scene, before = small_scene(), doubtful()
    smoothed = smooth_probabilities(before, scene.read(), find_guide(scene, None), 2)
    right_before = before.argmax(axis=-1) == small_fields()
    right = smoothed.argmax(axis=-1) == small_fields()
    valid = ~small_invalid()
    at_edges = (np.indices((40, 50)) % 10 % 9 == 0).any(axis=0) & valid
    assert right_before[valid].mean() < 0.8
    assert right[valid].mean() > 0.98
    assert right[at_edges].mean() > 0.97


def test_one_wild_pixel_leaves_the_others_their_digits() -> None:
    scene, before = small_scene(), doubtful()
    guide, cube = find_guide(scene, None), scene.read()
    cube[20, 20] = 1e12
    found = smooth_probabilities(before, cube, guide, 2)
    cut = guide.project(cube.astype(np.float64)).clip(-GUIDE_LIMIT, GUIDE_LIMIT)
    expected = guided_filter(before, cut, ~small_invalid(), 2).clip(min=0)
    expected /= np.where(small_invalid()[..., None], 1, expected.sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.isfinite(found).all()
