"""hsidiff: land-cover maps from hyperspectral scenes and few labels, by denoising diffusion."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hsidiff.catalog import load_classifier
    from hsidiff.evaluation.metrics import Scores, score
    from hsidiff.labels.label_map import LabelMap
    from hsidiff.labels.leakage import measure_leakage
    from hsidiff.labels.pixel_split import (
        block_split,
        per_class_split,
        published_split,
        random_split,
    )
    from hsidiff.labels.read import read_labels
    from hsidiff.labels.split import Split
    from hsidiff.maps.predict import predict_to_file
    from hsidiff.methods.diffcrn import DiffCRN
    from hsidiff.methods.diffspectralnet import DiffSpectralNet
    from hsidiff.methods.spectraldiff import SpectralDiff
    from hsidiff.scenes.benchmarks import fetch_benchmark
    from hsidiff.scenes.formats.xarray_object import to_xarray
    from hsidiff.scenes.open import open_scene
    from hsidiff.scenes.scene import Scene
    from hsidiff.scenes.synthetic import make_synthetic_scene

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
    "DiffCRN": "methods.diffcrn",
    "DiffSpectralNet": "methods.diffspectralnet",
    "LabelMap": "labels.label_map",
    "Scene": "scenes.scene",
    "Scores": "evaluation.metrics",
    "SpectralDiff": "methods.spectraldiff",
    "Split": "labels.split",
    "block_split": "labels.pixel_split",
    "fetch_benchmark": "scenes.benchmarks",
    "load_classifier": "catalog",
    "make_synthetic_scene": "scenes.synthetic",
    "measure_leakage": "labels.leakage",
    "open_scene": "scenes.open",
    "per_class_split": "labels.pixel_split",
    "predict_to_file": "maps.predict",
    "published_split": "labels.pixel_split",
    "random_split": "labels.pixel_split",
    "read_labels": "labels.read",
    "score": "evaluation.metrics",
    "to_xarray": "scenes.formats.xarray_object",
}
"""Where each name lives. PyTorch and others take seconds to load, and few need them all."""


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name in _MODULES:
        return getattr(import_module(f"hsidiff.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'hsidiff' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The names that there are, loaded or not, for a shell that completes them."""
    return sorted({*globals(), *__all__})
