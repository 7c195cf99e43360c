"""The bands that a classifier was fitted on, and how it finds them in another scene."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hsidiff.errors import HsidiffWarning, ModelError
from hsidiff.scenes.bands import band_list, in_short
from hsidiff.scenes.bands_at import BandMatch, band_widths_nm, match_bands
from hsidiff.scenes.scene import Scene


@dataclass(frozen=True)
class SeenBands:
    """Which bands a scene had that a classifier was fitted on.

    Attributes:
        wavelengths_nm: (n_bands,) their centres, or None if unknown.
        widths_nm: (n_bands,) their widths; None in models of earlier versions.
        numbers: (n_bands,) their numbers in the file, from 1; None in models of earlier versions.
        n_file_bands: how many bands the file had; None in models of earlier versions.
    """

    wavelengths_nm: np.ndarray | None
    widths_nm: np.ndarray | None = None
    numbers: np.ndarray | None = field(default=None, repr=False)
    n_file_bands: int | None = None

    @classmethod
    def of_scene(cls, scene: Scene) -> "SeenBands":
        """The usable bands of a scene."""
        wavelengths = scene.wavelengths_nm
        known = wavelengths is not None and bool(np.isfinite(wavelengths).all())
        return cls(
            wavelengths if known else None,
            band_widths_nm(scene) if known else None,
            scene.band_indices + 1,
            scene.source.shape[2],
        )

    def matched(self, scene: Scene, n_bands: int, owner: str = "the model") -> Scene:
        """A scene with these bands, in this order.

        Args:
            scene: the scene.
            n_bands: how many bands are wanted.
            owner: whose bands these are, for messages.

        Raises:
            ModelError: naming the bands that lack or, where wavelengths are unknown, those to drop.

        Warns:
            HsidiffWarning: if bands are resampled.
        """
        own = scene.wavelengths_nm
        if self.wavelengths_nm is None or own is None or not np.isfinite(own).all():
            self._check_numbers(scene, n_bands, owner)
            return scene
        match = match_bands(scene, self.wavelengths_nm, self.widths_nm)
        if match.lacking.any():
            raise ModelError(_what_lacks(match, owner))
        if match.n_resampled:
            warnings.warn(_what_is_resampled(match, owner), HsidiffWarning, stacklevel=4)
        return match.view()

    def _check_numbers(self, scene: Scene, n_bands: int, owner: str) -> None:
        """Compare bands by number, or by their count where files differ.

        Raises:
            ModelError: if they differ.
        """
        own = scene.band_indices + 1
        if (
            self.numbers is not None
            and scene.source.shape[2] == self.n_file_bands
            and not np.array_equal(np.sort(own), np.sort(self.numbers))
        ):
            raise ModelError(_which_to_drop(scene, own, self.numbers, owner))
        if scene.n_bands != n_bands:
            raise ModelError(
                f"{scene.name} has {scene.n_bands} usable bands, {owner} has {n_bands}; "
                "without wavelengths none can be found by its place: use a scene of the same "
                "sensor and drop the same bands"
            )

    def check(self, n_bands: int) -> None:
        """Refuse what does not describe so many bands, of a file that somebody changed.

        Raises:
            ValueError: if a list has another length, or a wavelength is none.
        """
        for known in (self.wavelengths_nm, self.widths_nm, self.numbers):
            if known is not None and known.shape != (n_bands,):
                raise ValueError(f"expected one number for each of {n_bands} bands")
        if self.wavelengths_nm is not None and not np.isfinite(self.wavelengths_nm).all():
            raise ValueError("a wavelength is no number")
        if not isinstance(self.n_file_bands, int | None):
            raise ValueError("the number of bands of the file is none")

    def to_json(self) -> dict[str, Any]:
        """Entries of ``preprocess.json``; :meth:`from_json` reads them."""
        arrays = {
            "wavelengths_nm": self.wavelengths_nm,
            "band_widths_nm": self.widths_nm,
            "band_numbers": self.numbers,
        }
        lists = {name: None if a is None else a.tolist() for name, a in arrays.items()}
        return {**lists, "n_file_bands": self.n_file_bands}

    @classmethod
    def from_json(cls, entries: Mapping[str, Any]) -> "SeenBands":
        """What :meth:`to_json` described; earlier versions knew wavelengths only."""
        wavelengths, widths = entries["wavelengths_nm"], entries.get("band_widths_nm")
        numbers = entries.get("band_numbers")
        return cls(
            None if wavelengths is None else np.array(wavelengths, dtype=float),
            None if widths is None else np.array(widths, dtype=float),
            None if numbers is None else np.array(numbers, dtype=int),
            entries.get("n_file_bands"),
        )


def _which_to_drop(scene: Scene, own: np.ndarray, wanted: np.ndarray, owner: str) -> str:
    """What to say of a scene with as many bands in its file, of which others are used."""
    text = (
        f"{scene.name} has {len(own)} usable bands of {scene.source.shape[2]}, {owner} has "
        f"{len(wanted)} of as many"
    )
    if (lacking := np.setdiff1d(wanted, own)).size:
        return f"{text}: it needs band {band_list(lacking)}, which is left out here"
    drop = band_list(np.setdiff1d(own, wanted))
    return f"{text}: leave out band {drop} (--drop-bands {drop})"


def _what_lacks(match: BandMatch, owner: str) -> str:
    """Both lists in short form, and the way out."""
    wanted, lacking = match.wavelengths_nm, match.lacking
    drop = ",".join(
        f"{np.floor(low):.0f}-{np.ceil(high):.0f}" for low, high in _runs(wanted, lacking)
    )
    return (
        f"{match.scene.name} lacks {lacking.sum()} of the {len(wanted)} bands of {owner}, at"
        f" {in_short(wanted[lacking], wanted)} nm; it has bands at "
        f"{in_short(match.scene.wavelengths_nm)} nm: leave them out when you fit "
        f"(--drop-nm {drop}), or take a scene that has them"
    )


def _runs(wanted: np.ndarray, lacking: np.ndarray) -> list[tuple[float, float]]:
    """First and last wavelength of each run of lacking bands."""
    order = np.argsort(wanted)
    places = np.flatnonzero(lacking[order])
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return [(wanted[order][run[0]], wanted[order][run[-1]]) for run in runs]


def _what_is_resampled(match: BandMatch, owner: str) -> str:
    n = len(match.taken)
    kept = f"{n - match.n_resampled} are taken as they are, " if match.n_resampled < n else ""
    return (
        f"{match.scene.name}: the {n} bands of {owner} are found by wavelength among its "
        f"{match.scene.n_bands}: {kept}{match.n_resampled} are resampled from those around them"
    )
