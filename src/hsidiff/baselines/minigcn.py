"""miniGCN: a graph convolutional network trained on sub-graphs of a batch of pixels.

Paper: D. Hong, L. Gao, J. Yao, B. Zhang, A. Plaza, J. Chanussot, "Graph Convolutional Networks for
Hyperspectral Image Classification", IEEE TGRS 59 (2021), doi 10.1109/TGRS.2020.3015157.

What is special: pixels are nodes, joined to those with the most similar spectra, and a layer
averages over neighbours; a step needs the graph of its batch only, which keeps it small.

Where we differ:

* The published code builds one graph of the training pixels and another of the test pixels, so that
  what it says about a pixel depends on which other pixels it is asked about. Here a new pixel is
  joined to its nearest *training* pixels, with the same weights, and what these pass on is fixed
  after training: its class depends on its own spectrum alone, and so not on the tile.
* A pixel counts among its own neighbours, and a batch's graph is normalised by its own degrees
  (Kipf and Welling 2017, eq. 2). The code normalises the whole graph, adds the identity, and cuts
  the batch out; then a layer's output grows with the number of neighbours in sight, which differs
  between a batch and the whole graph.
* Every step takes a batch; the code ends each epoch with one step on the whole graph.
* Pixels are neighbours if either is among the nearest of the other, and exp(-d^2 / sigma^2) is
  their weight; the code's own function for that is not public.
* Bands are scaled by the training pixels, not by the scene. The first layer has no bias: the
  normalisation after it would cancel it.
"""

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import torch
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.about import About, Cost
from hsidiff.baselines.patch_network import NetworkBaseline
from hsidiff.baselines.spectral import is_real_number, proba_of_valid_spectra
from hsidiff.errors import SettingError, check_whole_number
from hsidiff.networks.counting import cost_of
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe, train
from hsidiff.training.patch_classifier import shuffled_batches

N_HIDDEN = 128
RATE_HALVES_EPOCHS = 50


class GraphNetwork(nn.Module):
    """Spectra (n, n_bands) and their normalised graph (n, n) to class scores (n, n_classes).

    Its two layers are also given in parts, between which features go along the edges.
    """

    def __init__(self, n_bands: int, n_classes: int) -> None:
        super().__init__()
        to_hidden = nn.Linear(n_bands, N_HIDDEN, bias=False)
        to_scores = nn.Linear(N_HIDDEN, n_classes, bias=False)
        self.first = nn.Sequential(nn.BatchNorm1d(n_bands), to_hidden)
        self.second = nn.Sequential(
            nn.BatchNorm1d(N_HIDDEN), nn.ReLU(), nn.BatchNorm1d(N_HIDDEN), to_scores
        )
        self.bias = nn.Parameter(torch.zeros(n_classes))
        for layer in (to_hidden, to_scores):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, spectra: Tensor, graph: Tensor) -> Tensor:
        """Class scores (before the softmax)."""
        return graph @ self.second(graph @ self.first(spectra)) + self.bias

    def penalty(self) -> Tensor:
        """Half the sum of the squares of the two layers' weights."""
        matrices = [weights for weights in self.parameters() if weights.ndim == 2]
        return torch.stack([weights.square().sum() for weights in matrices]).sum() / 2


