"""The guided filter against its definition, and what makes it fit for tiles and invalid pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from hsidiff.windows.guided_filter import FLATNESS, guided_filter

SHAPE = (9, 11)


def drawn(
    shape: tuple[int, int] = SHAPE, n: int = 2, d: int = 3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, guide and valid pixels of an image, at random."""
    draw = np.random.default_rng(seed)
    return draw.random((*shape, n)), draw.normal(size=(*shape, d)), draw.random(shape) > 0.2


def by_definition(
    values: np.ndarray, guide: np.ndarray, valid: np.ndarray, radius_px: int
) -> np.ndarray:
    """Pixel by pixel: each window's ridge regression of the values on the guide, then means.

    The sum over a window of (a I + b - p)^2 + eps a^2 is least where its derivatives by a and b
    are 0, which is one system of d + 1 equations.
    """
    shape, d = valid.shape, guide.shape[-1]

    def window(row: int, col: int) -> tuple[slice, slice]:
        near = slice(max(row - radius_px, 0), row + radius_px + 1)
        return near, slice(max(col - radius_px, 0), col + radius_px + 1)

    fitted = np.zeros((*shape, d + 1, values.shape[-1]))
    for row, col in np.argwhere(valid):
        near = window(row, col)
        inside = guide[near][valid[near]]
        known = np.column_stack([inside, np.ones(len(inside))])
        penalty = len(inside) * FLATNESS * np.diag([1.0] * d + [0.0])
        fitted[row, col] = np.linalg.solve(
            known.T @ known + penalty, known.T @ values[near][valid[near]]
        )
    result = np.zeros_like(values)
    for row, col in np.argwhere(valid):
        near = window(row, col)
        mean = fitted[near][valid[near]].mean(axis=0)
        result[row, col] = np.append(guide[row, col], 1) @ mean
    return result


@pytest.mark.parametrize("radius_px", [1, 2, 3, 20])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_it_is_the_mean_of_the_linear_functions_of_the_windows(radius_px: int, d: int) -> None:
    values, guide, valid = drawn(d=d)
    found = guided_filter(values, guide, valid, radius_px)
    np.testing.assert_allclose(found, by_definition(values, guide, valid, radius_px), atol=1e-12)


@given(radius_px=st.integers(1, 4), value=st.floats(-5, 5), seed=st.integers(0, 99))
def test_a_constant_stays_a_constant_whatever_the_guide(
    radius_px: int, value: float, seed: int
) -> None:
    _, guide, valid = drawn(seed=seed)
    found = guided_filter(np.full((*SHAPE, 1), value), guide, valid, radius_px)
    np.testing.assert_allclose(found[..., 0], np.where(valid, value, 0), atol=1e-10)


def test_what_sums_to_1_still_does() -> None:
    values, guide, valid = drawn(n=4)
    values /= values.sum(axis=-1, keepdims=True)
    found = guided_filter(values, guide, valid, 2)
    np.testing.assert_allclose(found.sum(axis=-1), valid, atol=1e-12)


def test_under_a_flat_guide_it_is_the_mean_of_the_mean() -> None:
    values, _, _ = drawn((20, 20), n=1)
    found = guided_filter(values, np.ones((20, 20, 3)), np.ones((20, 20), dtype=bool), 2)
    twice = uniform_filter(uniform_filter(values, (5, 5, 1)), (5, 5, 1))
    np.testing.assert_allclose(found[4:-4, 4:-4], twice[4:-4, 4:-4], atol=1e-12)


def test_an_edge_of_the_guide_is_kept_where_a_mean_blurs_it() -> None:
    truth = np.zeros((30, 30))
    truth[:, 15:] = 1
    noise = np.random.default_rng(0).normal(0, 0.3, truth.shape)
    guide = (2 * truth - 1)[..., None]
    found = guided_filter((truth + noise)[..., None], guide, truth >= 0, 2)[..., 0]
    blurred = uniform_filter(uniform_filter(truth + noise, 5), 5)
    at_edge = slice(14, 16)
    assert np.abs(found - truth).mean() < 0.2 * np.abs(noise).mean()
    assert np.abs(found - truth)[:, at_edge].mean() < 0.15
    assert np.abs(blurred - truth)[:, at_edge].mean() > 0.3


@given(seed=st.integers(0, 99), wild=st.sampled_from([np.nan, np.inf, 1e30]))
def test_invalid_pixels_are_0_and_change_no_other(seed: int, wild: float) -> None:
    values, guide, valid = drawn(seed=seed)
    expected = guided_filter(values, guide, valid, 2)
    values[~valid], guide[~valid] = wild, wild
    np.testing.assert_array_equal(guided_filter(values, guide, valid, 2), expected)
    assert not expected[~valid].any()


def test_beyond_the_border_is_as_beyond_the_valid_pixels() -> None:
    values, guide, valid = drawn()
    wider = [np.pad(a, ((3, 2), (4, 1), (0, 0)), constant_values=7) for a in (values, guide)]
    framed = guided_filter(*wider, np.pad(valid, ((3, 2), (4, 1))), 2)
    found = guided_filter(values, guide, valid, 2)
    np.testing.assert_allclose(framed[3:-2, 4:-1], found, atol=1e-12)


@pytest.mark.parametrize("radius_px", [1, 2, 3])
def test_it_reaches_twice_its_radius_and_no_farther(radius_px: int) -> None:
    values, guide, _ = drawn((21, 21), n=1)
    valid = np.ones((21, 21), dtype=bool)
    before = guided_filter(values, guide, valid, radius_px)
    for changed in (values, guide):
        changed[10, 10] += 1
        moved = guided_filter(values, guide, valid, radius_px)[..., 0] != before[..., 0]
        distance = np.abs(np.indices((21, 21)) - 10).max(axis=0)
        assert distance[moved].max() == 2 * radius_px


@settings(max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    corner=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    size=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    radius_px=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_a_part_with_its_surroundings_comes_out_as_in_the_whole(
    shape: tuple[int, int],
    corner: tuple[int, int],
    size: tuple[int, int],
    radius_px: int,
    seed: int,
) -> None:
    values, guide, valid = drawn(shape, seed=seed)
    first = [min(c, n - 1) for c, n in zip(corner, shape, strict=True)]
    last = [min(f + s, n) for f, s, n in zip(first, size, shape, strict=True)]
    near = [max(f - 2 * radius_px, 0) for f in first]
    seen = tuple(slice(n, z + 2 * radius_px) for n, z in zip(near, last, strict=True))
    part = guided_filter(values[seen], guide[seen], valid[seen], radius_px)
    inner = tuple(slice(f - n, z - n) for f, n, z in zip(first, near, last, strict=True))
    outer = tuple(slice(f, z) for f, z in zip(first, last, strict=True))
    # Exactly, not nearly: pixels between two classes must not fall to either by the tile size.
    np.testing.assert_array_equal(
        part[inner], guided_filter(values, guide, valid, radius_px)[outer]
    )


def test_a_guide_of_one_value_and_a_single_pixel_are_no_trouble() -> None:
    one = np.full((1, 1, 1), 0.7)
    np.testing.assert_allclose(guided_filter(one, one, np.ones((1, 1), dtype=bool), 2), one)
    assert not guided_filter(one, one, np.zeros((1, 1), dtype=bool), 2).any()
