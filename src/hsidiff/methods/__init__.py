"""The diffusion methods of the papers, by the word that names them."""

from hsidiff.classifier import SceneClassifier
from hsidiff.methods.diffcrn import DiffCRN
from hsidiff.methods.diffspectralnet import DiffSpectralNet
from hsidiff.methods.spectraldiff import SpectralDiff

METHODS: dict[str, type[SceneClassifier]] = {
    "spectraldiff": SpectralDiff,
    "diffspectralnet": DiffSpectralNet,
    "diffcrn": DiffCRN,
}
