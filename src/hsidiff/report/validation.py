"""How a map was scored, told once: for the page of a map and for ``hsidiff map``."""

from typing import Any

from hsidiff.amounts import count

_HELD_OUT = {
    "blocks": " by blocks",
    "fields": " by whole fields",
    "random": " at random",
    "per-class": " at random",
    "published": " as published",
}


def validation_in_words(result: dict[str, Any]) -> list[str]:
    """Sentences on what was held out, from whom, and what the map learned from; empty if unknown.

    Args:
        result: the content of ``result.json``.
    """
    validation = result.get("validation") or {}
    kind, parameters = validation.get("kind"), (result.get("split") or {}).get("parameters") or {}
    n_scored, n_train = count(result.get("n_scored")), count(result.get("n_train"))
    if kind == "none":
        return ["Nothing was held out, so there is no score. The map learned from all labels."]
    if kind == "labels":
        return [f"Scored on {n_scored} {validation.get('why')}, which the map never learned from."]
    why = validation.get("why")
    if kind == "groups":
        n_groups = parameters.get("n_groups")
        groups = (
            f"{count(n_groups)} whole {parameters.get('groups')}{_alone(n_groups, result)} ({why})"
        )
        made = (
            f"Scored by {parameters.get('n_folds')} folds over {groups}: {n_scored} labels, each "
            f"predicted by a model that learned from about {n_train} others"
        )
        repeats = [100 * accuracy for accuracy in validation.get("repeats") or []]
        if len(repeats) > 1:
            made += (
                f"; {len(repeats)} repeats gave {min(repeats):.1f} to {max(repeats):.1f} %, the "
                "middle one is told"
            )
        return [f"{made}.", _of_the_map(result)]
    if kind == "split":
        how = _HELD_OUT.get((result.get("split") or {}).get("kind", ""), "")
        return [
            f"Scored on one split{how} ({why}): {n_scored} labels, predicted by a model that "
            f"learned from {n_train}.",
            _of_the_map(result),
        ]
    return []


def _alone(n_groups: int | None, result: dict[str, Any]) -> str:
    """Says of points that most fields are one label: nobody would call a point a field."""
    is_mostly_single = 2 * (n_groups or 0) > 1.5 * (result.get("n_scored") or 0)
    return ", most of them a single label" if n_groups and is_mostly_single else ""


def _of_the_map(result: dict[str, Any]) -> str:
    return (
        f"The map's own model learned from all {count(result.get('n_labels'))} labels: it should "
        "do no worse, and no label is left to check it."
    )
