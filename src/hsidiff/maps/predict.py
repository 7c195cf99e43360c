"""From a fitted classifier and a scene to files, in bounded memory."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError
from hsidiff.maps.doubt import NO_DOUBT, Doubt
from hsidiff.maps.geotiff import Grid, geotiff_path, open_class_map, open_probabilities
from hsidiff.maps.layer import Layer
from hsidiff.maps.tile_size import tile_size_within_memory
from hsidiff.scenes.scene import Scene


def predict_to_file(
    model: SceneClassifier,
    scene: Scene,
    path: str | Path,
    *,
    probabilities_path: str | Path | None = None,
    layers: Sequence[Layer] = (),
    doubt: Doubt = NO_DOUBT,
    tile_size: int | None = None,
    area: np.ndarray | None = None,
) -> None:
    """Map a scene tile by tile into a GeoTIFF; few tiles at a time are in memory.

    The files appear under their names when they are complete, and not at all if the run is
    stopped. Tiles do not depend on each other, so their order does not matter.

    Args:
        model: a fitted classifier.
        scene: a scene with the bands that the classifier was fitted on, found by wavelength: see
            :meth:`~hsidiff.contract.SceneClassifier.check_scene`.
        path: the map, ``*.tif``: class ids, 0 = invalid pixel, with colours. Beside it come
            ``<path>.aux.xml`` (class names for GDAL) and ``*.qml`` (style for QGIS).
        probabilities_path: where to write the probabilities, ``*.tif``: one uint8 band per class,
            scale 1/250, 255 = invalid pixel; None writes none.
        layers: what else is to be made of the probabilities: a
            :class:`~hsidiff.maps.confidence.ConfidenceLayer`, for example.
        doubt: which pixels get "not sure" or "none of these" in place of a class.
        tile_size: largest side of a tile in pixels; it changes memory and speed, not the map.
            None takes the largest that :func:`hsidiff.memory.limited_to` allows.
        area: (rows, cols) bool, the pixels to map, see :func:`hsidiff.labels.area.read_area`; all
            others are as invalid ones, and tiles without any are not computed. None maps all.

    Raises:
        ModelError: if the scene lacks bands, its values are in another unit, or the doubt asks for
            what was not learned.
        SettingError: if ``tile_size`` is not at least 1, a share of the doubt is not in (0, 1), or
            a path is not that of a new GeoTIFF.

    Example:
        >>> import hsidiff
        >>> scene = hsidiff.open_scene("scene.tif")
        >>> labels = hsidiff.read_labels("labels.gpkg", scene)
        >>> model = hsidiff.SpectralDiff(pretrain_steps=2, head="linear").fit(scene, labels)
        >>> hsidiff.predict_to_file(model, scene, "map.tif")
        >>> hsidiff.open_scene("map.tif").shape
        (40, 50)
    """
    scene = model.check_scene(scene)
    doubt.check(model)
    if tile_size is None:
        tile_size = tile_size_within_memory(model, scene)
    windows = model.map_windows(scene, tile_size)
    if area is not None:
        windows = [window for window in windows if area[window.slices].any()]
    _check_paths(scene, path, probabilities_path, *(layer.path for layer in layers))
    grid = Grid(scene.shape, scene.crs, scene.transform)
    with ExitStack() as files:
        legend = (*model.classes_, *doubt.classes(model))
        class_map = files.enter_context(open_class_map(path, grid, legend))
        writes = [files.enter_context(layer.open(model, grid)) for layer in layers]
        if probabilities_path is not None:
            opened = open_probabilities(probabilities_path, grid, model.classes_)
            writes.append(files.enter_context(opened).write)
        for window, everywhere in model.predict_proba_windows(scene, windows):
            inside = True if area is None else area[window.slices][..., None]
            probabilities = np.where(inside, everywhere, 0)
            spectra = None if doubt.false_alarms is None else scene.read(window)
            class_map.write(window, doubt.applied(model, probabilities, spectra))
            for write in writes:
                write(window, probabilities)


def _check_paths(scene: Scene, path: str | Path, *others: str | Path | None) -> None:
    """Refuse names that are not GeoTIFFs, that coincide, or that would overwrite the scene."""
    targets = [geotiff_path(p).resolve() for p in (path, *others) if p is not None]
    if len(set(targets)) < len(targets):
        raise SettingError(f"{path}: map, probabilities and further layers need a name each")
    for target in targets:
        if target in {file.resolve() for file in scene.files}:
            raise SettingError(f"{target} is the scene itself: choose another name for the map")
