"""Published scores on benchmark scenes, each with its split and its source: ``published.toml``."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PublishedSplit:
    """The split of a published score.

    Attributes:
        words: what is known of it.
        kind: our name of that kind of split; None if it cannot be made again from what is known.
        parameters: those parameters of our split that make it the same.
        n_train: number of training pixels, or None.
        n_test: number of test pixels, or None.
    """

    words: str
    kind: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    n_train: int | None = None
    n_test: int | None = None

    def is_that_of(self, result: Mapping[str, Any]) -> bool:
        """Whether a ``result.json`` was scored on such a split.

        The pixels may be others: those of a random draw are not published.
        """
        split = result.get("split") or {}
        parameters = split.get("parameters") or {}
        counts = ((self.n_train, result.get("n_train")), (self.n_test, result.get("n_test")))
        return (
            self.kind is not None
            and split.get("kind") == self.kind
            and all(parameters.get(name) == value for name, value in self.parameters.items())
            and all(known is None or known == ours for known, ours in counts)
        )


@dataclass(frozen=True)
class PublishedScore:
    """One published score, in per cent.

    Attributes:
        scene: name of the benchmark.
        method: our name of the method, or the publication's where the package has none.
        overall_accuracy: as printed.
        average_accuracy: as printed; None if not stated.
        kappa: times 100, as printed; None if not stated.
        split: what it was scored on.
        source: where it is printed.
        deviation: of the overall accuracy over runs; None if not stated.
        note: what a reader should know; empty if nothing.
    """

    scene: str
    method: str
    overall_accuracy: float
    average_accuracy: float | None
    kappa: float | None
    split: PublishedSplit
    source: str
    deviation: float | None = None
    note: str = ""


def published_scores(scene: str) -> tuple[PublishedScore, ...]:
    """The published scores of a scene, by the name of its benchmark; empty if none is known."""
    return tuple(score for score in PUBLISHED_SCORES if score.scene == scene)


def is_reproduced(score: PublishedScore, overall_accuracy: float) -> bool:
    """Whether our mean overall accuracy (a fraction) reaches what was printed, in two decimals."""
    return round(100 * overall_accuracy, 2) >= score.overall_accuracy


def _read() -> Iterator[PublishedScore]:
    """The scores of the file, in its order."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    for table in tomllib.loads(text)["tables"]:
        split, notes = PublishedSplit(**table["split"]), table.get("notes", {})
        for method, (overall, *others) in table["scores"].items():
            average, kappa = others or (None, None)
            yield PublishedScore(
                scene=table["scene"],
                method=method,
                overall_accuracy=overall,
                average_accuracy=average,
                kappa=kappa,
                split=split,
                source=table["source"],
                deviation=table.get("deviations", {}).get(method),
                note=notes.get(method, ""),
            )


PUBLISHED_SCORES = tuple(_read())
"""All of them, in the order of the file: the tables of the SpectralDiff paper first."""
