"""What is worth knowing before a long job on few labels."""

from hsidiff.catalog import DEFAULT_METHOD
from hsidiff.evaluation.validation import N_REPEATS, VERY_FEW_LABELS
from hsidiff.labels.group_folds import GroupFolding

QUICK_METHOD = "lda"
"""Right at least as often on the few labels that were measured (docs/results.md)."""


def hint_for_few_labels(method: str, n_labels: int, validate: str | None) -> str | None:
    """How long the default method takes, and what is quicker; None where it is not needed.

    Args:
        method: the method's name.
        n_labels: labels in all.
        validate: what scores the map, None for the default.
    """
    if method != DEFAULT_METHOD or n_labels >= VERY_FEW_LABELS or validate in ("split", "none"):
        return None
    return (
        f"{n_labels} labels are few: {N_REPEATS * GroupFolding.n_folds} fits score the map, which "
        f"takes minutes with this method; --method {QUICK_METHOD} takes seconds and did as well on "
        "the few labels that were measured (docs/results.md, few labels)"
    )
