"""Scenes on disk repeat a small one."""

from pathlib import Path

import numpy as np

from benchmarks.scaling import write_scene
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.synthetic import make_synthetic_scene
from hsidiff.scenes.window import Window


def test_a_written_scene_is_the_small_one_over_and_over(tmp_path: Path) -> None:
    base = make_synthetic_scene((96, 96), 5, n_classes=8)
    write_scene(base, (200, 120), tmp_path / "scene.img")
    scene = open_scene(tmp_path / "scene.img")
    assert (*scene.shape, scene.n_bands) == (200, 120, 5)
    stored = base.scene.source.read(Window.whole((96, 96)), np.arange(5))
    written = scene.source.read(Window.whole((200, 120)), np.arange(5))
    for row, col in ((0, 0), (95, 100), (199, 119), (150, 3)):
        np.testing.assert_array_equal(written[row, col], stored[row % 96, col % 96])
    # The same pixels are invalid as in the small scene.
    np.testing.assert_array_equal(
        np.isnan(scene.read(Window(96, 0, 96, 96))[..., 0]),
        np.isnan(open_scene(base.scene).read(Window.whole((96, 96)))[..., 0]),
    )
