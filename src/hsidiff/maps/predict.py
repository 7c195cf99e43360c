"""From a fitted classifier and a scene to files, in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError
from hsidiff.half_written import alone_in
from hsidiff.maps.classes import ClassLayer, ProbabilityLayer
from hsidiff.maps.doubt import NO_DOUBT, Doubt
from hsidiff.maps.drawing import Drawing
from hsidiff.maps.geotiff import geotiff_path
from hsidiff.maps.layer import Layer
from hsidiff.maps.tile_plan import DEFAULT_TILE_SIZE_PX, TilePlan
from hsidiff.maps.tile_store import TileStore, remove
from hsidiff.scenes.scene import Scene


@dataclass(frozen=True)
class Unfinished:
    """Where the tiles of a map are kept until all are done, and who draws them.

    Attributes:
        folder: kept if the work is stopped; the same call goes on with it, another is refused.
        identity: what the map depends on, JSON values by name: another map has another.
        draw: draws tiles by their numbers into the store in the folder, in other processes; None
            draws them in this one.
    """

    folder: Path
    identity: dict[str, Any] = field(default_factory=dict)
    draw: Callable[[Sequence[int]], None] | None = None


def predict_to_file(
    model: SceneClassifier,
    scene: Scene,
    path: str | Path,
    *,
    probabilities_path: str | Path | None = None,
    layers: Sequence[Layer] = (),
    doubt: Doubt = NO_DOUBT,
    tile_size: int = DEFAULT_TILE_SIZE_PX,
    area: np.ndarray | None = None,
    unfinished: Unfinished | None = None,
) -> None:
    """Map a scene tile by tile into a GeoTIFF; few tiles at a time are in memory.

    The files appear under their names when they are complete, and not at all if the run is
    stopped. The map is the same for any tile size, and whoever draws the tiles.

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
        tile_size: largest side of a tile in pixels, but a window of
            :meth:`~hsidiff.contract.SceneClassifier.map_windows` at least; not the map depends on
            it, but how much is done at a time.
        area: (rows, cols) bool, the pixels to map, see :func:`hsidiff.labels.area.read_area`; all
            others are as invalid ones, and windows without any are not computed. None maps all.
        unfinished: where tiles are kept if the work is stopped; None keeps nothing.

    Raises:
        ModelError: if the scene lacks bands, its values are in another unit, or the doubt asks for
            what was not learned.
        SettingError: if ``tile_size`` is not at least 1, a share of the doubt is not in (0, 1), or
            a path is not that of a new GeoTIFF, or another map was begun in the same folder.

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
    drawing = Drawing(model, scene, map_layers(path, probabilities_path, layers, doubt), area)
    _check_paths(scene, drawing.layers)
    plan, rasters = TilePlan.of(model, scene, tile_size), drawing.rasters()
    with _kept(Path(path), unfinished) as kept:
        # 1. Begin, or go on with what was begun; its tiles may have another size.
        store = TileStore.begin(kept.folder, plan, kept.identity, rasters)
        # 2. Draw the tiles that are missing.
        missing = [number for number in drawing.tiles(store.plan) if not store.is_done(number)]
        if kept.draw is None:
            drawing.draw(store, missing)
        else:
            kept.draw(missing)
        # 3. Make files of them.
        drawing.assemble(store)


def map_layers(
    path: str | Path,
    probabilities_path: str | Path | None,
    layers: Sequence[Layer],
    doubt: Doubt,
) -> list[Layer]:
    """All rasters of a map: its classes, what else is asked for, and the probabilities."""
    found: list[Layer] = [ClassLayer(Path(path), doubt), *layers]
    if probabilities_path is not None:
        found.append(ProbabilityLayer(Path(probabilities_path)))
    return found


@contextmanager
def _kept(path: Path, unfinished: Unfinished | None) -> Iterator[Unfinished]:
    """The folder of the tiles; it goes when all is done, and one that nobody named in any case."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if unfinished is None:
        with TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
            yield Unfinished(Path(folder))
        return
    told = "another command is drawing this map: wait for it, or choose another -o"
    with alone_in(unfinished.folder, told=told):
        yield unfinished
        remove(unfinished.folder)


def _check_paths(scene: Scene, layers: Sequence[Layer]) -> None:
    """Refuse names that are not GeoTIFFs, that coincide, or that would overwrite the scene."""
    targets = [geotiff_path(layer.path).resolve() for layer in layers]
    if len(set(targets)) < len(targets):
        raise SettingError(
            f"{layers[0].path}: map, probabilities and further layers need a name each"
        )
    for target in targets:
        if target in {file.resolve() for file in scene.files}:
            raise SettingError(f"{target} is the scene itself: choose another name for the map")
