"""What is worth knowing before a long job on few labels."""

from hsidiff.catalog import DEFAULT_METHOD, QUICK_METHOD
from hsidiff.evaluation.validation import VERY_FEW_LABELS, few_labels_in_words


def hint_for_few_labels(method: str, n_labels: int, validate: str | None) -> str | None:
    """How long the default method takes, and what is quicker; None where it is not needed.

    Args:
        method: the method's name.
        n_labels: labels in all.
        validate: what scores the map, None for the default.
    """
    if method != DEFAULT_METHOD or n_labels >= VERY_FEW_LABELS or validate in ("split", "none"):
        return None
    told = few_labels_in_words(n_labels, f"--method {QUICK_METHOD}")
    return f"{told} (docs/results.md, few labels)"
