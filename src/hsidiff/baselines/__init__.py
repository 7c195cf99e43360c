"""What methods are compared with, by the name that the command line and result files use."""

from hsidiff.baselines.cnn1d import SpectralCNN
from hsidiff.baselines.cnn2d import SpatialCNN
from hsidiff.baselines.cnn3d import SpectralSpatialCNN
from hsidiff.baselines.knn import NearestNeighbours
from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.baselines.minigcn import MiniGCN
from hsidiff.baselines.pca_lda import PrincipalComponentsLDA
from hsidiff.baselines.pca_mean import PrincipalComponentsMean
from hsidiff.baselines.position import PositionOnly
from hsidiff.baselines.random_forest import RandomForest
from hsidiff.baselines.spectralformer import SpectralFormer
from hsidiff.baselines.svm import SupportVectorMachine
from hsidiff.contract import SceneClassifier

BASELINES: dict[str, type[SceneClassifier]] = {
    "knn": NearestNeighbours,
    "random-forest": RandomForest,
    "svm": SupportVectorMachine,
    "lda": LinearDiscriminant,
    "pca-lda": PrincipalComponentsLDA,
    "pca-mean": PrincipalComponentsMean,
    "cnn-1d": SpectralCNN,
    "cnn-2d": SpatialCNN,
    "cnn-3d": SpectralSpatialCNN,
    "minigcn": MiniGCN,
    "spectralformer": SpectralFormer,
    "position": PositionOnly,
}

__all__ = [
    "BASELINES",
    "LinearDiscriminant",
    "MiniGCN",
    "NearestNeighbours",
    "PositionOnly",
    "PrincipalComponentsLDA",
    "PrincipalComponentsMean",
    "RandomForest",
    "SpatialCNN",
    "SpectralCNN",
    "SpectralFormer",
    "SpectralSpatialCNN",
    "SupportVectorMachine",
]
