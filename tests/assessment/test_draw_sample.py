import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.assessment.draw import allocate, draw
from hsidiff.errors import SettingError

PIXELS = [5000, 3000, 1500, 500]
NAMES = list("abcd")


def test_allocations_are_those_worked_out_by_hand() -> None:
    assert allocate(200, PIXELS, NAMES, "proportional") == [100, 60, 30, 10]
    assert allocate(200, PIXELS, NAMES, "equal") == [50, 50, 50, 50]
    assert allocate(202, PIXELS, NAMES, "equal") == [51, 51, 50, 50]
    # 40 for the last; of the other 160, 25 would go to the third: 40 as well; then 120 in 5 : 3.
    assert allocate(200, PIXELS, NAMES, "minimum", 40) == [75, 45, 40, 40]
    assert allocate(1000, PIXELS, NAMES) == [500, 300, 150, 50]
    assert allocate(100, PIXELS, NAMES) == [25, 25, 25, 25]


def test_olofssons_example_of_an_allocation() -> None:
    # Olofsson et al. (2014), Table 5: 641 samples, equal and proportional to the classes' areas.
    pixels = [200_000, 150_000, 3_200_000, 6_450_000]
    assert allocate(641, pixels, NAMES, "proportional") == [13, 10, 205, 413]
    assert allocate(640, pixels, NAMES, "equal") == [160] * 4


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=12), st.integers(1, 500))
def test_shares_add_up_and_no_stratum_is_left_out(pixels: list[int], n: int) -> None:
    names = [str(place) for place in range(len(pixels))]
    for kind in ("proportional", "minimum"):
        try:
            sizes = allocate(n, pixels, names, kind)
        except SettingError:
            continue
        assert sum(sizes) == n
        assert all(min(2, have) <= size <= have for size, have in zip(sizes, pixels, strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2500, PIXELS, NAMES, "equal"), "d has 500 pixels, and 625 samples of it were asked for"),
        ((200, [9000, 20], ["a", "b"]), "b has 20 pixels, and 50 samples"),
        ((7, PIXELS, NAMES, "proportional"), "too few for 4 classes of at least 2 samples each"),
        ((100, PIXELS, NAMES, "minimum", 50), "draw at least 200"),
        ((100, PIXELS, NAMES, "equal", 50), "leave it out"),
        ((100, PIXELS, NAMES, "even"), "allocation='even'"),
        ((0, PIXELS, NAMES), "n=0"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        allocate(*arguments)


def test_pixels_are_drawn_once_and_in_their_strata() -> None:
    strata = np.random.default_rng(0).integers(-1, 3, (30, 40))
    drawn = draw(strata, [10, 20, 30], random_state=5)
    assert len({*zip(drawn.rows.tolist(), drawn.cols.tolist(), strict=True)}) == 60
    np.testing.assert_array_equal(strata[drawn.rows, drawn.cols], drawn.strata)
    assert np.bincount(drawn.strata).tolist() == [10, 20, 30]
    assert len(set(drawn.strata[:12].tolist())) > 1  # the first ones are a sample as well
    again, other = draw(strata, [10, 20, 30], 5), draw(strata, [10, 20, 30], 6)
    np.testing.assert_array_equal(again.rows, drawn.rows)
    assert not np.array_equal(other.rows, drawn.rows)


def test_each_pixel_of_a_stratum_is_as_likely_as_the_others() -> None:
    strata = np.zeros((2, 5), dtype=int)
    hits = np.zeros((2, 5))
    for seed in range(600):
        drawn = draw(strata, [3], seed)
        hits[drawn.rows, drawn.cols] += 1
    assert np.abs(hits / 600 - 0.3).max() < 0.08
