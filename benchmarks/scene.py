"""The generated scene that the rows work on, of the size of Indian Pines."""

from dataclasses import replace

import numpy as np

from benchmarks.sizes import Sizes
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.synthetic import make_synthetic_scene


def embedded(sizes: Sizes) -> tuple[Scene, LabelMap]:
    """The embedded scene with all of its bands in use, and its labels.

    Bands in the gaps of water vapour are noise; networks of a paper's size are to see so many.
    """
    side = sizes.scene_px
    made = make_synthetic_scene((side, side), sizes.n_bands, n_classes=sizes.n_classes)
    scene = replace(made.scene, good_bands=np.ones(sizes.n_bands, dtype=bool))
    return scene, LabelMap.from_array(made.label_values, made.class_names, made.class_colors)
