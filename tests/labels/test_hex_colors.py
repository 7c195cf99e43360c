"""Colours as people write them and as pictures hold them."""

import pytest

from hsidiff.labels.hex_colors import hex_color, is_hex_color, rgb, rgba


def test_a_colour_comes_back() -> None:
    assert rgb("#0a80ff") == (10, 128, 255)
    assert rgba("#0a80ff") == (10, 128, 255, 255)
    assert hex_color(*rgb("#0a80ff")) == "#0a80ff"


def test_only_two_digits_for_each_part_are_a_colour() -> None:
    assert is_hex_color("#0A80ff")
    assert not any(map(is_hex_color, ("", "0a80ff", "#0a80f", "#0a80ffff", "#0a80fg", "#0a80ff\n")))


@pytest.mark.parametrize("part", [-1, 256])
def test_a_part_that_no_picture_can_hold_is_refused(part: int) -> None:
    with pytest.raises(ValueError, match=r"not in 0\.\.255"):
        hex_color(0, part, 0)
