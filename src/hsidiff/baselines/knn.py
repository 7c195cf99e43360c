"""Nearest neighbours: the classes of the most similar training spectra vote.

SpectralDiff's comparison uses K = 5 and states neither distance nor scaling (Chen et al.,
arXiv 2304.05961). Our choice: Euclidean distance between spectra whose bands are scaled
to 0..1 by the minimum and maximum of the *training* spectra. Scaling by the whole scene would be as
plausible a reading, but it would look at test pixels.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from hsidiff.about import About
from hsidiff.baselines.spectral import SpectralBaseline
from hsidiff.errors import SettingError, check_whole_number


@dataclass(repr=False, eq=False)
class NearestNeighbours(SpectralBaseline):
    """K nearest neighbours in scaled bands; probabilities are shares of the K votes.

    Classes with equally many votes are decided for the lower id.

    Attributes:
        n_neighbors: how many training spectra vote, K.
    """

    n_neighbors: int = 5

    name: ClassVar[str] = "knn"
    about: ClassVar[About] = About("baseline", "Chen et al., IEEE TGRS", 2023)

    def _check_settings(self) -> None:
        super()._check_settings()
        check_whole_number("n_neighbors", self.n_neighbors, 1)

    def _check(self, class_ids: np.ndarray) -> None:
        if self.n_neighbors > len(class_ids):
            raise SettingError(
                f"n_neighbors={self.n_neighbors}: there are {len(class_ids)} training pixels; "
                f"label more, or use n_neighbors={len(class_ids)} or less"
            )

    def _make_estimator(self) -> ClassifierMixin:
        # Not the faster "brute": with several threads it decides between equally distant spectra
        # by how many are asked about at once, so the map would depend on the tile size.
        neighbours = KNeighborsClassifier(self.n_neighbors, algorithm="ball_tree")
        return make_pipeline(MinMaxScaler(), neighbours)
