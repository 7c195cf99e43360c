"""hsidiff: land-cover maps from hyperspectral scenes and few labels, by denoising diffusion."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.read import read_labels
from hsidiff.labels.split import Split
from hsidiff.labels.splits import block_split, per_class_split, published_split, random_split
from hsidiff.scenes.benchmarks import fetch_benchmark
from hsidiff.scenes.formats.xarray_object import to_xarray
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.synthetic import make_synthetic_scene

if TYPE_CHECKING:
    from hsidiff.catalog import load_classifier
    from hsidiff.evaluation.metrics import Scores, score
    from hsidiff.maps.predict import predict_to_file
    from hsidiff.methods.diffcrn import DiffCRN
    from hsidiff.methods.diffspectralnet import DiffSpectralNet
    from hsidiff.methods.spectraldiff import SpectralDiff

__version__ = version("hsidiff")

__all__ = [
    "DiffCRN",
    "DiffSpectralNet",
    "LabelMap",
    "Scene",
    "Scores",
    "SpectralDiff",
    "Split",
    "block_split",
    "fetch_benchmark",
    "load_classifier",
    "make_synthetic_scene",
    "measure_leakage",
    "open_scene",
    "per_class_split",
    "predict_to_file",
    "published_split",
    "random_split",
    "read_labels",
    "score",
    "to_xarray",
]


_MODULES = {
    "DiffCRN": "hsidiff.methods.diffcrn",
    "DiffSpectralNet": "hsidiff.methods.diffspectralnet",
    "Scores": "hsidiff.evaluation.metrics",
    "SpectralDiff": "hsidiff.methods.spectraldiff",
    "load_classifier": "hsidiff.catalog",
    "predict_to_file": "hsidiff.maps.predict",
    "score": "hsidiff.evaluation.metrics",
}
"""Where to find what needs PyTorch or scikit-learn, each of which takes a second to import."""


def __getattr__(name: str) -> Any:
    """Import what takes long when it is first asked for."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'hsidiff' has no attribute {name!r}")
