"""Values of a pixel come in kinds: features, the spectrum, and so on."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise

import numpy as np

Kinds = Mapping[str, tuple[int, ...]]
"""Kinds of values in the order in which they are stacked, each with the widths of its parts:
``{"features": (48, 48), "spectrum": (200,)}`` are features of two timesteps, then the spectrum."""

FEATURES = "features"
"""Of a network, all as one kind."""
DENOISER_INPUT = "denoiser input"
"""What a denoiser sees."""
SPECTRUM = "spectrum"
"""What the scene holds."""
SCALED_SPECTRUM = "scaled spectrum"
"""The same, each band scaled over the scene."""


def kind_at(name: str, side: int) -> str:
    """The name of the mean of a kind over squares of a side in pixels: "features 9x9"."""
    return name if side == 1 else f"{name} {side}x{side}"


def kind_and_side(name: str) -> tuple[str, int]:
    """What :func:`kind_at` was given."""
    found = re.fullmatch(r"(.+) (\d+)x\2", name)
    return (found[1], int(found[2])) if found else (name, 1)


def columns_of(kinds: Kinds) -> dict[str, slice]:
    """The columns of each kind of values, stacked in their order."""
    borders = pairwise(accumulate(map(sum, kinds.values()), initial=0))
    return {name: slice(*ends) for name, ends in zip(kinds, borders, strict=True)}


def without_kinds(kinds: Kinds, left_out: Sequence[str]) -> tuple[Kinds, slice | np.ndarray]:
    """The kinds that are looked at, and their columns among all values."""
    kept = {name: widths for name, widths in kinds.items() if name not in left_out}
    slices = [columns for name, columns in columns_of(kinds).items() if name in kept]
    if all(one.stop == other.start for one, other in pairwise(slices)):  # a view costs nothing
        return kept, slice(slices[0].start, slices[-1].stop)
    return kept, np.r_[tuple(slices)]


def widths_of(kinds: Kinds) -> tuple[int, ...]:
    """The widths of all parts of all kinds."""
    return tuple(chain.from_iterable(kinds.values()))
