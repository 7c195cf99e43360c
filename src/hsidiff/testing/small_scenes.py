"""Small scenes of three land covers in sharp square fields, made in memory."""

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import ArraySource, Scene

FIELD_PX = 10
N_COVERS = 3
ODD_SHAPE = (37, 70)
"""Rows and columns that no tile divides."""


def small_fields(shape: tuple[int, int] = (40, 50)) -> np.ndarray:
    """Which of the covers 0, 1, 2 each pixel (rows, cols) has, in fields of 10 x 10 pixels."""
    rows, cols = np.indices(shape) // FIELD_PX
    return (rows + cols) % N_COVERS


def small_cube(
    shape: tuple[int, int] = (40, 50), n_bands: int = 12, noise: float = 0.03, seed: int = 0
) -> np.ndarray:
    """Reflectances (rows, cols, n_bands) float32: one smooth spectrum per cover, and noise."""
    place = np.linspace(0, 1, n_bands)
    covers = np.stack(
        [0.2 + 0.2 * k + 0.1 * np.sin(2 * np.pi * (k + 1) * place) for k in range(N_COVERS)]
    )
    noises = np.random.default_rng(seed).normal(0, noise, (*shape, n_bands))
    return (covers[small_fields(shape)] + noises).astype(np.float32)


def scene_of(cube: np.ndarray, nodata: float | None = None) -> Scene:
    """A scene of a cube (rows, cols, bands), with wavelengths, CRS and transform."""
    n_bands = cube.shape[-1]
    return Scene(
        name="small scene",
        source=ArraySource(cube),
        good_bands=np.ones(n_bands, dtype=bool),
        file_wavelengths_nm=np.linspace(450, 2400, n_bands),
        nodata=nodata,
        crs=CRS.from_epsg(32633),
        transform=Affine(30, 0, 380_000, 0, -30, 5_810_000),
    )


def small_invalid(shape: tuple[int, int] = (40, 50)) -> np.ndarray:
    """Which pixels (rows, cols) of :func:`small_scene` are invalid: a block and a single one."""
    invalid = np.zeros(shape, dtype=bool)
    invalid[3:7, 8:13] = True
    invalid[25, 31] = True
    return invalid


def small_stored(shape: tuple[int, int] = (40, 50), n_bands: int = 12, seed: int = 0) -> np.ndarray:
    """What :func:`small_scene` holds: invalid pixels are NaN in the last band only."""
    cube = small_cube(shape, n_bands, seed=seed)
    cube[small_invalid(shape), -1] = np.nan
    return cube


def small_scene(shape: tuple[int, int] = (40, 50), n_bands: int = 12, seed: int = 0) -> Scene:
    """A scene whose invalid pixels are NaN in the last band only."""
    return scene_of(small_stored(shape, n_bands, seed))


def small_labels(
    shape: tuple[int, int] = (40, 50),
    n_per_class: tuple[int, int, int] = (15, 15, 15),
    ids: tuple[int, int, int] = (1, 2, 3),
    seed: int = 0,
) -> LabelMap:
    """Training labels on valid pixels drawn at random, ``n_per_class`` of each cover."""
    draw = np.random.default_rng(seed)
    values = np.zeros(shape, dtype=np.int32)
    fields = np.where(small_invalid(shape), -1, small_fields(shape))
    for cover, (n, class_id) in enumerate(zip(n_per_class, ids, strict=True)):
        pixels = draw.permutation(np.argwhere(fields == cover))[:n]
        values[tuple(pixels.T)] = class_id
    return LabelMap.from_array(values, names={i: f"cover {i}" for i in ids})
