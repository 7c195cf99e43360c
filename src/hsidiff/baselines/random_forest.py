"""Random forest on spectra: 200 trees grown by entropy, as in SpectralDiff's comparison.

Source: Chen et al., arXiv 2304.05961. What it leaves open follows scikit-learn: each
split looks at the square root of the number of bands, and trees grow until their leaves are pure.
"""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier

from hsidiff.about import About
from hsidiff.baselines.spectral import SpectralBaseline
from hsidiff.errors import check_whole_number

_MOST_TREES = 10_000
"""More say nothing new, and a saved model grows its trees when it is loaded."""


@dataclass(repr=False, eq=False)
class RandomForest(SpectralBaseline):
    """Random forest; probabilities are means over the trees.

    Attributes:
        n_trees: number of trees, at most 10,000.
    """

    n_trees: int = 200

    name: ClassVar[str] = "random-forest"
    about: ClassVar[About] = About("baseline", "Chen et al., IEEE TGRS", 2023)

    def _check_settings(self) -> None:
        super()._check_settings()
        check_whole_number("n_trees", self.n_trees, 1, _MOST_TREES)

    @property
    def n_held_out_folds(self) -> int:
        """Four: many trees take their time."""
        return 4

    def _make_estimator(self) -> ClassifierMixin:
        # One job: several add up the trees in the order they finish, so the last digits would vary.
        return RandomForestClassifier(
            self.n_trees, criterion="entropy", random_state=self.random_state, n_jobs=1
        )
