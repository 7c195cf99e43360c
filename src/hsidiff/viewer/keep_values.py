"""Learn a scene without labels, once, and keep what is known of each pixel.

What the labels then teach is a small head alone, so a map follows them while they are drawn.
"""

from typing import Any

import numpy as np

from hsidiff.amounts import in_bytes
from hsidiff.catalog import CLASSIFIERS, DEFAULT_METHOD
from hsidiff.errors import SceneError
from hsidiff.files import write_json, write_whole_folder
from hsidiff.kinds import widths_of
from hsidiff.progress import track
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.viewer.kept_values import ABOUT
from hsidiff.windows.tiles import even_tile_windows, read_with_halo

PROFILE, TILE_PX = "fast", 112
MAX_BYTES = 4_000_000_000


def keep_values(task: dict[str, Any]) -> None:
    """Train the denoiser of the default method on a scene, and keep its values of all pixels.

    Args:
        task: ``scene`` (arguments of :func:`open_scene`), ``pretrain_steps`` (None leaves those of
            the profile), ``seed``, ``out`` (the folder that appears).

    Raises:
        SceneError: if the values of so many pixels would not fit.
    """
    scene = open_scene(**task["scene"])
    values = CLASSIFIERS[DEFAULT_METHOD].profiles[PROFILE].new_values(task["pretrain_steps"])
    values.configure(task["seed"], "auto")
    n_values = sum(widths_of(values.kinds(scene.n_bands)))
    _check_size(scene, n_values)
    values.learn(scene, None)
    kinds = values.kinds(scene.n_bands)
    with write_whole_folder(task["out"]) as folder:
        kept = np.lib.format.open_memmap(
            folder / "values.npy", "w+", np.float32, (*scene.shape, sum(widths_of(kinds)))
        )
        windows = even_tile_windows(scene.shape, TILE_PX)
        for window in track(windows, "values", len(windows)):
            cube = read_with_halo(scene, window, values.halo_px)
            of_window = values.of_window(cube, window)
            halo = values.halo_px
            middle = cube[halo : halo + window.n_rows, halo : halo + window.n_cols, :1]
            kept[window.slices] = np.where(np.isfinite(middle), of_window, np.nan)
        kept.flush()
        write_json(folder / ABOUT, {"kinds": kinds, "halo_px": values.halo_px})


def _check_size(scene: Scene, n_values: int) -> None:
    n_bytes = scene.shape[0] * scene.shape[1] * n_values * 4
    if n_bytes > MAX_BYTES:
        raise SceneError(
            f"{scene.name}: what is known of its pixels would take {in_bytes(n_bytes)}: "
            "train maps instead, or look at a part of the scene"
        )
