"""The classical baselines, by the name that the command line and result files use."""

from hsidiff.baselines.knn import NearestNeighbours
from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.baselines.position import PositionOnly
from hsidiff.baselines.random_forest import RandomForest
from hsidiff.baselines.svm import SupportVectorMachine
from hsidiff.classifier import SceneClassifier

BASELINES: dict[str, type[SceneClassifier]] = {
    "knn": NearestNeighbours,
    "random-forest": RandomForest,
    "svm": SupportVectorMachine,
    "lda": LinearDiscriminant,
    "position": PositionOnly,
}

__all__ = [
    "BASELINES",
    "LinearDiscriminant",
    "NearestNeighbours",
    "PositionOnly",
    "RandomForest",
    "SupportVectorMachine",
]
