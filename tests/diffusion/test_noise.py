import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.diffusion.noise import pixel_noise

SIDE, N_BANDS = 48, 30
N_VALUES = SIDE * SIDE * N_BANDS
SMALL_CORRELATION = 4 / math.sqrt(N_VALUES)


def noise_of(
    rows: range = range(SIDE),
    cols: range = range(SIDE),
    n_bands: int = N_BANDS,
    timestep: int = 5,
    seed: int = 0,
) -> torch.Tensor:
    return pixel_noise(torch.tensor(rows), torch.tensor(cols), n_bands, timestep, seed)


def correlation(first: torch.Tensor, second: torch.Tensor) -> float:
    return float(np.corrcoef(first.ravel().numpy(), second.ravel().numpy())[0, 1])


starts = st.integers(-40, 3000)
lengths = st.integers(1, 12)


@given(starts, starts, lengths, lengths, st.integers(0, 11), st.integers(0, 11))
@settings(max_examples=60)
def test_two_windows_agree_where_they_overlap(
    row: int, col: int, n_rows: int, n_cols: int, row_shift: int, col_shift: int
) -> None:
    first = noise_of(range(row, row + 12), range(col, col + 12), 4)
    row_shift, col_shift = min(row_shift, 12 - n_rows), min(col_shift, 12 - n_cols)
    top, left = row + row_shift, col + col_shift
    second = noise_of(range(top, top + n_rows), range(left, left + n_cols), 4)
    part = first[:, row_shift : row_shift + n_rows, col_shift : col_shift + n_cols]
    assert torch.equal(part, second)


def test_windows_may_be_asked_for_together() -> None:
    tops, lefts = torch.tensor([[3], [-5], [40]]), torch.tensor([[7], [0], [2]])
    rows, cols = tops + torch.arange(6), lefts + torch.arange(9)
    together = pixel_noise(rows, cols, 5, 20, seed=1)
    one_by_one = [pixel_noise(*window, 5, 20, seed=1) for window in zip(rows, cols, strict=True)]
    assert torch.equal(together, torch.stack(one_by_one))


def test_more_bands_do_not_change_the_first_ones() -> None:
    assert torch.equal(noise_of(n_bands=7), noise_of(n_bands=9)[:7])


def test_pixels_beyond_the_edge_have_noise_of_their_own() -> None:
    beyond, inside = noise_of(range(-SIDE, 0)), noise_of(range(1, SIDE + 1))
    assert torch.isfinite(beyond).all()
    assert abs(correlation(beyond, inside)) < SMALL_CORRELATION
    assert abs(correlation(beyond.flip(1), inside)) < SMALL_CORRELATION


def test_noise_is_standard_normal() -> None:
    values = noise_of().double().ravel().numpy()
    assert noise_of().dtype == torch.float32
    assert abs(values.mean()) < 4 / math.sqrt(N_VALUES)
    assert values.std() == pytest.approx(1, abs=4 / math.sqrt(2 * N_VALUES))
    assert scipy.stats.kstest(values, "norm").pvalue > 0.01


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**40 + 3])
@pytest.mark.parametrize("timestep", [1, 500])
def test_noise_is_normal_for_every_seed_and_timestep(seed: int, timestep: int) -> None:
    values = noise_of(range(20), range(20), seed=seed, timestep=timestep).ravel().numpy()
    assert np.isfinite(values).all()
    assert scipy.stats.kstest(values, "norm").pvalue > 1e-3


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("timestep", {"timestep": 6}),
        ("seed", {"seed": 1}),
        ("row", {"rows": range(1, SIDE + 1)}),
        ("column", {"cols": range(1, SIDE + 1)}),
        ("timestep and seed swapped", {"timestep": 0, "seed": 5}),
    ],
)
def test_noise_of_another_key_is_independent(what: str, other: dict[str, object]) -> None:
    assert abs(correlation(noise_of(), noise_of(**other))) < SMALL_CORRELATION, what  # type: ignore[arg-type]


@pytest.mark.parametrize("lag", [1, 2, 8])
def test_neighbouring_bands_are_independent(lag: int) -> None:
    noise = noise_of()
    assert abs(correlation(noise[lag:], noise[:-lag])) < 1.2 * SMALL_CORRELATION


def test_magnitudes_of_neighbours_are_independent_too() -> None:
    size = noise_of().abs()
    assert abs(correlation(size[:, 1:], size[:, :-1])) < SMALL_CORRELATION
    assert abs(correlation(size[:, :, 1:], size[:, :, :-1])) < SMALL_CORRELATION
    assert abs(correlation(size[1:], size[:-1])) < SMALL_CORRELATION


def test_swapping_row_and_column_gives_other_noise() -> None:
    noise = noise_of()
    off_diagonal = ~torch.eye(SIDE, dtype=torch.bool)
    same = noise == noise.transpose(1, 2)
    assert not same[:, off_diagonal].any()


def test_noise_neither_uses_nor_changes_the_global_generator() -> None:
    before = torch.get_rng_state()
    first = noise_of()
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    assert torch.equal(noise_of(), first)


def test_noise_stays_the_same_from_version_to_version() -> None:
    """Saved models that extract with noise would change their maps otherwise."""
    found = noise_of(range(-1, 1), range(3, 5), n_bands=1, timestep=7, seed=3).ravel()
    np.testing.assert_allclose(found, [1.130214, -0.861534, 0.612987, -0.666740], atol=1e-6)
