"""The confidence of a map whose small patches were given other classes."""

from pathlib import Path

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.confidence import ConfidenceLayer
from hsidiff.maps.geotiff import PROBABILITY_STEPS, READ_SIZE_PX, Grid
from hsidiff.scenes.formats.gdal import of_rasterio, open_raster
from hsidiff.windows.tiles import tile_windows


def follow_classes(
    model: SceneClassifier, before: LabelMap, after: LabelMap, path: Path, probabilities_path: Path
) -> None:
    """Let the confidence speak of the class that each pixel shows now.

    A pixel that got another class gets the probability of that class, most often a low one; it is
    known in steps of 1/250. One that is "not sure" or "none of these" now has no probability of
    its own and keeps that of its most probable class, as all such pixels have it.

    Args:
        model: the classifier that drew the map.
        before: the map as it was drawn.
        after: the map as it is now.
        path: the confidence of the map as it was drawn, which is replaced, whole or not at all.
        probabilities_path: the probabilities of the classes.
    """
    ids = np.array([land_class.id for land_class in model.classes_])
    grid = Grid(after.shape, after.crs, after.transform)
    with (
        open_raster(path, "GTiff") as confidence,
        open_raster(probabilities_path, "GTiff") as probabilities,
        ConfidenceLayer(path).open(model, grid) as write,
    ):
        for window in tile_windows(after.shape, READ_SIZE_PX):
            part = of_rasterio(window)
            percents = confidence.read(1, window=part)
            shown = after.values[window.slices]
            rows, cols = np.nonzero((shown != before.values[window.slices]) & np.isin(shown, ids))
            if rows.size:
                bands = np.searchsorted(ids, shown[rows, cols])
                stored = probabilities.read(window=part)[bands, rows, cols]
                percents[rows, cols] = np.round(stored * (100 / PROBABILITY_STEPS))
            write(window, percents[..., None])
