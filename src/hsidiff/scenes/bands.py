"""Bands by wavelength: their order, those of a range of nm, how they are written."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hsidiff.errors import SceneError, SettingError
from hsidiff.scenes.scene import Scene

_FAR = 2.5
"""Bands farther apart than this many usual steps have a gap between them."""
_NEIGHBOURS = 3
"""So many steps on each side of a band say what its usual step is."""

NmRange = tuple[float, float]
"""First and last wavelength in nm, both included."""


def in_wavelength_order(scene: Scene) -> Scene:
    """The scene with its bands by increasing wavelength, where these are known.

    In a file the bands of two detectors may follow one another while their ranges overlap.
    """
    wavelengths = scene.wavelengths_nm
    if wavelengths is None or (np.diff(wavelengths) >= 0).all():
        return scene
    order = scene.band_indices[np.argsort(wavelengths, kind="stable")]
    return replace(scene, band_order=order)


def without_nm(scene: Scene, ranges: Sequence[NmRange]) -> Scene:
    """The scene without the bands whose centres lie in one of the ranges.

    Raises:
        SceneError: if wavelengths are unknown, a range holds no band of the file, or no band is
            left.
        SettingError: if a range is not two numbers, the lower first.
    """
    return _keeping(scene, ~_in_ranges(scene, ranges, "drop_nm", "--drop-nm"), "drop_nm")


def with_only_nm(scene: Scene, ranges: Sequence[NmRange]) -> Scene:
    """The scene with none but the bands whose centres lie in one of the ranges.

    Raises and refuses what :func:`without_nm` does.
    """
    return _keeping(scene, _in_ranges(scene, ranges, "keep_nm", "--keep-nm"), "keep_nm")


def _in_ranges(scene: Scene, ranges: Sequence[NmRange], name: str, option: str) -> np.ndarray:
    """(bands of the file,) bool, whether a band lies in one of the ranges."""
    wavelengths = scene.file_wavelengths_nm
    if wavelengths is None:
        raise SceneError(
            f"{scene.name}: the wavelengths of its bands are unknown, so {name} ({option}) finds "
            "none: choose bands by number with drop_bands (--drop-bands)"
        )
    inside = np.zeros(wavelengths.shape, dtype=bool)
    for given in ranges:
        low, high = _checked(given, name)
        here = (wavelengths >= low) & (wavelengths <= high)
        if not here.any():
            raise SceneError(
                f"{scene.name}: no band lies in {name} {low:g}-{high:g} nm ({option}); its bands "
                f"lie at {in_short(wavelengths)} nm"
            )
        inside |= here
    return inside


def _checked(given: NmRange, name: str) -> NmRange:
    pair = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else ()
    numbers = all(isinstance(n, int | float | np.number) and np.isfinite(n) for n in pair)
    if len(pair) != 2 or not numbers or not 0 <= pair[0] <= pair[1]:
        raise SettingError(
            f"{name}={given!r}: expected ranges of wavelengths in nm, the lower end first, such as "
            "(1350, 1450)"
        )
    return float(pair[0]), float(pair[1])


def _keeping(scene: Scene, wanted: np.ndarray, name: str) -> Scene:
    good_bands = scene.good_bands & wanted
    kept = replace(scene, good_bands=good_bands) if good_bands.any() else None
    if kept is None or not kept.n_bands:
        raise SceneError(
            f"{scene.name}: {name} leaves none of its {scene.n_bands} usable bands: "
            f"they lie at {in_short(scene.wavelengths_nm)} nm"
        )
    return kept


def usual_steps(wavelengths_nm: np.ndarray) -> np.ndarray:
    """(bands,) what the distance to the next band usually is around each band, in nm.

    The median over a few neighbours: one gap, or two bands at one place, do not change it.

    Args:
        wavelengths_nm: (bands,) in any order; of one band only the step is 0.
    """
    order = np.argsort(wavelengths_nm, kind="stable")
    steps = np.diff(wavelengths_nm[order])
    found = np.zeros(len(wavelengths_nm))
    for place, band in enumerate(order):
        around = steps[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]
        found[band] = np.median(around) if around.size else 0.0
    return found


def gaps_nm(wavelengths_nm: np.ndarray) -> list[NmRange]:
    """The gaps between bands: the wavelengths on both sides of each.

    Args:
        wavelengths_nm: (bands,) finite, in any order.
    """
    ordered = np.sort(wavelengths_nm)
    usual = usual_steps(ordered)
    steps = np.diff(ordered)
    far = steps > _FAR * np.maximum(usual[:-1], usual[1:])
    return [(float(ordered[i]), float(ordered[i + 1])) for i in np.flatnonzero(far)]


def overlap_nm(file_wavelengths_nm: np.ndarray) -> list[NmRange]:
    """Where detectors overlap: the wavelengths between which a file goes back.

    Args:
        file_wavelengths_nm: (bands of the file,) in the order of the file, NaN where unknown. One
            that falls throughout is one detector in reverse.
    """
    known = file_wavelengths_nm[np.isfinite(file_wavelengths_nm)]
    steps = np.diff(known)
    if (steps <= 0).all():
        return []
    back = np.flatnonzero(steps < 0)
    return [(float(known[i + 1]), float(known[i])) for i in back]


def in_short(wavelengths_nm: np.ndarray | None, among: np.ndarray | None = None) -> str:
    """Wavelengths as people write them: ``418-1340, 1460-1790``.

    Args:
        wavelengths_nm: (bands,) in any order; those that are not finite are left out.
        among: the bands that these are some of; where they are neighbours there, they are one run.
    """
    if wavelengths_nm is None:
        return "unknown"
    ordered = np.unique(wavelengths_nm[np.isfinite(wavelengths_nm)])
    if among is None:
        ends = [i for i, n in enumerate(ordered[:-1]) if any(g[0] == n for g in gaps_nm(ordered))]
    else:
        place = np.searchsorted(np.unique(among), ordered)
        ends = np.flatnonzero(np.diff(place) > 1).tolist()
    runs = np.split(ordered, np.asarray(ends, dtype=int) + 1)
    return ", ".join(
        f"{run[0]:.0f}" if run[0] == run[-1] else f"{run[0]:.0f}-{run[-1]:.0f}"
        for run in runs
        if run.size
    )


def band_list(numbers: np.ndarray) -> str:
    """Write band numbers as people do: ``1-3,7``."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1)
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
