"""hsidiff: land-cover maps from hyperspectral scenes and few labels, by denoising diffusion."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from hsidiff.evaluation.metrics import Scores, score
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.read import read_labels
from hsidiff.labels.split import Split
from hsidiff.labels.splits import block_split, per_class_split, published_split, random_split
from hsidiff.maps.predict import predict_to_file
from hsidiff.scenes.benchmarks import fetch_benchmark
from hsidiff.scenes.formats.xarray_object import to_xarray
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.synthetic import make_synthetic_scene

if TYPE_CHECKING:
    from hsidiff.catalog import load_classifier
    from hsidiff.methods.spectraldiff import SpectralDiff

__version__ = version("hsidiff")

__all__ = [
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


def __getattr__(name: str) -> Any:
    """Import what needs PyTorch when it is first asked for: the import takes seconds."""
    if name == "SpectralDiff":
        from hsidiff.methods.spectraldiff import SpectralDiff  # noqa: PLC0415

        return SpectralDiff
    if name == "load_classifier":
        from hsidiff.catalog import load_classifier  # noqa: PLC0415

        return load_classifier
    raise AttributeError(f"module 'hsidiff' has no attribute {name!r}")
