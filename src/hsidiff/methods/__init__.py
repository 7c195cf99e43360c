"""The diffusion methods of the papers and their controls, by the word that names them."""

from hsidiff.contract import SceneClassifier
from hsidiff.methods.controls import DenoisingAutoencoder, RandomFeatures, RawSpectra
from hsidiff.methods.diffcrn import DiffCRN
from hsidiff.methods.diffspectralnet import DiffSpectralNet
from hsidiff.methods.spectraldiff import SpectralDiff

METHODS: dict[str, type[SceneClassifier]] = {
    "spectraldiff": SpectralDiff,
    "diffspectralnet": DiffSpectralNet,
    "diffcrn": DiffCRN,
    "raw": RawSpectra,
    "random-features": RandomFeatures,
    "denoising-autoencoder": DenoisingAutoencoder,
}
