import numpy as np
import pytest

from hsidiff.kinds import columns_of, widths_of, without_kinds

KINDS = {"features": (2, 1), "denoiser input": (2,), "spectrum": (4,), "scaled spectrum": (4,)}


def test_kinds_of_values_stand_side_by_side_in_their_order() -> None:
    assert columns_of(KINDS) == {
        "features": slice(0, 3),
        "denoiser input": slice(3, 5),
        "spectrum": slice(5, 9),
        "scaled spectrum": slice(9, 13),
    }
    assert columns_of({}) == {}


def test_the_widths_are_those_of_all_parts_of_all_kinds() -> None:
    assert widths_of(KINDS) == (2, 1, 2, 4, 4)


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ((), slice(0, 13)),
        (("scaled spectrum",), slice(0, 9)),
        (("features",), slice(3, 13)),
        (("features", "scaled spectrum"), slice(3, 9)),
        (("features", "denoiser input", "spectrum"), slice(9, 13)),
        (("no such kind",), slice(0, 13)),
    ],
)
def test_kinds_that_stand_together_are_a_view(left_out: tuple[str, ...], expected: slice) -> None:
    kept, columns = without_kinds(KINDS, left_out)
    assert columns == expected
    assert list(kept) == [name for name in KINDS if name not in left_out]
    values = np.arange(26).reshape(2, 13)
    assert np.shares_memory(values[:, columns], values)
    assert values[:, columns].shape[1] == sum(widths_of(kept))


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        (("denoiser input",), [0, 1, 2, *range(5, 13)]),
        (("denoiser input", "spectrum"), [0, 1, 2, 9, 10, 11, 12]),
        (("denoiser input", "scaled spectrum"), [0, 1, 2, 5, 6, 7, 8]),
    ],
)
def test_kinds_with_others_between_them_are_taken_out_column_by_column(
    left_out: tuple[str, ...], expected: list[int]
) -> None:
    kept, columns = without_kinds(KINDS, left_out)
    np.testing.assert_array_equal(np.arange(13)[columns], expected)
    assert len(expected) == sum(widths_of(kept))
