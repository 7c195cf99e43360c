"""How a map was scored, in words."""

from typing import Any

import pytest

from hsidiff.report.validation import validation_in_words


def scored_by_folds(n_groups: int) -> dict[str, Any]:
    return {
        "n_scored": 57,
        "n_train": 46,
        "n_labels": 57,
        "validation": {"kind": "groups", "why": "57 labels are few"},
        "split": {"parameters": {"n_groups": n_groups, "groups": "fields", "n_folds": 5}},
    }


@pytest.mark.parametrize(("n_groups", "is_said"), [(55, True), (12, False)])
def test_points_are_told_to_be_fields_of_a_single_label(n_groups: int, is_said: bool) -> None:
    told, _ = validation_in_words(scored_by_folds(n_groups))
    assert told.startswith(f"Scored by 5 folds over {n_groups} whole fields")
    assert (", most of them a single label (57 labels are few)" in told) == is_said
