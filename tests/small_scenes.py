"""The small scenes of :mod:`hsidiff.testing`."""

from hsidiff.testing.small_scenes import (
    FIELD_PX,
    N_COVERS,
    scene_of,
    small_cube,
    small_fields,
    small_invalid,
    small_labels,
    small_scene,
)

__all__ = [
    "FIELD_PX",
    "N_COVERS",
    "scene_of",
    "small_cube",
    "small_fields",
    "small_invalid",
    "small_labels",
    "small_scene",
]
