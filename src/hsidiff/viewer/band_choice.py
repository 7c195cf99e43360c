"""Which bands a picture shows: by wavelength, where the scene has any."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hsidiff.errors import SettingError
from hsidiff.report.pictures import FALSE_COLOUR_NM, FALSE_COLOUR_PARTS, FARTHEST_BAND_NM
from hsidiff.scenes.scene import Scene

# Red, green and blue as remote sensing draws them; the last two show bare soil, burns and water.
WAVELENGTHS_NM = {
    "True colour": (640.0, 550.0, 470.0),
    "Colour infrared": FALSE_COLOUR_NM,
    "Short-wave infrared": (2200.0, 1650.0, 660.0),
    "Agriculture": (1610.0, 850.0, 480.0),
}


@dataclass(frozen=True)
class BandChoice:
    """A named choice of three bands.

    Attributes:
        name: what people call it.
        numbers: numbers, from 1 as the field counts them, of the bands of the file that are shown
            as red, green and blue.
    """

    name: str
    numbers: tuple[int, int, int]


def band_choices(scene: Scene) -> list[BandChoice]:
    """The choices that the bands of a scene allow, at least one."""
    indices, wavelengths = scene.band_indices, scene.wavelengths_nm
    choices = []
    if wavelengths is not None:
        for name, wanted in WAVELENGTHS_NM.items():
            distances = np.abs(np.subtract.outer(wanted, wavelengths))
            if distances.min(axis=1).max() <= FARTHEST_BAND_NM:
                choices.append(_choice(name, indices[distances.argmin(axis=1)]))
    if not choices:
        parts = [round(part * (scene.n_bands - 1)) for part in FALSE_COLOUR_PARTS]
        choices.append(_choice("Spread over the bands", indices[parts]))
    return choices


def _choice(name: str, indices: Any) -> BandChoice:
    red, green, blue = (int(index) + 1 for index in indices)
    return BandChoice(name, (red, green, blue))


def checked_bands(scene: Scene, text: str) -> tuple[int, int, int]:
    """Indices, from 0, of the bands of the file that ``"30,20,10"`` names.

    Raises:
        SettingError: if it is no list of three usable bands.
    """
    usable = {str(index + 1): int(index) for index in scene.band_indices}
    numbers = text.split(",")
    if len(numbers) != 3 or not usable.keys() >= set(numbers):
        raise SettingError(f"bands={text[:40]!r}: expected numbers of three usable bands: 30,20,10")
    red, green, blue = (usable[number] for number in numbers)
    return red, green, blue
