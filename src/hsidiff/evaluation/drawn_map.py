"""The map of a cell, in memory."""

import numpy as np

from hsidiff.contract import WINDOW_PX, SceneClassifier
from hsidiff.scenes.scene import Scene

SMALL_TILE_PX = 8
"""Side of the tiles where only some pixels are wanted."""


def draw_map(
    model: SceneClassifier, scene: Scene, wanted: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Map a scene tile by tile; the probabilities of few tiles are held at a time.

    Args:
        model: a fitted classifier.
        scene: the scene that it was fitted on.
        wanted: (rows, cols) bool; only tiles that hold such a pixel are mapped. None maps all.

    Returns:
        ``class_map`` (rows, cols) int32, and ``confidence`` (rows, cols) uint8: the largest
        probability in percent. Both are 0 at invalid pixels, and where nothing is mapped.
    """
    class_map = np.zeros(scene.shape, dtype=np.int32)
    confidence = np.zeros(scene.shape, dtype=np.uint8)
    tile_px = WINDOW_PX if wanted is None else SMALL_TILE_PX
    windows = model.map_windows(scene, tile_px)
    if wanted is not None:
        windows = [window for window in windows if wanted[window.slices].any()]
    for window, probabilities in model.predict_proba_windows(scene, windows):
        class_map[window.slices] = model.most_probable(probabilities)
        confidence[window.slices] = np.round(100 * probabilities.max(axis=-1))
    return {"class_map": class_map, "confidence": confidence}
