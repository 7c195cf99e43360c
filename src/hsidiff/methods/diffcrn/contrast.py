"""Losses that pull two views of the same thing together and push different things apart.

Symbols: ``tau`` temperature, ``sim`` the cosine of the angle between two vectors.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

SHORTEST = 1e-6
"""Shorter vectors are not stretched to length 1: their gradients would be without bound."""
LEAST_SHARE = 1e-12
"""Smaller shares of a cluster count as this in the logarithm, whose gradient stays finite."""


def nt_xent(
    first: Tensor, second: Tensor, temperature: float = 0.2, ignored: Tensor | None = None
) -> Tensor:
    """Normalised temperature-scaled cross-entropy of two views of n samples.

    With z the 2n vectors of both views and p(i) the other view of the sample of z_i

        mean over i of  -log( exp(sim(z_i, z_p(i)) / tau) / sum_{k != i} exp(sim(z_i, z_k) / tau) )

    Source: Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations",
    ICML 2020, eq. 1.

    Args:
        first: (n, d) vectors of the first view, of any length.
        second: (n, d) vectors of the second view; row i shows the sample of row i of ``first``.
        temperature: tau; the smaller, the more the nearest negatives count.
        ignored: (n, n) bool, pairs of samples that are too alike to be pushed apart. Their terms
            are left out of the sum, in every pair of views. The diagonal is not read: a sample is
            always drawn to its other view.

    Returns:
        A scalar of at least 0; 0 if there is nothing to push away, as with n = 1.
    """
    n = len(first)
    vectors = functional.normalize(torch.cat([first, second]).float(), dim=1, eps=SHORTEST)
    partner = torch.arange(2 * n, device=first.device).roll(n)
    left_out = torch.eye(2 * n, dtype=torch.bool, device=first.device)
    if ignored is not None:
        left_out |= ignored.repeat(2, 2)
        left_out[torch.arange(2 * n, device=first.device), partner] = False
    similarity = vectors @ vectors.T / temperature
    return functional.cross_entropy(similarity.masked_fill(left_out, -math.inf), partner)


def cluster_contrast(first: Tensor, second: Tensor, temperature: float = 1.0) -> Tensor:
    """Contrast between clusters: the same samples should fall into a cluster in both views.

    A cluster is its column of assignments, so with Y = ``first`` and Y' = ``second``

        nt_xent(columns of Y, columns of Y') + (log M - H(mean of Y)) + (log M - H(mean of Y'))

    where H(p) = -sum_m p_m log p_m. Without the entropies H all samples in one cluster would do.

    Source: Li et al., "Contrastive Clustering", AAAI 2021, section "Cluster-level Contrastive
    Head". The paper subtracts H; log M, as in its published code, only makes 0 the best value of
    the two terms.

    Args:
        first: (n, M) probabilities of the M clusters in the first view; rows sum to 1.
        second: (n, M) in the second view.
        temperature: tau; 1 in the paper.

    Returns:
        A scalar of at least 0.
    """
    shortfall = sum(_missing_entropy(view.float().mean(dim=0)) for view in (first, second))
    return nt_xent(first.T, second.T, temperature) + shortfall


def _missing_entropy(shares: Tensor) -> Tensor:
    """How far the entropy of shares (M,) that sum to 1 lies below log M, its greatest value."""
    return math.log(len(shares)) + (shares * shares.clamp(min=LEAST_SHARE).log()).sum()
