"""What a classifier says about itself: where it comes from, and what it costs."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class About:
    """Where a classifier comes from.

    Attributes:
        kind: a diffusion method; a baseline that methods are compared with; or a control, which
            leaves out one thing and so shows what it is worth.
        paper: what it follows, such as "Chen et al., IEEE TGRS"; None for a control of our own.
        year: when that appeared.
    """

    kind: Literal["method", "baseline", "control"]
    paper: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class Cost:
    """What a map costs. None where it grows with the training labels, or is not known.

    Attributes:
        n_parameters: weights of networks and heads. Statistics of the scene (scaling, whitening,
            principal components) are not counted; applying them is.
        macs_per_pixel: multiply-accumulates of matrix products, convolutions and attention for one
            pixel of the map, without what the halo of a tile adds.
    """

    n_parameters: int | None = None
    macs_per_pixel: int | None = None

    def __add__(self, other: "Cost") -> "Cost":
        """The cost of both; what is not known of one is not known of both."""
        return Cost(
            _sum(self.n_parameters, other.n_parameters),
            _sum(self.macs_per_pixel, other.macs_per_pixel),
        )

    @classmethod
    def of_linear_scores(cls, n_values: int, n_classes: int) -> "Cost":
        """Of class scores that are linear in ``n_values`` values."""
        return cls((n_values + 1) * n_classes, n_values * n_classes)

    @classmethod
    def of_projection(cls, n_values: int, n_outputs: int) -> "Cost":
        """Of a matrix that comes from statistics of the scene."""
        return cls(0, n_values * n_outputs)


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second
