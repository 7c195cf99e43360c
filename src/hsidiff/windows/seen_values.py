"""The values that a classifier has seen: what another scene's values are compared with.

Two questions are asked of another scene. Are its values in another unit: has it spectra of the same
shapes, ten or ten thousand times as large? And how many of its pixels are unlike all that was seen?
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from hsidiff.errors import ModelError
from hsidiff.scenes.scene import Scene
from hsidiff.windows.statistics import PrincipalComponents, StreamingMoments
from hsidiff.windows.tiles import sampled_tile_windows

TILE_PX, MAX_TILES, MAX_PIXELS = 64, 64, 16_384
"""A scene is looked at in so many tiles at most, and so many of their pixels are kept."""
MAX_CHECK_TILES, MAX_CHECK_PIXELS = 16, 2048
"""The unit of another scene is told from fewer."""
QUANTILES = (0.01, 0.5, 0.99)
_MAX_SPECTRA = 256
"""So many spectra are kept to compare shapes with."""
_MAX_COMPONENTS = 10
_INSIDE = 0.99
"""This share of the pixels that were learned from lies inside each of the two limits."""

MIN_FACTOR = 5.0
"""Seasons, sun and haze change values by less."""
_PLAIN_FACTOR = 300.0
"""No two scenes differ so much, whatever the shapes of their spectra."""
_ALIKE_RAD = 0.2
"""Spectra at a smaller angle may be of one material."""
_MIN_BANDS = 3
"""Spectra of fewer bands have no shape."""


@dataclass(frozen=True)
class SeenValues:
    """A sample of the valid pixels that a classifier learned from, in the units of the scene.

    Attributes:
        quantiles: (3, n_bands) float32, the ``QUANTILES`` of each band.
        spectra: (n, n_bands) float32, a few spectra.
        components: whitened principal components.
        limits: (3,) float32: what ``_INSIDE`` of the sample does not exceed of the squared distance
            within the components (Hotelling's T2), of the squared distance from them (Q), and of
            the angle in radians to the most similar of ``spectra``.
    """

    quantiles: np.ndarray
    spectra: np.ndarray
    components: PrincipalComponents
    limits: np.ndarray

    @classmethod
    def of_scene(cls, scene: Scene, region: np.ndarray | None = None) -> "SeenValues | None":
        """Look at a sample of a scene; its cost does not grow with the scene.

        Args:
            scene: the scene.
            region: (rows, cols) bool, the pixels that may be seen; None allows all.

        Returns:
            What was seen; None if no sampled pixel is valid.
        """
        spectra = sampled_spectra(scene, region)
        if not len(spectra):
            return None
        moments = StreamingMoments()
        moments.update(spectra)
        components = PrincipalComponents.from_moments(
            moments, min(_MAX_COMPONENTS, scene.n_bands), whiten=True
        )
        few = np.linspace(0, len(spectra) - 1, min(len(spectra), _MAX_SPECTRA)).round().astype(int)
        t2, q = np.quantile(_distances(components, spectra), _INSIDE, axis=1)
        # Where the components hold all there is, what is left is nothing but rounding.
        q = max(q, 1e-6 * float((spectra.astype(np.float64) ** 2).sum(axis=1).mean()))
        angle = np.quantile(_angles_between(spectra[few]), _INSIDE)
        return cls(
            np.quantile(spectra, QUANTILES, axis=0).astype(np.float32),
            spectra[few],
            components,
            np.array([t2, q, max(angle, 1e-3)], dtype=np.float32),
        )

    def outside(self, spectra: np.ndarray) -> np.ndarray:
        """Which spectra, (n, n_bands), are unlike what was seen, (n,) bool.

        Source: T2 and Q as in Jackson and Mudholkar, Technometrics 21 (1979), with limits that are
        quantiles of the sample, since spectra of a scene are not normal. Neither sees that a dark
        material of another shape is new, hence the angle.
        """
        distances = _distances(self.components, spectra)
        angles, _ = _nearest_shapes(spectra, self.spectra)
        beyond: np.ndarray = np.vstack([distances, angles]) > self.limits[:, None]
        return np.any(beyond, axis=0, keepdims=True)[0]

    def factor_of(self, spectra: np.ndarray) -> float | None:
        """How many times larger spectra, (n, n_bands), are than those seen, if in another unit.

        Each spectrum is compared with the seen one of the most similar shape, by spectral angle.
        Where most have one like them, the median of the ratios decides: water is compared with
        water, not with fields. Ratios between 1/5 and 5 are weather, season and shade.

        Returns:
            A power of ten if the ratio is within a factor of two of it, else two digits; None if
            nothing speaks for another unit.
        """
        spectra, seen = (s[s.any(axis=1)] for s in (spectra, self.spectra))
        if not len(spectra) or not len(seen) or spectra.shape[1] < _MIN_BANDS:
            return None
        angles, ratios = _nearest_shapes(spectra, seen)
        alike = angles < _ALIKE_RAD
        if alike.mean() > 0.5:
            ratio = float(np.median(ratios[alike]))
            return _rounded(ratio) if not 1 / MIN_FACTOR < ratio < MIN_FACTOR else None
        size, seen_size = (float(np.median(np.linalg.norm(s, axis=1))) for s in (spectra, seen))
        ratio = size / seen_size
        return _rounded(ratio) if not 1 / _PLAIN_FACTOR < ratio < _PLAIN_FACTOR else None

    def factor_of_scene(self, scene: Scene) -> float | None:
        """:meth:`factor_of` a sample of a scene with the same bands."""
        spectra = sampled_spectra(scene, max_tiles=MAX_CHECK_TILES)
        return self.factor_of(spectra[:: max(1, len(spectra) // MAX_CHECK_PIXELS)])

    def check_unit(self, scene: Scene) -> None:
        """Refuse a scene, with the same bands, whose values are in another unit.

        Raises:
            ModelError: naming the factor, and the option that mends it.
        """
        factor = self.factor_of_scene(scene)
        if factor is not None:
            mend = np.format_float_positional(float(f"{1 / factor:.2g}"), trim="-")
            raise ModelError(
                f"{scene.name}: values are {factor_in_words(factor)} than those the model learned "
                f"from: if they are in another unit, give --rescale {mend} (rescale={mend})"
            )

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """Names with ``prefix`` to arrays, to be stored; :meth:`from_arrays` reads them."""
        own = {"quantiles": self.quantiles, "spectra": self.spectra, "limits": self.limits}
        named = {prefix + name: array for name, array in own.items()}
        return named | self.components.arrays(prefix + "components.")

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, np.ndarray]) -> "SeenValues | None":
        """What :meth:`arrays` described, or None if there is nothing of that prefix."""
        if prefix + "quantiles" not in arrays:
            return None
        quantiles, spectra, limits = (
            arrays[prefix + name] for name in ("quantiles", "spectra", "limits")
        )
        components = PrincipalComponents.from_arrays(prefix + "components.", arrays)
        return cls(quantiles, spectra, components, limits)

    def check(self, n_bands: int) -> None:
        """Refuse arrays of other shapes than those of so many bands, or without a number.

        Raises:
            ValueError: if there is one.
        """
        n_components = len(self.components.components)
        for array, shape in (
            (self.quantiles, (len(QUANTILES), n_bands)),
            (self.spectra, (len(self.spectra), n_bands)),
            (self.limits, (3,)),
            (self.components.mean, (n_bands,)),
            (self.components.components, (n_components, n_bands)),
            (self.components.scale, (n_components,)),
        ):
            if array.shape != shape:
                raise ValueError(f"an array of seen values has the shape {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError("a seen value is no number")


def sampled_spectra(
    scene: Scene, region: np.ndarray | None = None, max_tiles: int = MAX_TILES
) -> np.ndarray:
    """Spectra (n, n_bands) float32 of valid pixels of a scene, about ``MAX_PIXELS`` at most.

    Args:
        scene: the scene.
        region: (rows, cols) bool, the pixels that may be seen; None allows all.
        max_tiles: no more tiles are read.
    """
    windows = sampled_tile_windows(scene.shape, TILE_PX, max_tiles, 0, region)
    if not windows:
        return np.empty((0, scene.n_bands), np.float32)
    share = min(1.0, MAX_PIXELS / sum(window.n_rows * window.n_cols for window in windows))
    draw = np.random.default_rng(0)
    found = [np.empty((0, scene.n_bands), np.float32)]
    for window in windows:
        spectra = scene.read(window)
        valid = np.isfinite(spectra).all(axis=-1)
        if region is not None:
            valid &= region[window.slices]
        places = np.flatnonzero(valid)
        chosen = np.sort(draw.permutation(places)[: ceil(share * len(places))])
        found.append(spectra.reshape(-1, scene.n_bands)[chosen])
    return np.concatenate(found)


def _distances(components: PrincipalComponents, spectra: np.ndarray) -> np.ndarray:
    """(2, n): T2 and Q of spectra (n, n_bands)."""
    scores = components.project(spectra)
    rebuilt = (scores * components.scale) @ components.components + components.mean
    return np.stack([(scores**2).sum(axis=1), ((spectra - rebuilt) ** 2).sum(axis=1)])


def _nearest_shapes(spectra: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angle in radians (n,) to the most similar seen spectrum, and how many times larger each is.

    A spectrum that is 0 throughout has no shape: its angle is that of nothing in common.
    """
    (shapes, sizes), (seen_shapes, seen_sizes) = _shapes_and_sizes(spectra), _shapes_and_sizes(seen)
    cosines = shapes @ seen_shapes.T
    nearest = cosines.argmax(axis=1)
    return _least_angles(cosines), sizes / np.maximum(seen_sizes[nearest], 1e-300)


def _angles_between(spectra: np.ndarray) -> np.ndarray:
    """(n,) angle in radians of each spectrum to the most similar of the others."""
    shapes, _ = _shapes_and_sizes(spectra)
    cosines = shapes @ shapes.T
    np.fill_diagonal(cosines, -1)
    return _least_angles(cosines)


def _shapes_and_sizes(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spectra (n, n_bands) of length 1, and their lengths (n,)."""
    sizes = np.linalg.norm(spectra.astype(np.float64), axis=1)
    return spectra / np.maximum(sizes, 1e-300)[:, None], sizes


def _least_angles(cosines: np.ndarray) -> np.ndarray:
    return np.arccos(np.clip(cosines.max(axis=1), -1, 1))


def _rounded(ratio: float) -> float:
    power = float(10.0 ** round(np.log10(ratio)))
    if 0.5 <= ratio / power <= 2:
        return power
    return float(f"{ratio:.2g}")


def factor_in_words(factor: float) -> str:
    """A factor as people say it: ``10,000 times larger``."""
    times, larger = (factor, "larger") if factor > 1 else (1 / factor, "smaller")
    return f"{times:,.0f} times {larger}" if times >= 9.5 else f"{times:.2g} times {larger}"
