"""What a scene is, the spectra of its pixels, and the means of those that are labelled."""

from functools import lru_cache
from typing import Any

import numpy as np

from hsidiff.errors import MissingFileError
from hsidiff.labels.grid import crs_name
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.viewer.band_choice import band_choices
from hsidiff.viewer.label_store import LabelStore
from hsidiff.viewer.scene_tiles import largest_step
from hsidiff.windows.gather import gather_spectra

MAX_MEAN_PIXELS = 200
"""The mean spectrum of a class is that of so many of its labels at most."""


class Spectra:
    """A scene and its labels as numbers per band of the file."""

    def __init__(self, scene: Scene, labels: LabelStore) -> None:
        self.scene, self.labels = scene, labels
        self._means = lru_cache(4)(self._means_of)

    def about(self) -> dict[str, Any]:
        """The scene: shape, bands, choices of bands."""
        scene = self.scene
        wavelengths = _completed(scene.file_wavelengths_nm)
        bands = [
            {
                "number": index + 1,
                "is_good": bool(is_good),
                "nm": None if wavelengths is None else _number(wavelengths[index]),
            }
            for index, is_good in enumerate(scene.good_bands)
        ]
        return {
            "name": scene.name,
            "rows": scene.shape[0],
            "cols": scene.shape[1],
            "bands": bands,
            "crs": None if scene.crs is None else crs_name(scene.crs),
            "transform": None if scene.transform is None else list(scene.transform)[:6],
            "largest_step": largest_step(scene.shape),
            "choices": [vars(choice) for choice in band_choices(scene)],
        }

    def spectrum(self, row: int, col: int) -> list[float | None]:
        """The spectrum of a pixel, one number per band of the file; None for a gap.

        Raises:
            MissingFileError: if the pixel is not in the scene.
        """
        if not (0 <= row < self.scene.shape[0] and 0 <= col < self.scene.shape[1]):
            raise MissingFileError(f"pixel ({row}, {col}): the scene has no such pixel")
        return self._over_all_bands(self.scene.read(Window(row, col, 1, 1))[0, 0])

    def class_means(self) -> dict[str, list[float | None]]:
        """The mean spectrum of the labels of each class that has any, by class id."""
        return self._means(self.labels.version)

    def _means_of(self, version: int) -> dict[str, list[float | None]]:
        labels = self.labels.label_map()
        samples = gather_spectra(self.scene, _thinned_labels(labels))
        return {
            str(class_id): self._over_all_bands(
                samples.values[samples.class_ids == class_id].mean(axis=0)
            )
            for class_id in np.unique(samples.class_ids)
        }

    def _over_all_bands(self, values: np.ndarray) -> list[float | None]:
        whole = np.full(len(self.scene.good_bands), np.nan)
        whole[self.scene.band_indices] = values
        return [_number(value) for value in whole]


def _thinned_labels(labels: LabelMap) -> LabelMap:
    """At most so many labels of each class as a mean needs, drawn evenly."""
    keep = np.zeros(labels.shape, dtype=bool)
    for land_class in labels.classes:
        pixels = np.argwhere(labels.values == land_class.id)
        chosen = pixels[:: max(len(pixels) // MAX_MEAN_PIXELS, 1)]
        keep[chosen[:, 0], chosen[:, 1]] = True
    return labels.keeping(keep)


def _completed(wavelengths: np.ndarray | None) -> np.ndarray | None:
    """Wavelengths of all bands of a file, also where it leaves out those of bad bands."""
    if wavelengths is None:
        return None
    known, numbers = np.isfinite(wavelengths), np.arange(len(wavelengths))
    return np.interp(numbers, numbers[known], wavelengths[known]) if known.any() else None


def _number(value: float) -> float | None:
    """A number as JSON knows it."""
    return float(value) if np.isfinite(value) else None
