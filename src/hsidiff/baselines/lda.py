"""Linear discriminant analysis with a shrunken covariance: the strongest simple baseline.

With fewer training pixels than bands the covariance cannot be inverted. Ledoit and Wolf (2004)
shrink each class's covariance towards a multiple of the identity by the amount that minimises the
expected squared error; the classes' covariances are then averaged. No scaling is needed: bands are
standardised inside the estimate.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hsidiff.about import About, Cost
from hsidiff.baselines.spectral import SpectralBaseline, is_real_number
from hsidiff.errors import LabelError, SettingError


@dataclass(repr=False, eq=False)
class LinearDiscriminant(SpectralBaseline):
    """Shrinkage LDA on raw spectra; class priors are the shares of the training pixels.

    Attributes:
        shrinkage: ``"auto"`` for the amount of Ledoit and Wolf, or a number from 0 (none) to 1
            (bands are taken as uncorrelated).
    """

    shrinkage: float | Literal["auto"] = "auto"

    name: ClassVar[str] = "lda"
    about: ClassVar[About] = About("baseline", "Ledoit and Wolf, JMVA", 2004)

    def _check_settings(self) -> None:
        super()._check_settings()
        is_share = is_real_number(self.shrinkage) and 0 <= float(self.shrinkage) <= 1
        if self.shrinkage != "auto" and not is_share:
            raise SettingError(f"shrinkage={self.shrinkage!r}: must be 'auto' or from 0 to 1")

    def _check(self, class_ids: np.ndarray) -> None:
        if np.unique(class_ids, return_counts=True)[1].max() == 1:
            raise LabelError(
                "each class has one training pixel only, so lda cannot see how much a class "
                "varies: label two or more pixels of some class"
            )

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of linear scores."""
        self._check_settings()
        return Cost.of_linear_scores(n_bands, n_classes)

    def _make_estimator(self) -> ClassifierMixin:
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage=self.shrinkage)

    def _fit_estimator(self, spectra: np.ndarray, class_ids: np.ndarray) -> None:
        with _single_pixel_classes_allowed():
            super()._fit_estimator(spectra, class_ids)


@contextmanager
def _single_pixel_classes_allowed() -> Iterator[None]:
    """Without scikit-learn's warning for a class of one pixel, whose covariance it takes as 0."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Only one sample available", UserWarning)
        yield
