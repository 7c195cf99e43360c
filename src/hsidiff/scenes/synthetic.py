"""The embedded scene: a farming landscape, generated, with what makes real scenes hard.

Nothing of it is measured. Spectra are parametric (:mod:`hsidiff.scenes.spectra`), the plan is drawn
(:mod:`hsidiff.scenes.landscape`). Each field, wood and roof has a spectrum of its own; soil shows
between plants; pixels mix what meets in them; light, striping, noise and gaps are added. Scores on
it say that a method works, not how well it does on a real scene.
"""

import itertools
from dataclasses import dataclass, field

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from scipy import ndimage

from hsidiff.errors import SettingError
from hsidiff.scenes.landscape import CELLS_PER_PX, Landscape, draw_landscape
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.spectra import MATERIALS, sample_spectrum

# Class ids count from 1 in this order: a smaller number of classes leaves out the last ones.
CLASSES = (
    ("water", "Water", "#2b6cb0"),
    ("wheat", "Winter wheat", "#7ccd5c"),
    ("maize", "Maize", "#c5d300"),
    ("ripe cereal", "Ripe cereal", "#f0c964"),
    ("meadow", "Meadow", "#3fae7a"),
    ("broadleaf", "Broadleaf wood", "#1b6b2f"),
    ("bare soil", "Bare soil", "#a5673f"),
    ("tiles", "Tiled roof", "#d1352b"),
    ("asphalt", "Asphalt", "#5b5b66"),
    ("conifer", "Conifer wood", "#0b3d3a"),
    ("concrete", "Concrete roof", "#c9c9c9"),
    ("sugar beet", "Sugar beet", "#a06bd1"),
    ("metal", "Metal roof", "#7fb5e6"),
    ("greenhouse", "Greenhouse", "#f08fc0"),
    ("stubble", "Stubble", "#e08a2e"),
    ("orchard", "Orchard", "#8a8b1f"),
)

NODATA = -32768
REFLECTANCE_PER_STEP = 1e-4
PIXEL_M = 5.0
# Water vapour leaves no light to measure here (nm).
VAPOUR_GAPS_NM = ((1345, 1435), (1795, 1955))


@dataclass(frozen=True)
class SyntheticScene:
    """A generated scene and what is known about it.

    Attributes:
        scene: the scene.
        label_values: (rows, cols) int32, class id of surveyed pure pixels, 0 elsewhere.
        class_names: class id to name.
        class_colors: class id to ``#rrggbb``.
    """

    scene: Scene
    label_values: np.ndarray = field(repr=False)
    class_names: dict[int, str]
    class_colors: dict[int, str]


def make_synthetic_scene(
    shape: tuple[int, int] = (120, 120),
    n_bands: int = 120,
    *,
    n_classes: int = 10,
    random_state: int = 0,
) -> SyntheticScene:
    """Generate a scene; the same arguments give the same bytes.

    Args:
        shape: rows, cols in pixels of 5 m, at least 96 each.
        n_bands: number of bands from 400 to 2450 nm, at least 1; those in the gaps of water vapour
            are noise and marked as bad.
        n_classes: number of classes, 8 to 16.
        random_state: seed.

    Raises:
        SettingError: if an argument is out of range.
    """
    _check(shape, n_bands, n_classes)
    # 1. Draw what lies where.
    landscape_seed, light_seed, sensor_seed = np.random.SeedSequence(random_state).spawn(3)
    materials = tuple(material for material, _, _ in CLASSES[:n_classes])
    land = draw_landscape(shape, materials, np.random.default_rng(landscape_seed))
    # 2. Light it and let the sensor measure it.
    wavelengths_nm = np.linspace(400.0, 2450.0, n_bands)
    reflectance = _reflectance(land, wavelengths_nm, np.random.default_rng(light_seed))
    good_bands = ~_in_vapour_gap(wavelengths_nm)
    sensor_rng = np.random.default_rng(sensor_seed)
    measured = _measure(reflectance, wavelengths_nm, good_bands, sensor_rng)
    # 3. Store it as a product would be, and label what was surveyed.
    invalid = _invalid_pixels(shape, sensor_rng)
    stored = np.clip(np.round(measured / REFLECTANCE_PER_STEP), -32767, 32767).astype(np.int16)
    stored[invalid] = NODATA
    scene = Scene(
        name="synthetic",
        source=ArraySource(stored),
        good_bands=good_bands,
        file_wavelengths_nm=wavelengths_nm,
        nodata=NODATA,
        scale=REFLECTANCE_PER_STEP,
        crs=CRS.from_epsg(32633),
        transform=Affine(PIXEL_M, 0.0, 364000.0, 0.0, -PIXEL_M, 5810000.0),
    )
    labels = np.where(invalid, 0, _labels(land, materials))
    classes = list(enumerate(CLASSES[:n_classes], start=1))
    names = {class_id: name for class_id, (_, name, _) in classes}
    colors = {class_id: color for class_id, (_, _, color) in classes}
    return SyntheticScene(scene, labels.astype(np.int32), names, colors)


def _check(shape: tuple[int, int], n_bands: int, n_classes: int) -> None:
    if min(shape) < 96:
        raise SettingError(f"shape={shape}: a landscape needs at least 96 rows and columns")
    if n_bands < 1:
        raise SettingError(f"n_bands={n_bands}: must be at least 1")
    if not 8 <= n_classes <= len(CLASSES):
        raise SettingError(f"n_classes={n_classes}: must lie in 8..{len(CLASSES)}")


