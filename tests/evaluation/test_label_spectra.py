import numpy as np
import pytest

from hsidiff.errors import LabelError
from hsidiff.evaluation.label_spectra import at_most, measure_label_spectra, suspicious_pixels
from hsidiff.labels.label_map import LabelMap
from small_scenes import scene_of


def labelled(seed: int = 0) -> tuple[np.ndarray, LabelMap]:
    """Two classes of 50 pixels, apart by many deviations."""
    values = np.repeat([1, 2], 50).reshape(10, 10)
    rng = np.random.default_rng(seed)
    cube = rng.normal(0, 0.01, (10, 10, 6)) + 0.2 * values[..., None]
    return cube.astype(np.float32), LabelMap.from_array(values, {1: "grass", 2: "roof"})


def test_a_label_on_the_wrong_field_is_found_and_told_what_it_looks_like() -> None:
    cube, labels = labelled()
    cube[0, 3] = cube[7, 7]
    scene = scene_of(cube)
    measured = measure_label_spectra(scene, labels)
    table = suspicious_pixels(measured, scene)
    first = table.iloc[0]
    assert (first["row"], first["col"], first["class"], first["looks_like"]) == (
        0, 3, "grass", "roof",
    )  # fmt: skip
    assert first["distance"] > first["limit"]
    assert len(table) < 5


def test_pixels_like_another_class_stand_before_rare_kinds_of_their_own() -> None:
    cube, labels = labelled()
    cube[0, 3] = -5  # far from all, and still nearest to its class
    cube[0, 4] = cube[7, 7]
    scene = scene_of(cube)
    table = suspicious_pixels(measure_label_spectra(scene, labels), scene)
    assert table["col"].tolist()[:2] == [4, 3]
    assert table["distance"][0] < table["distance"][1]


def test_the_distance_is_in_robust_deviations_within_classes() -> None:
    cube, labels = labelled()
    measured = measure_label_spectra(scene_of(cube), labels)
    # Normal noise: the root mean square over bands of (value - median) / sigma is about 1.
    assert np.median(measured.distances) == pytest.approx(1, abs=0.2)
    grass = cube[labels.values == 1].astype(np.float64)
    deviations = [
        1.4826 * np.median(abs(c - np.median(c, axis=0)), axis=0)
        for c in (grass, cube[labels.values == 2].astype(np.float64))
    ]
    z = (grass[0] - np.median(grass, axis=0)) / np.median(deviations, axis=0)
    assert measured.distances[0] == pytest.approx(np.sqrt((z**2).mean()))


def test_very_small_classes_are_not_judged() -> None:
    cube, labels = labelled()
    values = np.where(labels.values == 2, 0, labels.values)
    values[9, :3] = 2
    cube[9, 0] = 9
    measured = measure_label_spectra(scene_of(cube), LabelMap.from_array(values))
    assert measured.limits[1] == np.inf
    assert not measured.is_suspicious[measured.samples.class_ids == 2].any()


def test_constant_bands_and_labels_on_nothing() -> None:
    cube, labels = labelled()
    cube[..., 2] = 1
    assert np.isfinite(measure_label_spectra(scene_of(cube), labels).distances).all()
    cube[:] = np.nan
    with pytest.raises(LabelError, match="no label lies on a pixel"):
        measure_label_spectra(scene_of(cube), labels)


def test_of_many_labels_so_many_of_each_class_are_drawn_the_same_way_every_time() -> None:
    labels = labelled()[1]
    drawn = at_most(labels, 20)
    assert drawn.counts() == {1: 20, 2: 20}
    assert (drawn.values == np.where(drawn.values > 0, labels.values, 0)).all()
    np.testing.assert_array_equal(drawn.values, at_most(labels, 20).values)
    np.testing.assert_array_equal(at_most(labels, 1000).values, labels.values)
