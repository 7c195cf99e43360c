from dataclasses import replace

import numpy as np
import pytest

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.errors import HsidiffWarning, LabelError, SceneError, SettingError
from hsidiff.windows.gather import gather_spectra
from hsidiff.windows.several_scenes import stack_scenes
from small_scenes import scene_of, small_cube, small_fields, small_labels, small_scene


def test_one_model_learns_from_two_scenes_and_maps_both() -> None:
    first, second = small_scene((30, 40)), small_scene((26, 50), seed=4)
    labels = [small_labels((30, 40)), small_labels((26, 50), seed=4)]
    scene, stacked = stack_scenes([first, second], labels, gap_px=5)
    assert scene.shape == stacked.shape == (61, 50)
    np.testing.assert_array_equal(stacked.values[:30, :40], labels[0].values)
    np.testing.assert_array_equal(stacked.values[35:, :], labels[1].values)
    assert not stacked.values[30:35].any()
    np.testing.assert_array_equal(scene.wavelengths_nm, first.wavelengths_nm)
    model = LinearDiscriminant().fit(scene, stacked)
    for part in (first, second):
        mapped = model.predict(part)
        right = mapped == small_fields(part.shape) + 1
        assert right[mapped > 0].mean() > 0.9


def test_a_second_scene_with_other_bands_gives_the_same_values() -> None:
    first = small_scene((26, 32))
    wavelengths = first.wavelengths_nm
    turned = replace(
        scene_of(small_cube((26, 32), seed=2)[..., ::-1]), file_wavelengths_nm=wavelengths[::-1]
    )
    labels = [small_labels((26, 32), (4, 4, 4))] * 2
    scene, _ = stack_scenes([first, turned], labels, gap_px=3)
    np.testing.assert_array_equal(scene.read()[29:], small_cube((26, 32), seed=2))


def test_the_stack_gathers_the_spectra_of_both_scenes() -> None:
    scenes = [small_scene((26, 32), seed=seed) for seed in (0, 1)]
    labels = [small_labels((26, 32), (5, 5, 5), seed=seed) for seed in (0, 1)]
    samples = gather_spectra(*stack_scenes(scenes, labels, gap_px=1))
    apart = [gather_spectra(*pair) for pair in zip(scenes, labels, strict=True)]
    np.testing.assert_array_equal(samples.values, np.concatenate([one.values for one in apart]))
    np.testing.assert_array_equal(
        samples.class_ids, np.concatenate([one.class_ids for one in apart])
    )


def test_sample_ids_of_two_scenes_stay_apart_and_regions_too() -> None:
    ids = np.zeros((26, 32), dtype=np.int32)
    labels = small_labels((26, 32), (4, 4, 4))
    ids[labels.values > 0] = np.arange(1, 13)
    with_ids = replace(labels, sample_ids=ids)
    region = np.zeros((26, 32), dtype=bool)
    _, stacked = stack_scenes(
        [small_scene((26, 32))] * 2, [with_ids, replace(with_ids, region=region)], gap_px=2
    )
    assert np.unique(stacked.sample_ids).tolist() == list(range(25))
    assert (stacked.region[:26].all(), stacked.region[26:].any()) == (True, False)
    assert stacked.source_pixels is None
    pixels = np.arange(26 * 32).reshape(26, 32) // 2
    pixels[0, 0] = -1
    with_pixels = replace(labels, source_pixels=pixels)
    _, copies = stack_scenes([small_scene((26, 32))] * 2, [with_pixels] * 2, gap_px=2)
    assert copies.source_pixels[:26].max() < copies.source_pixels[28:].max()
    assert len(np.unique(copies.source_pixels)) == 2 * 416 + 1
    _, mixed = stack_scenes([small_scene((26, 32))] * 2, [with_ids, labels], gap_px=2)
    np.testing.assert_array_equal(mixed.sample_ids[:26], ids)
    assert not mixed.sample_ids[26:].any()


def test_scenes_that_do_not_go_together_are_refused() -> None:
    scene, labels = small_scene((26, 32)), small_labels((26, 32), (4, 4, 4))
    with pytest.raises(SettingError, match="1 scenes and 1 labels: expected two scenes"):
        stack_scenes([scene], [labels])
    with pytest.raises(LabelError, match=r"labels are \(26, 32\).*is \(40, 50\)"):
        stack_scenes([scene, small_scene()], [labels, labels])
    with pytest.raises(SceneError, match="lacks 2 of the 12 bands of small scene"):
        stack_scenes([scene, scene.without_bands([6, 7])], [labels, labels])
    with pytest.raises(SceneError, match="100 times larger than those of small scene: give all"):
        stack_scenes([scene, scene.rescaled(100)], [labels, labels])
    plain = replace(scene, file_wavelengths_nm=None)
    with pytest.raises(SceneError, match=r"leave out band 3 \(--drop-bands 3\)"):
        stack_scenes([plain.without_bands([3]), plain], [labels, labels])


def test_bands_that_are_resampled_are_told_once() -> None:
    scene, labels = small_scene((26, 32)), small_labels((26, 32), (4, 4, 4))
    other = scene_of(small_cube((26, 32), n_bands=30))
    with pytest.warns(HsidiffWarning, match="12 bands of small scene are found by wavelength") as w:
        stack_scenes([scene, other], [labels, labels])
    assert len(w) == 1
