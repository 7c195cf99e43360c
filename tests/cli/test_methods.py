import json

import pytest

from command_line import Run
from hsidiff.catalog import CLASSIFIERS
from hsidiff.cli.methods import N_BANDS, N_CLASSES, profiles_of, short_number

PROFILES = sorted({name for found in CLASSIFIERS.values() for name in profiles_of(found)})


def test_every_classifier_has_a_line_with_paper_and_cost(run: Run) -> None:
    ended = run("methods")
    assert ended.exit_code == 0, ended.err
    assert ended.err == ""
    heading, *lines = ended.out.split("\n\n")[0].splitlines()
    assert heading.split() == ["name", "kind", "profile", "paper", "params", "MACs/px"]
    assert [line.split()[0] for line in lines] == list(CLASSIFIERS)
    (spectraldiff,) = (line for line in lines if line.startswith("spectraldiff "))
    assert "method    fast     Chen et al., IEEE TGRS 2023" in spectraldiff


@pytest.mark.parametrize("profile", PROFILES)
def test_lines_fit_a_hundred_columns_and_end_together(run: Run, profile: str) -> None:
    table = run("methods", "--profile", profile).out.split("\n\n")[0].splitlines()
    assert len({len(line) for line in table}) == 1
    assert len(table[0]) <= 100


def test_json_holds_the_numbers_themselves(run: Run) -> None:
    answer = json.loads(run("methods", "--json").out)
    assert (answer["n_bands"], answer["n_classes"]) == (N_BANDS, N_CLASSES) == (200, 16)
    entries = {entry["name"]: entry for entry in answer["methods"]}
    assert list(entries) == list(CLASSIFIERS)
    assert entries["lda"] == {
        "name": "lda",
        "kind": "baseline",
        "profile": None,
        "paper": "Ledoit and Wolf, JMVA",
        "year": 2004,
        "n_parameters": 200 * 16 + 16,
        "macs_per_pixel": 200 * 16,
    }
    assert entries["position"]["paper"] is None
    assert entries["position"]["macs_per_pixel"] is None


def test_a_profile_is_counted_where_there_is_one(run: Run) -> None:
    costs = {}
    for words in ((), ("--profile", "paper")):
        answer = json.loads(run("methods", "--json", *words).out)
        costs[words] = {entry["name"]: entry for entry in answer["methods"]}
    fast, paper = costs.values()
    assert (fast["spectraldiff"]["profile"], paper["spectraldiff"]["profile"]) == ("fast", "paper")
    # The published U-Net alone has 4.3 million weights.
    assert fast["spectraldiff"]["n_parameters"] is None  # its kernels grow with the labels
    assert paper["spectraldiff"]["n_parameters"] > 4.3e6
    assert paper["random-features"] == fast["random-features"]
    assert paper["lda"] == fast["lda"]


def test_an_unknown_profile_is_refused(run: Run) -> None:
    ended = run("methods", "--profile", "papr")
    assert ended.exit_code == 2
    assert "profile='papr': expected one of" in ended.error
    assert "did you mean 'paper'" in ended.error


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (528, "528"), (999, "999"), (1000, "1.00 k"), (4_299_633, "4.30 M"),
     (708_482, "708 k"), (999_499, "999 k"), (999_500, "1.00 M"), (44_017_266_176, "44.0 G"),
     (5 * 10**12, "5.00 T"),
     (None, "labels")],
)  # fmt: skip
def test_numbers_are_written_in_three_digits(number: int | None, text: str) -> None:
    assert short_number(number) == text
