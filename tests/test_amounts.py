"""Numbers as a person reads them."""

import pytest

from hsidiff.amounts import count, in_bytes, in_hectares, in_pieces, listed, percent_number
from hsidiff.evaluation.validation import default_kind


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "\u2013"), (999, "999"), (1024, "1\u202f024"), (1234567, "1\u202f234\u202f567")],
)
def test_thousands_are_set_apart(number, text):
    assert count(number) == text


def test_hectares_are_never_written_as_a_power_of_ten():
    assert in_hectares(123456.7) == "123\u202f457"
    assert in_hectares(12.34) == "12.3"
    assert in_hectares(1.234) == "1.23"


def test_why_a_map_is_scored_so_sets_thousands_apart():
    assert default_kind(1024) == ("split", "1\u202f024 labels are many, 500 or more")


def test_a_number_breaks_before_its_interval_alone():
    assert in_pieces("82.1 % (67.4 to 106.7)") == "82.1\xa0% (67.4\xa0to\xa0106.7)"
    assert in_pieces("65.0 \xb1 2.1 [60 to 70]") == "65.0\xa0\xb1\xa02.1 [60\xa0to\xa070]"
    assert in_pieces("none of these") == "none of these"


def test_hectares_round_alike_however_they_were_added_up():
    added_up = 196.65 - 1e-12  # as row by row of a map; by pixel's area it is 196.65
    assert f"{added_up:.1f}" == "196.6"
    assert in_hectares(added_up) == in_hectares(196.65) == "196.7"


def test_memory_is_told_in_one_unit_everywhere():
    told = [in_bytes(n) for n in (4.04e9, 3.5e7, -1, None)]
    assert told == ["4.0 GB", "35 MB", "0 MB", "\u2013"]


def test_per_cent_without_its_sign_has_the_digits_of_that_with_it():
    assert [percent_number(share) for share in (0.4995, 1.0, None)] == ["50.0", "100.0", "\u2013"]


def test_settings_are_listed_and_those_within_stand_in_brackets():
    settings = {"guard_px": 15, "narrower": {"1": 12, "2": 7}, "block_px": None, "of": {}}
    assert listed(settings) == "guard_px 15, narrower (1 12, 2 7), of {}"
    assert listed(None) is None
