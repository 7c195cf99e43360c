"""A stratified random sample of the pixels of a map, to be labelled and compared with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hsidiff.amounts import count
from hsidiff.errors import SettingError, check_choice, check_whole_number

ALLOCATIONS = ("minimum", "proportional", "equal")
MIN_PER_STRATUM = 50
"""Samples of a rare class: Olofsson et al. (2014), section 5.1.1, advise 50 to 100."""
_FEWEST = 2
"""One sample of a stratum says nothing of how much its pixels differ."""


@dataclass(frozen=True)
class Drawn:
    """Pixels that were drawn, in random order, so that the first ones are a sample as well.

    Attributes:
        rows: (samples,) rows.
        cols: (samples,) columns.
        strata: (samples,) positions in the list of strata.
    """

    rows: np.ndarray
    cols: np.ndarray
    strata: np.ndarray


def allocate(
    n: int,
    n_pixels: Sequence[int],
    names: Sequence[str],
    allocation: str = "minimum",
    min_per_stratum: int | None = None,
) -> list[int]:
    """How many samples each stratum gets.

    Args:
        n: samples in all.
        n_pixels: pixels of each stratum, at least 1.
        names: what the strata are called in messages.
        allocation: ``"proportional"`` to the pixels, at least 2; ``"equal"``; or ``"minimum"``: as
            proportional, but at least ``min_per_stratum`` for each stratum, which rare classes
            need. Source: Olofsson et al. (2014), section 5.1.1.
        min_per_stratum: None takes 50, or fewer if ``n`` does not allow so many.

    Raises:
        SettingError: if the numbers do not fit together, or a stratum has too few pixels.
    """
    check_choice("allocation", allocation, ALLOCATIONS)
    check_whole_number("n", n, 1)
    n_strata = len(n_pixels)
    if min_per_stratum is not None and allocation != "minimum":
        raise SettingError(
            f"min_per_class={min_per_stratum} is for allocation 'minimum': leave it out"
        )
    if allocation == "equal":
        sizes = _shared_out(n, np.ones(n_strata), np.zeros(n_strata, dtype=int))
    else:
        sizes = _shared_out(
            n, np.asarray(n_pixels, dtype=float), _least(n, n_pixels, allocation, min_per_stratum)
        )
    for name, size, available in zip(names, sizes, n_pixels, strict=True):
        if size > available:
            ways = ", or take --min-per-class or --allocation proportional" if n_strata > 1 else ""
            raise SettingError(
                f"{name} has {count(available)} pixels, and {count(size)} samples of it were "
                f"asked for: ask for fewer (-n){ways}"
            )
    return sizes


def _least(
    n: int, n_pixels: Sequence[int], allocation: str, min_per_stratum: int | None
) -> np.ndarray:
    """(strata,) the fewest samples of each stratum."""
    n_strata = len(n_pixels)
    fewest = np.minimum(_FEWEST, np.asarray(n_pixels))
    if allocation == "minimum":
        least = min(MIN_PER_STRATUM, n // n_strata) if min_per_stratum is None else min_per_stratum
        check_whole_number("min_per_class", least, 1 if min_per_stratum is not None else 0)
        fewest = np.maximum(fewest, least)
    if fewest.sum() > n:
        raise SettingError(
            f"n={n}: too few for {n_strata} classes of at least {fewest.max()} samples each: draw "
            f"at least {fewest.sum()} (-n {fewest.sum()})"
        )
    return fewest


def _shared_out(n: int, weights: np.ndarray, least: np.ndarray) -> list[int]:
    """Whole numbers that add up to ``n``, in proportion to weights but not below ``least``."""
    is_raised = np.zeros(len(weights), dtype=bool)
    while True:
        # What the raised strata take is missing for the others, which may have to be raised then.
        rest = n - least[is_raised].sum()
        free = np.where(is_raised, 0, weights)
        exact = np.where(is_raised, least, rest * free / max(free.sum(), 1e-300))
        below = ~is_raised & (exact < least)
        if not below.any():
            break
        is_raised |= below
    sizes = np.floor(exact + 1e-9).astype(int)
    largest_remainders = np.argsort(-(exact - sizes), kind="stable")
    sizes[largest_remainders[: n - sizes.sum()]] += 1
    return [int(size) for size in sizes]


def draw(strata_of_pixels: np.ndarray, sizes: Sequence[int], random_state: int) -> Drawn:
    """Draw pixels at random, without putting them back, in each stratum.

    Args:
        strata_of_pixels: (rows, cols) position of the stratum of each pixel, -1 = in none.
        sizes: samples of each stratum, at most its pixels.
        random_state: makes the sample repeatable.
    """
    generator = np.random.default_rng(random_state)
    flat = strata_of_pixels.ravel()
    pixels = [
        generator.choice(np.flatnonzero(flat == stratum), size, replace=False)
        for stratum, size in enumerate(sizes)
    ]
    drawn = generator.permutation(np.concatenate(pixels))
    rows, cols = np.unravel_index(drawn, strata_of_pixels.shape)
    return Drawn(rows, cols, flat[drawn])
