"""How sure a map is of each pixel: one band in percent, with a style for QGIS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import numpy as np

from hsidiff.calibrated import Calibrated
from hsidiff.contract import SceneClassifier
from hsidiff.files import write_whole
from hsidiff.maps.geotiff import (
    Grid,
    bands_writer,
    geotiff_path,
    open_raster_of_bands,
)
from hsidiff.maps.layer import Drawn, Write
from hsidiff.maps.legend import style_of_band, xml_document

NO_CONFIDENCE = 255
COLORS = ("#00224e", "#414d6b", "#7d7c78", "#bcae6c", "#fee838")
"""Five of cividis, which looks alike to people with and without a colour vision deficiency. Source:
Nunez, Anderton and Renslow, PLOS ONE 13 (2018)."""


@dataclass(frozen=True)
class ConfidenceLayer:
    """The probability of the mapped class, and its style beside it as ``.qml``: both or none.

    Attributes:
        path: ``*.tif``: one uint8 band in percent, 255 = invalid pixel.
    """

    path: Path
    name: ClassVar[str] = "confidence"

    def bands(self, model: SceneClassifier) -> tuple[int, np.dtype[Any]]:
        """One band."""
        return 1, np.dtype(np.uint8)

    def stored(self, model: SceneClassifier, drawn: Drawn) -> np.ndarray:
        """The largest of the probabilities in percent."""
        highest = drawn.probabilities.max(axis=-1, keepdims=True)
        return np.where(highest > 0, np.round(100 * highest), NO_CONFIDENCE).astype(np.uint8)

    @contextmanager
    def open(self, model: SceneClassifier, grid: Grid) -> Iterator[Write]:
        """Begin the files; the band says whether the model is calibrated."""
        is_calibrated = isinstance(model, Calibrated) and model.is_calibrated
        kind = "calibrated" if is_calibrated else "not calibrated"
        with open_confidence(self.path, grid, len(model.classes_), kind=kind) as write:
            yield write


@contextmanager
def open_confidence(
    path: str | Path, grid: Grid, n_classes: int, *, kind: str = "calibrated"
) -> Iterator[Write]:
    """Write the confidence, and its style beside it as ``.qml``: both or none.

    The band holds whole percents, 255 at invalid pixels, and says so itself: unit, description,
    nodata. The style goes from 1 / n_classes, below which no pixel can lie, to 100 %.

    Args:
        path: a name that ends in ``.tif`` or ``.tiff``.
        grid: shape and georeference.
        n_classes: how many classes share a pixel's probability.
        kind: "calibrated", or "not calibrated"; the description says it.

    Raises:
        SettingError: if the name is not that of a GeoTIFF.
        OSError: if it cannot be written, for lack of space, for example.
    """
    path, style_target = confidence_files(geotiff_path(path))
    profile = {"dtype": np.uint8, "count": 1, "nodata": NO_CONFIDENCE}
    with (
        write_whole(style_target) as style,
        open_raster_of_bands(path, grid, "average", **profile) as dataset,
    ):
        dataset.set_band_description(1, f"probability of the mapped class ({kind})")
        dataset.set_band_unit(1, "%")
        yield bands_writer(dataset)
        style.write_text(confidence_style(n_classes), encoding="utf-8")


def confidence_files(path: str | Path) -> tuple[Path, Path]:
    """What a confidence consists of: the band, and a style for QGIS."""
    path = Path(path)
    return path, path.with_suffix(".qml")


def confidence_style(n_classes: int) -> str:
    """The text of a ``.qml`` file: from dark blue at 1 / n_classes to yellow at 100 %."""
    lowest = ceil(100 / n_classes)
    values = np.linspace(lowest, 100, len(COLORS))
    root, renderer = style_of_band(
        "singlebandpseudocolor", classificationMin=f"{lowest}", classificationMax="100"
    )
    shader = ElementTree.SubElement(renderer, "rastershader")
    ramp = ElementTree.SubElement(
        shader,
        "colorrampshader",
        {"colorRampType": "INTERPOLATED", "classificationMode": "1", "clip": "0"},
        minimumValue=f"{lowest}",
        maximumValue="100",
    )
    for value, color in zip(values, COLORS, strict=True):
        label = f"{value:.0f} %"
        label += f" (as good as a guess among {n_classes})" if value == lowest else ""
        entry = {"value": f"{value:g}", "color": color, "label": label, "alpha": "255"}
        ElementTree.SubElement(ramp, "item", entry)
    return xml_document(root)
