"""Statistics of a scene in one streaming pass: bands, covariance, principal components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from hsidiff.errors import SceneError
from hsidiff.progress import track
from hsidiff.scenes.bands import band_list
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.flat_fill import FlatFill
from hsidiff.windows.partial_fill import PartialFill
from hsidiff.windows.tiles import sampled_tile_windows, tile_windows

READ_SIZE_PX = 256
MAX_READ_TILES = 32
"""Of a scene of more tiles, two million pixels, a sample of so many says what bands are like."""


class StreamingMoments:
    """Mean, covariance, minimum and maximum of vectors that come batch by batch.

    Learned attributes, float64: ``n_samples_``, ``mean_`` (d,), ``covariance_`` (d, d), ``min_``
    (d,), ``max_`` (d,).
    """

    def __init__(self) -> None:
        self.n_samples_ = 0

    def _start(self, n_features: int) -> None:
        self.mean_ = np.zeros(n_features)
        self.min_ = np.full(n_features, np.inf)
        self.max_ = np.full(n_features, -np.inf)
        self._scatter = np.zeros((n_features, n_features))

    def update(self, batch: np.ndarray) -> None:
        """Take in a batch (n, d). Source: Chan, Golub and LeVeque (1979), pairwise update."""
        if len(batch) == 0:
            return
        if self.n_samples_ == 0:
            self._start(batch.shape[1])
        batch = batch.astype(np.float64)
        n_total = self.n_samples_ + len(batch)
        batch_mean = batch.mean(axis=0)
        centred = batch - batch_mean
        shift = batch_mean - self.mean_
        weight = self.n_samples_ * len(batch) / n_total
        # One temporary of (d, d) at a time: d is in the thousands for features.
        self._scatter += centred.T @ centred
        self._scatter += np.outer(weight * shift, shift)
        self.mean_ = self.mean_ + shift * (len(batch) / n_total)
        self.min_ = np.minimum(self.min_, batch.min(axis=0))
        self.max_ = np.maximum(self.max_, batch.max(axis=0))
        self.n_samples_ = n_total

    @property
    def covariance_(self) -> np.ndarray:
        """(d, d) sample covariance."""
        return self._scatter / max(self.n_samples_ - 1, 1)


@dataclass(frozen=True)
class PrincipalComponents:
    """A linear projection ``(x - mean) @ components.T / scale``.

    Attributes:
        mean: (d,) float32.
        components: (n_components, d) float32, by decreasing variance; rows are orthonormal up to
            the scaling of the values.
        scale: (n_components,) float32, standard deviations if whitened, else ones.
    """

    mean: np.ndarray
    components: np.ndarray
    scale: np.ndarray

    @classmethod
    def from_moments(
        cls,
        moments: StreamingMoments,
        n_components: int,
        *,
        whiten: bool,
        unit_range: bool = False,
    ) -> "PrincipalComponents":
        """Take the leading components of a streamed covariance.

        Directions without variance are left out, so there may be fewer than ``n_components``. The
        sign of each component is fixed (its largest entry is positive), so that two runs agree.

        Args:
            moments: of the values to project.
            n_components: how many to keep.
            whiten: whether the components are scaled to unit variance.
            unit_range: whether each value is first scaled to 0..1 between its extremes.
        """
        span = moments.max_ - moments.min_
        unit = np.where(span > 0, span, 1) if unit_range else np.ones_like(span)
        d, first = len(unit), max(len(unit) - n_components, 0)
        variances, vectors = scipy.linalg.eigh(
            moments.covariance_ / np.outer(unit, unit), subset_by_index=[first, d - 1]
        )
        order = np.flatnonzero(variances > 1e-10 * variances.max())[::-1]
        components = vectors[:, order].T
        largest = np.abs(components).argmax(axis=1)
        components = components * np.sign(components[np.arange(len(order)), largest])[:, None]
        scale = np.sqrt(variances[order]) if whiten else np.ones(len(order))
        return cls(
            moments.mean_.astype(np.float32),
            (components / unit).astype(np.float32),
            scale.astype(np.float32),
        )

    @property
    def n_components(self) -> int:
        """How many components there are."""
        return len(self.components)

    def project(self, values: np.ndarray) -> np.ndarray:
        """Project (..., d) to (..., n_components)."""
        return (values - self.mean) @ self.components.T / self.scale

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """Names with ``prefix`` to arrays, to be stored; :meth:`from_arrays` reads them."""
        return {prefix + name: array for name, array in vars(self).items()}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, np.ndarray]) -> "PrincipalComponents":
        """The projection that :meth:`arrays` described."""
        return cls(*(arrays[prefix + name] for name in ("mean", "components", "scale")))


def scene_moments(scene: Scene, region: np.ndarray | None = None) -> StreamingMoments:
    """Moments of the spectra of valid pixels: of all or, in a large scene, of a sample of tiles.

    Args:
        scene: the scene.
        region: (rows, cols) bool, the pixels to use; None uses all.

    Raises:
        SceneError: if there is no valid pixel, or a usable band holds one value only.
    """
    windows = sampled_tile_windows(scene.shape, READ_SIZE_PX, MAX_READ_TILES, 0, region)
    moments = _moments_of(scene, windows, region)
    if moments.n_samples_ == 0 or (moments.min_ == moments.max_).any():
        # The sample may have missed the little that there is.
        moments = _moments_of(scene, tile_windows(scene.shape, READ_SIZE_PX), region)
    if moments.n_samples_ == 0:
        raise SceneError(f"{scene.name}: no pixel that may be learned from is valid")
    _refuse_constant_bands(scene, moments.min_, moments.max_)
    return moments


def _moments_of(
    scene: Scene, windows: Sequence[Window], region: np.ndarray | None
) -> StreamingMoments:
    moments = StreamingMoments()
    for window in track(windows, "read scene", len(windows)):
        spectra = scene.read(window)
        valid = np.isfinite(spectra).all(axis=-1)
        if region is not None:
            valid &= region[window.slices]
        moments.update(spectra[valid])
    return moments


def valid_pixels(scene: Scene, wanted: np.ndarray | None = None) -> np.ndarray:
    """Which pixels have a value in every usable band, (rows, cols) bool.

    Of a large scene tiles that hold a wanted pixel are read, and a sample of the others; where
    nothing was read it is False.

    Args:
        scene: the scene.
        wanted: (rows, cols) bool, where it must be known; None reads all of the scene.

    Raises:
        SceneError: if no pixel has, or if a usable band holds one value only: it would say nothing,
            and is most often a fill value that the file does not declare.

    Warns:
        HsidiffWarning: if many pixels hold one number in all bands, and the same number: most often
            one that means "no value"; or if pixels hold such a number in some bands only.
    """
    every = tile_windows(scene.shape, READ_SIZE_PX)
    windows = every
    if wanted is not None and len(every) > MAX_READ_TILES:
        drawn = set(sampled_tile_windows(scene.shape, READ_SIZE_PX, MAX_READ_TILES, 0))
        windows = [w for w in every if w in drawn or wanted[w.slices].any()]
    look = _Look.at(scene, windows)
    if windows is not every and (not look.n_valid or (look.lowest == look.highest).any()):
        look = _Look.at(scene, every)  # the sample may have missed the little that there is
    if not look.n_valid:
        raise SceneError(_why_nothing_is_valid(scene))
    _refuse_constant_bands(scene, look.lowest, look.highest)
    looked_at = "" if windows is every else " of those that were looked at"
    look.flat.warn(looked_at)
    look.partial.warn(looked_at)
    return look.valid


@dataclass
class _Look:
    """What a pass over windows of a scene finds.

    Attributes:
        valid: (rows, cols) bool, valid pixels of the windows.
        n_valid: how many.
        lowest: (n_bands,) the lowest value of each band; ``highest`` likewise.
        flat: numbers that pixels hold in all bands.
        partial: numbers that seem to mean "no value", in some bands only.
    """

    valid: np.ndarray
    n_valid: int
    lowest: np.ndarray
    highest: np.ndarray
    flat: FlatFill
    partial: PartialFill

    @classmethod
    def at(cls, scene: Scene, windows: Sequence[Window]) -> "_Look":
        """Read the windows."""
        none = np.full(scene.n_bands, np.inf)
        fill = FlatFill(scene), PartialFill(scene)
        look = cls(np.zeros(scene.shape, dtype=bool), 0, none, -none, *fill)
        for window in track(windows, "check scene", len(windows)):
            spectra = scene.read(window)
            look.valid[window.slices] = np.isfinite(spectra).all(axis=-1)
            usable = spectra[look.valid[window.slices]]
            look.n_valid += len(usable)
            look.partial.update(usable)
            look.flat.update(usable)
            look.lowest = np.minimum(look.lowest, usable.min(axis=0, initial=np.inf))
            look.highest = np.maximum(look.highest, usable.max(axis=0, initial=-np.inf))
        return look


def _refuse_constant_bands(scene: Scene, lowest: np.ndarray, highest: np.ndarray) -> None:
    constant = np.sort(scene.band_indices[lowest == highest]) + 1
    if constant.size:
        raise SceneError(
            f"{scene.name}: band {band_list(constant)} holds one value only: "
            f"leave it out with drop_bands (--drop-bands {band_list(constant)})"
        )


def _why_nothing_is_valid(scene: Scene) -> str:
    """Find the bands that empty the scene: those without a value in any pixel."""
    empty = np.ones(scene.n_bands, dtype=bool)
    for window in tile_windows(scene.shape, READ_SIZE_PX):
        stored = scene.read_stored(window, scene.band_indices)
        empty &= scene.lacks_value(stored).all(axis=(0, 1))
    if empty.any() and not empty.all():
        bands = band_list(np.sort(scene.band_indices[empty]) + 1)
        return (
            f"{scene.name}: band {bands} holds no value at all: "
            f"leave it out with drop_bands (--drop-bands {bands})"
        )
    return f"{scene.name}: no pixel has a value in each of its {scene.n_bands} bands"
