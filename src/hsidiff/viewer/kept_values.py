"""What is known of each pixel of a scene, kept in files; reading them needs no network."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsidiff.errors import MissingFileError
from hsidiff.files import read_json
from hsidiff.kinds import Kinds

ABOUT = "about.json"


@dataclass(frozen=True)
class KeptValues:
    """What is known of each pixel, on disk.

    Attributes:
        values: (rows, cols, n_values) float32; NaN at invalid pixels.
        kinds: which of the values are of one kind.
        halo_px: how far around a pixel its values look.
    """

    values: np.ndarray
    kinds: Kinds
    halo_px: int

    @staticmethod
    def are_in(folder: Path) -> bool:
        """Whether a folder holds values."""
        return (folder / ABOUT).exists()

    @classmethod
    def open(cls, folder: Path) -> "KeptValues":
        """Open what :mod:`hsidiff.viewer.keep_values` wrote, without reading it.

        Raises:
            MissingFileError: if it is not there.
        """
        if not cls.are_in(folder):
            raise MissingFileError(f"{folder}: nothing was kept there")
        about = read_json(folder / ABOUT)
        values = np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False)
        kinds = {name: tuple(widths) for name, widths in about["kinds"].items()}
        return cls(values, kinds, about["halo_px"])

    @property
    def receptive_field_px(self) -> int:
        """Side of the square of pixels that can change the values of its middle pixel."""
        return 2 * self.halo_px + 1

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[0], self.values.shape[1]

    def at(self, places: np.ndarray) -> np.ndarray:
        """(n, n_values) values of pixels (n, 2), row and column."""
        return np.asarray(self.values[places[:, 0], places[:, 1]])
