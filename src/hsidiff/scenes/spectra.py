"""Reflectance spectra of land-cover materials from parametric forms.

Imitations, not measurements: a smooth continuum times Beer-Lambert absorptions with Gaussian
bands. The forms put the absorptions where they are in nature and let them grow and saturate as
they do there; depths and widths are set by eye. Positions of bands follow

* Curran 1989, Remote Sensing of Environment 30, 271-278 (chlorophyll, water, cellulose, lignin),
* Jacquemoud and Baret 1990, Remote Sensing of Environment 34, 75-91 (PROSPECT: leaf reflectance as
  a plateau under chlorophyll, water and dry matter; here without its plates),
* Clark 1999, Manual of Remote Sensing 3, 3-58 (iron oxides, clay, carbonate, hydrocarbons),
* Lobell and Asner 2002, Soil Science Society of America Journal 66, 722-727 (moisture darkens soil
  exponentially),
* Pope and Fry 1997, Applied Optics 36, 8710-8723 (water absorbs ever more from green to red),
* Herold et al. 2004, IEEE Transactions on Geoscience and Remote Sensing 42, 1907-1919 (asphalt,
  concrete, tiles, metal).

All functions take wavelengths in nm and give reflectance (n_bands,), 0 to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Centre in nm, standard deviation in nm, relative strength of each band.
CHLOROPHYLL = ((430, 45, 0.9), (480, 25, 0.5), (555, 55, 0.35), (620, 30, 0.3), (672, 22, 1.0))
LIQUID_WATER = (
    (970, 25, 0.08), (1200, 35, 0.2), (1450, 55, 0.8), (1940, 70, 1.2), (2000, 380, 0.9),
    (2600, 200, 1.2),
)  # fmt: skip
DRY_MATTER = ((1730, 30, 0.4), (2100, 50, 1.0), (2310, 40, 0.8))
IRON_OXIDE = ((500, 70, 1.0), (870, 80, 0.35))
FIRED_CLAY = ((870, 80, 1.0), (2205, 25, 0.2))
CLAY = ((1410, 15, 0.4), (2205, 22, 1.0))
CARBONATE = ((2335, 28, 1.0),)
HYDROCARBON = ((1210, 15, 0.4), (1730, 18, 1.0), (2310, 25, 1.4))


def _absorption(
    wavelengths_nm: np.ndarray, bands: tuple[tuple[float, float, float], ...]
) -> np.ndarray:
    """Sum of the Gaussian bands, as an absorbance (n_bands,)."""
    centers, widths, strengths = np.transpose(bands)
    distance = (wavelengths_nm[:, None] - centers) / widths
    return (strengths * np.exp(-0.5 * distance**2)).sum(axis=1)


def vegetation(
    wavelengths_nm: np.ndarray, *, nir: float, chlorophyll: float, water: float, dry: float
) -> np.ndarray:
    """A canopy without gaps: a plateau of ``nir`` under chlorophyll, water and dry matter.

    Strong chlorophyll saturates its band and so moves the red edge to longer wavelengths. Gives
    reflectance, like all forms here: (bands,) for ``wavelengths_nm`` (bands,), about 0 to 1.
    """
    absorbance = chlorophyll * _absorption(wavelengths_nm, CHLOROPHYLL)
    absorbance += water * _absorption(wavelengths_nm, LIQUID_WATER)
    absorbance += dry * _absorption(wavelengths_nm, DRY_MATTER)
    # Pigments other than chlorophyll, brown ones above all, absorb less and less towards red.
    absorbance += (0.9 + dry) * np.exp(-(wavelengths_nm - 400) / 160)
    return nir * np.exp(-absorbance)


def soil(
    wavelengths_nm: np.ndarray, *, brightness: float, moisture: float, iron: float, clay: float
) -> np.ndarray:
    """Bare soil: rises towards SWIR, darkened by moisture, with iron, clay and water bands."""
    continuum = brightness * (1 - np.exp(-(wavelengths_nm - 250) / 450))
    absorbance = moisture * (0.7 + 0.5 * _absorption(wavelengths_nm, LIQUID_WATER))
    absorbance += iron * _absorption(wavelengths_nm, IRON_OXIDE)
    absorbance += clay * _absorption(wavelengths_nm, CLAY)
    return continuum * np.exp(-absorbance)


def water_body(wavelengths_nm: np.ndarray, *, brightness: float, turbidity: float) -> np.ndarray:
    """Open water: an exponential decay, with a bump in green and red where it is turbid."""
    clear = brightness * np.exp(-(wavelengths_nm - 400) / 170)
    return 0.004 + clear + turbidity * _absorption(wavelengths_nm, ((580, 70, 1.0), (810, 25, 0.3)))


def asphalt(wavelengths_nm: np.ndarray, *, brightness: float, tar: float) -> np.ndarray:
    """Asphalt: dark, rising gently, with faint hydrocarbon bands that fade with age."""
    continuum = brightness * (0.75 + 0.35 * (1 - np.exp(-(wavelengths_nm - 400) / 700)))
    return continuum * np.exp(-tar * _absorption(wavelengths_nm, HYDROCARBON))


def concrete(wavelengths_nm: np.ndarray, *, brightness: float, carbonate: float) -> np.ndarray:
    """Concrete: bright and flat, with carbonate and bound water."""
    continuum = brightness * (1 - 0.6 * np.exp(-(wavelengths_nm - 300) / 150))
    absorbance = carbonate * _absorption(wavelengths_nm, CARBONATE)
    absorbance += 0.12 * _absorption(wavelengths_nm, LIQUID_WATER)
    return continuum * np.exp(-absorbance)


def clay_tile(wavelengths_nm: np.ndarray, *, brightness: float, iron: float) -> np.ndarray:
    """Red clay tiles: the steep rise of iron oxide in green, its band at 870 nm, fired clay."""
    rise = 1 / (1 + np.exp(-(wavelengths_nm - 590) / 28))
    continuum = brightness * (0.18 + 0.62 * rise + 0.2 * (wavelengths_nm - 400) / 2050)
    return continuum * np.exp(-iron * _absorption(wavelengths_nm, FIRED_CLAY))


def metal_sheet(wavelengths_nm: np.ndarray, *, brightness: float, paint: float) -> np.ndarray:
    """Metal roofing: flat, falling slowly, under paint with hydrocarbon bands."""
    continuum = brightness * (1 - 0.25 * (wavelengths_nm - 400) / 2050)
    absorbance = paint * _absorption(wavelengths_nm, ((640, 90, 0.5), *HYDROCARBON))
    return continuum * np.exp(-absorbance)


def plastic_film(wavelengths_nm: np.ndarray, *, brightness: float, film: float) -> np.ndarray:
    """Greenhouse film over plants: a bright green canopy under hydrocarbon bands."""
    canopy = vegetation(wavelengths_nm, nir=1.0, chlorophyll=0.7, water=0.4, dry=0.1)
    veil = 0.55 + 0.45 * canopy
    return brightness * veil * np.exp(-film * _absorption(wavelengths_nm, HYDROCARBON))


@dataclass(frozen=True)
class Material:
    """A material and how much it varies.

    Attributes:
        form: one of the functions above.
        parameters: their typical values.
        spread: relative standard deviation of each parameter from object to object.
        cover: typical share of the ground that it covers; soil shows in the rest.
        patchiness: standard deviation of the cover within an object, over tens of metres.
        roughness: relative standard deviation of brightness from pixel to pixel (tree crowns).
        row_contrast: how much the cover drops between planted rows.
    """

    form: Callable[..., np.ndarray]
    parameters: dict[str, float]
    spread: float = 0.1
    cover: float = 1.0
    patchiness: float = 0.0
    roughness: float = 0.02
    row_contrast: float = 0.0


def _plants(
    nir: float, chlorophyll: float, water: float, dry: float, **variation: float
) -> Material:
    parameters = {"nir": nir, "chlorophyll": chlorophyll, "water": water, "dry": dry}
    return Material(vegetation, parameters, **{"spread": 0.06, **variation})


def _soil(brightness: float, moisture: float, iron: float, clay: float) -> Material:
    parameters = {"brightness": brightness, "moisture": moisture, "iron": iron, "clay": clay}
    return Material(soil, parameters, spread=0.12, roughness=0.04)


MATERIALS = {
    "water": Material(water_body, {"brightness": 0.05, "turbidity": 0.02}, spread=0.3),
    "wheat": _plants(0.46, 2.4, 0.8, 0.12, cover=0.88, patchiness=0.08),
    "maize": _plants(0.43, 2.6, 1.0, 0.16, cover=0.76, patchiness=0.09, row_contrast=0.1),
    "ripe cereal": _plants(0.4, 0.35, 0.2, 0.45, cover=0.68, patchiness=0.12),
    "meadow": _plants(0.43, 1.8, 0.68, 0.22, cover=0.85, patchiness=0.1, roughness=0.06),
    "broadleaf": _plants(0.44, 2.5, 0.75, 0.17, cover=0.97, roughness=0.16),
    "bare soil": _soil(0.36, 0.5, 0.5, 0.2),
    "tiles": Material(clay_tile, {"brightness": 0.36, "iron": 0.2}, spread=0.15, roughness=0.06),
    "asphalt": Material(asphalt, {"brightness": 0.14, "tar": 0.06}, spread=0.18, roughness=0.04),
    "conifer": _plants(0.33, 2.7, 0.8, 0.22, cover=0.96, roughness=0.18),
    "concrete": Material(concrete, {"brightness": 0.32, "carbonate": 0.15}, spread=0.15),
    "sugar beet": _plants(0.52, 2.2, 1.0, 0.1, cover=0.85, patchiness=0.08, row_contrast=0.06),
    "metal": Material(metal_sheet, {"brightness": 0.38, "paint": 0.12}, spread=0.18),
    "greenhouse": Material(plastic_film, {"brightness": 0.5, "film": 0.18}, roughness=0.05),
    "stubble": _plants(0.38, 0.15, 0.1, 0.6, cover=0.5, patchiness=0.1, row_contrast=0.08),
    "orchard": _plants(0.43, 2.4, 0.7, 0.17, cover=0.6, roughness=0.08, row_contrast=0.35),
    "garden": _plants(0.42, 2.0, 0.6, 0.22, cover=0.75, spread=0.1, roughness=0.15),
    "track": _soil(0.4, 0.15, 0.35, 0.15),
}


def sample_spectrum(
    material: Material, wavelengths_nm: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(bands,) reflectance, 0 to 1, of an object: parameters lognormal around the material's."""
    factors = np.exp(rng.normal(0.0, material.spread, len(material.parameters)))
    drawn = zip(material.parameters.items(), factors, strict=True)
    parameters = {name: float(value * factor) for (name, value), factor in drawn}
    return np.clip(material.form(wavelengths_nm, **parameters), 0.0, 1.0)
