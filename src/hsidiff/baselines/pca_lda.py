"""Shrinkage LDA on whitened principal components: the strongest simple control on real scenes.

Components are those of all valid pixels of the scene, read tile by tile: no label is used, but test
pixels are seen, as by a method that learns the scene first. So whatever such a method gains over
plain LDA by having seen the scene's statistics, this control gains, too.

The discriminant is that of :mod:`hsidiff.baselines.lda`. It standardises what it is given before it
shrinks; whitening sets how much each component weighs where the shrinkage is a number.
"""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.base import ClassifierMixin

from hsidiff.about import About
from hsidiff.baselines.components import OnComponents
from hsidiff.baselines.lda import LinearDiscriminant


@dataclass(repr=False, eq=False)
class PrincipalComponentsLDA(OnComponents, LinearDiscriminant):
    """Whitened PCA of the scene, then LDA; transductive."""

    name: ClassVar[str] = "pca-lda"
    about: ClassVar[About] = About("control", "Ledoit and Wolf, JMVA", 2004)

    def _make_estimator(self) -> ClassifierMixin:
        return self._after_projection(super()._make_estimator())