@dataclass(repr=False, eq=False)
class MiniGCN(NetworkBaseline):
    """Graph convolutions over the most similar training pixels.

    Attributes:
        n_neighbors: K, how many nearest training pixels a pixel is joined to.
        sigma: two spectra at a distance d are joined with the weight exp(-d^2 / sigma^2); bands are
            scaled to 0..1.
        weight_decay: factor of an L2 penalty on the weights of the two layers.
        train_spectra_: (n, n_bands) float32, scaled, the nodes of the training graph.
    """

    n_neighbors: int = 10
    sigma: float = 1.0

    network_: GraphNetwork = field(init=False)
    train_spectra_: np.ndarray = field(init=False)

    name: ClassVar[str] = "minigcn"
    about: ClassVar[About] = About("baseline", "Hong et al., IEEE TGRS", 2021)

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """Its weights; how long the search for neighbours takes depends on the training pixels."""
        self._check_settings()
        network = cost_of(lambda: self._network(n_bands, n_classes), lambda network: None)
        return replace(network, macs_per_pixel=None)

    def _check_settings(self) -> None:
        super()._check_settings()
        check_whole_number("n_neighbors", self.n_neighbors, 1)
        if not (is_real_number(self.sigma) and self.sigma > 0):
            raise SettingError(f"sigma={self.sigma!r}: must be a number above 0")

    def _network(self, n_bands: int, n_classes: int) -> GraphNetwork:
        return GraphNetwork(n_bands, n_classes)

    def _train(self, patches: np.ndarray, classes: np.ndarray) -> None:
        self.train_spectra_ = patches[:, 0, 0]
        graph = self._training_graph()
        spectra = torch.from_numpy(self.train_spectra_)
        targets = torch.from_numpy(classes).long()
        batch_size = min(self.batch_size, len(classes))
        batches = shuffled_batches(len(classes), batch_size, self.random_state)

        def loss_of(model: nn.Module, device: torch.device) -> Tensor:
            chosen = next(batches)
            part = torch.from_numpy(batch_graph(graph, chosen.numpy()))
            scores = model(spectra[chosen].to(device), part.to(device))
            loss = functional.cross_entropy(scores, targets[chosen].to(device))
            return loss + self.weight_decay * self.network_.penalty()

        n_steps = self.n_epochs * math.ceil(len(classes) / self.batch_size)
        train(self.network_, loss_of, self._recipe(n_steps), self.device, "fit graph")
        self._fix_training_pixels(graph)

    def _recipe(self, n_steps: int) -> Recipe:
        return Recipe(
            n_steps,
            self.learning_rate,
            rate="steps",
            fall_every=n_steps // self.n_epochs * RATE_HALVES_EPOCHS,
            fall_factor=0.5,
            n_threads=1,
        )

    def _training_graph(self) -> sparse.csr_matrix:
        """Weights (n, n) between training pixels; also finds the neighbours of new ones later."""
        # Not "brute": it decides between equally distant spectra by how many are asked about.
        self.neighbours_ = NearestNeighbors(algorithm="ball_tree").fit(self.train_spectra_)
        return neighbour_graph(self.neighbours_, self.n_neighbors, self.sigma)

    @torch.inference_mode()
    def _fix_training_pixels(self, graph: sparse.csr_matrix) -> None:
        """Compute what each training pixel passes on to its neighbours in either layer."""
        self.degrees_ = degrees(graph)
        self.first_ = self.network_.first(torch.from_numpy(self.train_spectra_))
        gathered = normalised(graph).astype(np.float32) @ self.first_.numpy()
        self.second_ = self.network_.second(torch.from_numpy(gathered))

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        return proba_of_valid_spectra(
            cube, len(self.classes_), lambda spectra: self._spectra_proba(self._scaled(spectra))
        )

    @torch.inference_mode()
    def _spectra_proba(self, spectra: np.ndarray) -> np.ndarray:
        """Probabilities (m, n_classes) of scaled spectra (m, n_bands), each one for itself."""
        # 1. Join each pixel to its nearest training pixels, and normalise.
        n_neighbors = min(self.n_neighbors, len(self.train_spectra_))
        distances, nearest = self.neighbours_.kneighbors(spectra, n_neighbors)
        edges = np.exp(-((distances / self.sigma) ** 2))
        degree = 1 + edges.sum(axis=1, keepdims=True)
        edges /= np.sqrt(degree * self.degrees_[nearest])
        weights = torch.from_numpy(edges).float()[:, None]
        itself = torch.from_numpy(1 / degree).float()
        # 2. Two layers: what the neighbours pass on, and the pixel itself.
        first = self.network_.first(torch.from_numpy(spectra))
        gathered = (weights @ self.first_[nearest])[:, 0] + itself * first
        second = self.network_.second(gathered)
        scores = (weights @ self.second_[nearest])[:, 0] + itself * second + self.network_.bias
        return scores.softmax(dim=1).numpy()

    def _get_learned(self) -> Learned:
        learned = super()._get_learned()
        return Learned(learned.arrays | {"spectra": self.train_spectra_}, learned.facts)

    def _set_learned(self, learned: Learned) -> None:
        super()._set_learned(learned)
        self.train_spectra_ = learned.arrays["spectra"]
        self._fix_training_pixels(self._training_graph())


def neighbour_graph(
    neighbours: NearestNeighbors, n_neighbors: int, sigma: float
) -> sparse.csr_matrix:
    """Weights between the spectra that ``neighbours`` was fitted on.

    Args:
        neighbours: fitted on n spectra.
        n_neighbors: to how many others each is joined; to all, if there are fewer.
        sigma: width of the radial basis function.

    Returns:
        (n, n) float64, symmetric; no pixel is joined to itself.
    """
    n_neighbors = min(n_neighbors, neighbours.n_samples_fit_ - 1)
    graph = neighbours.kneighbors_graph(n_neighbors=n_neighbors, mode="distance")
    graph.data = np.exp(-((graph.data / sigma) ** 2))
    return graph.maximum(graph.T).tocsr()


def degrees(graph: sparse.csr_matrix) -> np.ndarray:
    """Sum of the weights at each node (n,), with a weight of 1 to itself."""
    return 1 + np.asarray(graph.sum(axis=1)).ravel()


def normalised(graph: sparse.csr_matrix) -> sparse.csr_matrix:
    """``D^-1/2 (A + I) D^-1/2`` of weights A (n, n), D being the degrees of A + I.

    Source: Kipf and Welling, ICLR 2017, eq. 2.
    """
    root = sparse.diags(1 / np.sqrt(degrees(graph)))
    return (root @ (graph + sparse.identity(graph.shape[0])) @ root).tocsr()


def batch_graph(graph: sparse.csr_matrix, chosen: np.ndarray) -> np.ndarray:
    """The graph between some pixels, normalised by itself.

    Args:
        graph: weights (n, n).
        chosen: (m,) which pixels.

    Returns:
        (m, m) float32.
    """
    return normalised(graph[chosen][:, chosen]).toarray().astype(np.float32)
