import numpy as np

from hsidiff.baselines import PositionOnly
from hsidiff.scenes.window import Window
from small_scenes import scene_of, small_cube, small_labels


def test_each_pixel_takes_the_class_of_a_nearest_training_pixel() -> None:
    labels = small_labels(ids=(3, 10, 200))
    class_map = PositionOnly().fit(scene_of(small_cube()), labels).predict(scene_of(small_cube()))
    train = np.argwhere(labels.values)
    for row, col in np.ndindex(class_map.shape):
        distances = np.hypot(*(train - (row, col)).T)
        nearest = train[np.isclose(distances, distances.min())]
        assert class_map[row, col] in labels.values[tuple(nearest.T)]


def test_spectra_do_not_matter() -> None:
    labels = small_labels()
    scenes = [scene_of(small_cube(seed=seed)) for seed in (0, 1)]
    maps = [PositionOnly().fit(scene, labels).predict(scene) for scene in scenes]
    np.testing.assert_array_equal(maps[0], maps[1])


def test_a_window_knows_where_it_lies() -> None:
    scene = scene_of(small_cube())
    model = PositionOnly().fit(scene, small_labels())
    window = Window(21, 33, 8, 5)
    whole = model.predict_proba(scene)
    np.testing.assert_array_equal(model.predict_proba_window(scene, window), whole[window.slices])
    assert set(np.unique(whole)) == {0, 1}
