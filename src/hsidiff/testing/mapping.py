"""What every classifier keeps while it maps, and in the files that it is saved to."""

from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from hsidiff.contract import SceneClassifier
from hsidiff.errors import ModelError
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.testing.fixtures import MakeClassifier
from hsidiff.testing.small_scenes import (
    ODD_SHAPE,
    scene_of,
    small_cube,
    small_invalid,
    small_scene,
    small_stored,
)

SAME_PROBABILITY = 1e-5


def assert_same_probabilities(first: np.ndarray, second: np.ndarray) -> None:
    """Probabilities that differ by rounding at most."""
    np.testing.assert_allclose(first, second, rtol=0, atol=SAME_PROBABILITY)


# The map


def test_a_map_holds_class_ids_as_int32_and_0_at_invalid_pixels_only(
    fitted: SceneClassifier, scene: Scene
) -> None:
    class_map = fitted.predict(scene)
    assert class_map.shape == scene.shape
    assert class_map.dtype == np.int32
    assert set(np.unique(class_map)) <= {0, 1, 2, 3}
    np.testing.assert_array_equal(class_map == 0, small_invalid())


def test_probabilities_sum_to_1_and_are_0_at_invalid_pixels(
    fitted: SceneClassifier, scene: Scene
) -> None:
    probabilities = fitted.predict_proba(scene)
    assert probabilities.shape == (*scene.shape, len(fitted.classes_))
    assert probabilities.dtype == np.float32
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), ~small_invalid(), atol=1e-5)


def test_stored_numbers_of_invalid_pixels_never_matter(
    make_classifier: MakeClassifier, fitted: SceneClassifier, scene: Scene, train_labels: LabelMap
) -> None:
    # The same invalid pixels, elsewhere marked by a nodata value, with wild numbers beside it, and
    # even with labels on them.
    invalid = small_invalid()
    cube = small_cube()
    cube[invalid] = 1e6
    cube[invalid, 0] = -9999
    wild = scene_of(cube, nodata=-9999)
    values = np.where(invalid, 2, train_labels.values)
    classifier = make_classifier().fit(wild, LabelMap(values, train_labels.classes))
    expected = fitted.predict_proba(scene)
    np.testing.assert_array_equal(classifier.predict_proba(scene), expected)
    np.testing.assert_array_equal(classifier.predict_proba(wild), expected)


def test_the_map_does_not_depend_on_the_tile_size_or_the_number_of_cores(
    fitted: SceneClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = small_scene(ODD_SHAPE, seed=1)
    whole = max(ODD_SHAPE)
    monkeypatch.setattr("hsidiff.contract.usable_cores", lambda: 1)
    assert len(fitted.map_windows(scene, whole)) == 1
    probabilities = fitted.predict_proba(scene, window_px=whole)
    class_map = fitted.predict(scene, window_px=whole)
    for tile_size, n_cores in ((32, 1), (64, 3)):
        monkeypatch.setattr("hsidiff.contract.usable_cores", partial(int, n_cores))
        assert_same_probabilities(fitted.predict_proba(scene, tile_size), probabilities)
        np.testing.assert_array_equal(fitted.predict(scene, tile_size), class_map)


def test_a_scene_without_a_valid_pixel_gives_an_empty_map(fitted: SceneClassifier) -> None:
    empty = scene_of(np.full((9, 11, 12), np.nan, dtype=np.float32))
    assert not fitted.predict(empty).any()


def test_a_scene_that_lacks_bands_is_refused(fitted: SceneClassifier, scene: Scene) -> None:
    with pytest.raises(ModelError, match=r"lacks 2 of the 12 bands"):
        fitted.predict(scene.without_bands([6, 7]))
    unknown = replace(small_scene(n_bands=13), file_wavelengths_nm=None)
    with pytest.raises(ModelError, match=r"13 usable bands, the model has 12;"):
        fitted.predict_proba(unknown)


def test_bands_are_found_by_wavelength(fitted: SceneClassifier, scene: Scene) -> None:
    turned = replace(
        scene_of(small_stored()[..., ::-1]), file_wavelengths_nm=np.linspace(2400, 450, 12)
    )
    assert_same_probabilities(fitted.predict_proba(turned), fitted.predict_proba(scene))


def test_a_scene_in_another_unit_is_refused(fitted: SceneClassifier, scene: Scene) -> None:
    with pytest.raises(ModelError, match=r"10,000 times larger .* --rescale 0\.0001 "):
        fitted.predict(scene.rescaled(10_000))


# Saving


def test_a_saved_classifier_gives_the_same_probabilities(
    fitted: SceneClassifier, scene: Scene, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert files == {"config.json", "preprocess.json", "learned.safetensors"}
    loaded = type(fitted).load(tmp_path / "model")
    assert loaded.classes_ == fitted.classes_
    assert_same_probabilities(loaded.predict_proba(scene), fitted.predict_proba(scene))
    loaded.save(tmp_path / "again")
    again = type(fitted).load(tmp_path / "again")
    assert_same_probabilities(again.predict_proba(scene), fitted.predict_proba(scene))


# Each is forked from one that was started anew, not from this one, and has loaded PyTorch only.
NEW_PROCESSES = get_context("forkserver")
NEW_PROCESSES.set_forkserver_preload(["hsidiff.testing"])


def write_probabilities(made_by: type[SceneClassifier], folder: Path, path: Path) -> None:
    """Load a classifier and write the probabilities that it gives the small scene."""
    np.save(path, made_by.load(folder).predict_proba(small_scene()))


def test_a_saved_classifier_gives_the_same_probabilities_in_a_new_process(
    fitted: SceneClassifier, scene: Scene, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    work = (type(fitted), tmp_path / "model", tmp_path / "p.npy")
    process = NEW_PROCESSES.Process(target=write_probabilities, args=work)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert_same_probabilities(np.load(tmp_path / "p.npy"), fitted.predict_proba(scene))


__all__ = [name for name in globals() if name.startswith("test_")]