def _in_vapour_gap(wavelengths_nm: np.ndarray) -> np.ndarray:
    """(n_bands,) bool, True where water vapour absorbs all light."""
    gaps = [(low <= wavelengths_nm) & (wavelengths_nm <= high) for low, high in VAPOUR_GAPS_NM]
    return np.any(gaps, axis=0)


def _reflectance(
    land: Landscape, wavelengths_nm: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Apparent reflectance (rows, cols, n_bands) before the sensor."""
    plants = np.array([sample_spectrum(MATERIALS[m], wavelengths_nm, rng) for m in land.materials])
    grounds = np.array(
        [sample_spectrum(MATERIALS["bare soil"], wavelengths_nm, rng) for _ in land.materials]
    )
    cover, brightness = _cover_and_brightness(land, rng)
    every = [slice(start, None, CELLS_PER_PX) for start in range(CELLS_PER_PX)]
    total = np.zeros((*land.shape_px, len(wavelengths_nm)))
    for cells in itertools.product(every, every):
        objects = land.objects[cells]
        share, light = cover[cells][..., None], brightness[cells][..., None]
        total += light * (share * plants[objects] + (1 - share) * grounds[objects])
    mixed = total / CELLS_PER_PX**2
    haze = ndimage.gaussian_filter(rng.normal(size=mixed.shape[:2]), 25, mode="reflect")
    slope = ndimage.gaussian_filter(rng.normal(size=mixed.shape[:2]), 10, mode="reflect")
    lit = mixed * (1 + 0.06 * slope / slope.std() + 0.03 * haze / haze.std())[..., None]
    # Light from the neighbours (optics and adjacency) reaches each pixel.
    return ndimage.gaussian_filter(lit, (0.45, 0.45, 0))


def _cover_and_brightness(
    land: Landscape, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Share of the ground that plants cover, and brightness; both (cell rows, cell cols)."""
    used = [MATERIALS[material] for material in land.materials]
    mean = np.array([m.cover + (m.cover < 1) * rng.normal(0, 0.05) for m in used])
    patchiness = np.array([m.patchiness for m in used])
    contrast = np.array([m.row_contrast for m in used])
    roughness = np.array([m.roughness for m in used])
    gain = np.exp(rng.normal(0, 0.06, len(used)))
    objects, angles = land.objects, np.array(land.angles)
    across = land.rows * np.cos(angles[objects]) - land.cols * np.sin(angles[objects])
    patches = ndimage.gaussian_filter(rng.normal(size=objects.shape), 4 * CELLS_PER_PX)
    crowns = ndimage.gaussian_filter(rng.normal(size=objects.shape), 0.45 * CELLS_PER_PX)
    cover = mean[objects] + patchiness[objects] * patches / patches.std()
    # Rows five pixels apart: tramlines and alleys, not the single rows, show at this resolution.
    cover -= contrast[objects] * (1 + np.cos(2 * np.pi * across / 5.0))
    texture = 1 + roughness[objects] * crowns / crowns.std()
    brightness = gain[objects] * np.clip(texture, 0.3, None) * land.sunlit
    return np.clip(cover, 0.0, 1.0), brightness


def _measure(
    reflectance: np.ndarray,
    wavelengths_nm: np.ndarray,
    good_bands: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """What the sensor makes of it: column striping, noise that grows in SWIR, empty gaps."""
    n_cols, n_bands = reflectance.shape[1:]
    gain = 1 + rng.normal(0, 0.006, (n_cols, n_bands)) + rng.normal(0, 0.004, (n_cols, 1))
    offset = rng.normal(0, 0.0015, (n_cols, n_bands))
    swir = np.clip((wavelengths_nm - 1000) / 1450, 0, 1)
    blue = np.clip((500 - wavelengths_nm) / 100, 0, 1)
    noise_level = 0.011 + 0.012 * swir + 0.005 * blue
    noise = rng.normal(size=reflectance.shape) * noise_level
    signal = np.where(good_bands, reflectance * gain + offset, 0.0)
    return signal + noise


def _invalid_pixels(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """(rows, cols) bool: the corner outside the tilted flight line, and two dropped lines."""
    rows, cols = np.indices(shape)
    corner = rows / shape[0] + cols / shape[1] * 5.0 < 0.5
    dropped = np.isin(rows, rng.choice(shape[0], 2, replace=False))
    return corner | dropped


def _labels(land: Landscape, materials: tuple[str, ...]) -> np.ndarray:
    """(rows, cols) class ids of pixels whose cells are all of one surveyed class, in the sun."""
    ids = {material: class_id for class_id, material in enumerate(materials, start=1)}
    of_object = np.array(
        [ids.get(m, 0) * known for m, known in zip(land.materials, land.labelled, strict=True)]
    )
    cells = np.where(land.sunlit == 1.0, of_object[land.objects], 0)
    n_rows, n_cols = land.shape_px
    pixels = cells.reshape(n_rows, CELLS_PER_PX, n_cols, CELLS_PER_PX)
    pure = pixels.min(axis=(1, 3)) == pixels.max(axis=(1, 3))
    return np.where(pure, pixels.max(axis=(1, 3)), 0)
