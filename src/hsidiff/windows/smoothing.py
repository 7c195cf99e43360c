"""Class probabilities smoothed along the edges of the scene.

Source: X. Kang, S. Li, J. A. Benediktsson, "Spectral-Spatial Hyperspectral Image Classification
With Edge-Preserving Filtering", IEEE TGRS 52 (2014), doi 10.1109/TGRS.2013.2264508: each class's
probabilities are an image of their own, filtered with the scene's first three principal components
as the guide; then each pixel takes the class that is the most probable (their EPF-G-c).

Where we differ: they filter the classes of a map, 0 or 1; here probabilities are filtered, so that
a doubtful pixel has less to say. Components have unit variance, so that eps means the same on every
scene, and no single bright pixel sets the scale.
"""

import numpy as np

from hsidiff.scenes.scene import Scene
from hsidiff.windows.guided_filter import guided_filter
from hsidiff.windows.statistics import PrincipalComponents, scene_moments

N_GUIDE_COMPONENTS = 3
GUIDE_LIMIT = 10.0
"""The guide is cut at plus and minus this many standard deviations: whatever lies beyond is an edge
anyway, and its square would cost the others their digits."""


def find_guide(scene: Scene, region: np.ndarray | None) -> PrincipalComponents:
    """The first three whitened components of a scene; fewer, where it has fewer.

    Args:
        scene: the scene.
        region: (rows, cols) bool, the pixels that may be seen; None allows all.

    Raises:
        SceneError: if no such pixel is valid, or a usable band holds one value only.
    """
    moments = scene_moments(scene, region)
    return PrincipalComponents.from_moments(moments, N_GUIDE_COMPONENTS, whiten=True)


def smooth_probabilities(
    probabilities: np.ndarray, cube: np.ndarray, guide: PrincipalComponents, radius_px: int
) -> np.ndarray:
    """Smooth class probabilities along the edges of the scene.

    The filter may leave 0..1 a little at an edge. What is below 0 becomes 0, and the others are
    divided by their sum.

    Args:
        probabilities: (rows, cols, n_classes), summing to 1 at valid pixels.
        cube: (rows, cols, n_bands) float32, their spectra; NaN in all bands of an invalid pixel.
        guide: what :func:`find_guide` found.
        radius_px: of the filter's windows.

    Returns:
        (rows, cols, n_classes) float32; 0 where invalid. Those up to twice the radius from the
        border of the array lack neighbours, unless it is the border of the scene.
    """
    valid = np.isfinite(cube).all(axis=-1)
    # Rounded to float32, the guide of a pixel is the same in every tile.
    seen = guide.project(cube.astype(np.float64)).astype(np.float32)
    seen = seen.clip(-GUIDE_LIMIT, GUIDE_LIMIT)
    smoothed = guided_filter(probabilities, seen, valid, radius_px).clip(min=0)
    sums = smoothed.sum(axis=-1, keepdims=True)
    return (smoothed / np.where(valid[..., None], sums, 1)).astype(np.float32)
