"""What a look at some pixels of a scene shows: empty bands, and fill that is not declared."""

import warnings
from dataclasses import replace

import numpy as np

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.bands import band_list
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

_WINDOW_PX = 128
_SAMPLE_PX, _SMALL_SCENE_PX = 16, 64 * 64
"""Side of the windows whose spectra are compared, and pixels of a scene that is compared whole."""

MIN_FILL_PIXELS, MIN_FILL_SHARE = 10, 0.001
"""So many equal spectra, and such a share of the sample, are fill and no field."""
MOST_WINDOWS = 256
"""So many windows of a scene are looked at: all of one of 4 million pixels."""
_MOST_BANDS_IN_ALL = 2**19
"""So many bands of windows: some libraries take long for a file of thousands of bands."""
MIN_BANDS = 3
"""Spectra of fewer bands may be equal by chance."""


def without_empty_bands(scene: Scene) -> Scene:
    """The scene without the bands that hold no value in any pixel.

    Most scenes are looked at in one window only, since all their bands hold a value there. A scene
    without any value stays as it is.

    Warns:
        HsidiffWarning: naming the bands.
    """
    empty = _empty_bands(scene)
    if not empty.size or empty.size == scene.n_bands:
        return scene
    good_bands = scene.good_bands.copy()
    good_bands[empty] = False
    numbers = band_list(empty + 1)
    warnings.warn(
        f"{scene.name}: band {numbers} holds no value in any pixel{_looked_at(scene)} and is left "
        "out, as with "
        f"drop_bands (--drop-bands {numbers})",
        HsidiffWarning,
        stacklevel=3,
    )
    return replace(scene, good_bands=good_bands)


def _empty_bands(scene: Scene) -> np.ndarray:
    """Indices, from 0, of the usable bands without a value in any pixel."""
    bands = np.sort(scene.band_indices)
    stored_as = scene.source.dtype.kind
    may_lack = stored_as == "f" or bool(scene.nodata_numbers)
    if not may_lack and not getattr(scene.source, "masked", False):
        return bands[:0]
    for window in _spread_windows(scene):
        lacking = scene.lacks_value(scene.source.read(window, bands))
        bands = bands[lacking.all(axis=(0, 1))]
        if not bands.size:
            break
    return bands


def _spread_windows(scene: Scene) -> list[Window]:
    """Windows that cover a scene, the one in its middle first; of a huge scene, some of them."""
    rows, cols = scene.shape
    n_across = -(-cols // _WINDOW_PX)
    n_windows = n_across * -(-rows // _WINDOW_PX)
    n_chosen = min(n_windows, MOST_WINDOWS, _MOST_BANDS_IN_ALL // scene.n_bands)
    windows = []
    for place in range(n_chosen):
        down, across = divmod(place * n_windows // n_chosen, n_across)
        corner = (down * _WINDOW_PX, across * _WINDOW_PX)
        windows.append(Window(*corner, _WINDOW_PX, _WINDOW_PX).clipped(scene.shape))
    middle = len(windows) // 2
    return windows[middle:] + windows[:middle]


def _looked_at(scene: Scene) -> str:
    """What messages add for a scene of which only a part was looked at."""
    looked_at = sum(window.n_rows * window.n_cols for window in _spread_windows(scene))
    is_all = looked_at == scene.shape[0] * scene.shape[1]
    return "" if is_all else f" (of {looked_at} that were looked at)"


def warn_of_fill(scene: Scene) -> None:
    """Say how many pixels hold one and the same spectrum that lies apart from all others.

    Some programs scale the number that means "no value" like the data, so that each band has
    another one. One number in all bands is no matter of this function: whoever reads the whole
    scene sees it.

    Warns:
        HsidiffWarning: with the count and the number to declare.
    """
    if scene.n_bands < MIN_BANDS:
        return
    fill, others = _fill_spectrum(_sampled_spectra(scene))
    if fill is None or _is_flat(scene, fill):
        return
    n_pixels = f"{count(_count(scene, fill))}{_looked_at(scene)}"
    # The number that lies farthest from all values is the least likely to be one.
    middle = (others.min() + others.max()) / 2
    number = str(fill[np.abs(fill.astype(np.float64) - middle).argmax()])
    warnings.warn(
        f"{scene.name}: {n_pixels} pixels hold the same numbers in all bands ({fill[0]!s} ... "
        f"{fill[-1]!s}), beyond those of all others: if they mean that there is no value, say so "
        f"with nodata={number} (--nodata {number})",
        HsidiffWarning,
        stacklevel=3,
    )


def _sampled_spectra(scene: Scene) -> np.ndarray:
    """(pixels, n_bands) stored numbers of the sampled pixels that have values."""
    spectra = []
    for window in _sampled_windows(scene.shape):
        stored = scene.read_stored(window, scene.band_indices)
        spectra.append(stored[~scene.lacks_value(stored).any(axis=-1)])
    return np.concatenate(spectra)


def _sampled_windows(shape: tuple[int, int]) -> list[Window]:
    """The corners, where the gaps of flight lines are, and the middle; all of a small scene."""
    rows, cols = shape
    if rows * cols <= _SMALL_SCENE_PX:
        return [Window.whole(shape)]
    ends = [sorted({0, n - _SAMPLE_PX}) if n >= 2 * _SAMPLE_PX else [0] for n in shape]
    places = [(row, col) for row in ends[0] for col in ends[1]]
    places.append((max(0, (rows - _SAMPLE_PX) // 2), max(0, (cols - _SAMPLE_PX) // 2)))
    windows = [Window(row, col, _SAMPLE_PX, _SAMPLE_PX).clipped(shape) for row, col in places]
    return list(dict.fromkeys(windows))


def _fill_spectrum(spectra: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """The spectrum of many pixels that lies beyond all others in every band, and the others."""
    if len(spectra) < 2 * MIN_FILL_PIXELS:
        return None, spectra
    kinds, counts = np.unique(spectra, axis=0, return_counts=True)
    fill, n_fill = kinds[counts.argmax()], counts.max()
    others = np.delete(kinds, counts.argmax(), axis=0)
    enough = n_fill >= max(MIN_FILL_PIXELS, MIN_FILL_SHARE * len(spectra))
    # Where spectra repeat anyway, as in a drawing, one more that does says nothing.
    varied = len(others) >= max(MIN_FILL_PIXELS, (len(spectra) - n_fill) / 2)
    if not (enough and varied):
        return None, others
    apart = (fill < others.min(axis=0)) | (fill > others.max(axis=0))
    return (fill if apart.all() else None), others


def _is_flat(scene: Scene, spectrum: np.ndarray) -> bool:
    """Whether a stored spectrum is one number in all bands once it is scaled."""
    scale, offset = (
        np.broadcast_to(number, scene.good_bands.shape)[scene.band_indices]
        for number in (scene.scale, scene.offset)
    )
    scaled = spectrum * scale.astype(np.float32) + offset.astype(np.float32)
    return bool((scaled == scaled[0]).all())


def _count(scene: Scene, spectrum: np.ndarray) -> int:
    """How many pixels hold a spectrum, told by its first, middle and last band."""
    some = np.unique([0, len(spectrum) // 2, len(spectrum) - 1])
    bands = scene.band_indices[some]
    windows = _spread_windows(scene)
    equal = (scene.read_stored(window, bands) == spectrum[some] for window in windows)
    return sum(int(pixels.all(axis=-1).sum()) for pixels in equal)
