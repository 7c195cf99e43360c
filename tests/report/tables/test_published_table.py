"""Published scores beside ours: the same split or another, and who comes out above."""

from dataclasses import replace

import numpy as np
import pytest

from hsidiff.evaluation.published import (
    PUBLISHED_SCORES,
    PublishedSplit,
    is_reproduced,
    published_scores,
)
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.tables.published_table import published_table
from hsidiff.scenes.benchmarks import BENCHMARKS

FIELD, BLOCKS, RANDOM = "field_a", "blocks-30", "random-10%"


def test_a_published_split_is_recognised_by_kind_settings_and_counts() -> None:
    split = published_scores("indian-pines")[0].split
    parameters = {"train_fraction": 0.1, "stratified": False, "random_state": 7}
    result = {"split": {"kind": "random", "parameters": parameters}, "n_train": 1024}
    result["n_test"] = 9225
    assert split.is_that_of(result)
    assert not split.is_that_of(result | {"n_test": 9224})
    for changed in ({"stratified": True}, {"train_fraction": 0.05}):
        other = {"kind": "random", "parameters": parameters | changed}
        assert not split.is_that_of(result | {"split": other})
    assert not split.is_that_of({})
    assert not PublishedSplit("not known").is_that_of(result)


def test_published_scores_are_of_known_scenes_and_say_where_they_stand() -> None:
    for score in PUBLISHED_SCORES:
        assert score.scene in BENCHMARKS
        assert score.source
        assert score.split.words
        numbers = (score.overall_accuracy, score.average_accuracy, score.kappa)
        assert all(number is None or 50 < number <= 100 for number in numbers)
    for name in ("indian-pines", "pavia-university"):  # random splits leave no pixel out
        score = published_scores(name)[0]
        assert score.split.n_train is not None
        assert score.split.n_test is not None
        assert score.split.n_train + score.split.n_test == BENCHMARKS[name].n_labelled


def test_spectraldiffs_numbers_are_those_of_its_paper() -> None:
    """The per-class accuracies of the paper give its overall and average accuracy again."""
    n_test = [43, 1282, 753, 216, 450, 658, 21, 441, 18, 884, 2180, 544, 182, 1125, 345, 83]
    accuracies = [
        79.07, 98.83, 98.41, 94.44, 94.89, 100, 100, 99.09,
        44.44, 97.51, 99.17, 97.79, 99.45, 99.56, 99.13, 91.57,
    ]  # fmt: skip
    score = next(s for s in published_scores("indian-pines") if s.method == "spectraldiff")
    assert sum(n_test) == score.split.n_test
    assert np.average(accuracies, weights=n_test) == pytest.approx(score.overall_accuracy, abs=0.01)
    assert np.mean(accuracies) == pytest.approx(score.average_accuracy, abs=0.01)


def test_ours_is_compared_in_the_two_decimals_that_were_printed() -> None:
    score = next(s for s in published_scores("indian-pines") if s.method == "spectraldiff")
    assert is_reproduced(score, 0.98336)
    assert not is_reproduced(score, 0.98334)


def verdicts(folder: ExperimentFolder, method: str) -> list[str]:
    table = published_table(folder, "indian-pines")
    assert table is not None
    ours = table.numbers[table.numbers["published_method"] == method]
    return ours["verdict"].tolist()


def with_the_papers_split(cell: Cell, overall_accuracy: float) -> Cell:
    counts = {"n_train": 1024, "n_test": 9225, "overall_accuracy": overall_accuracy}
    return replace(cell, result=cell.result | counts)


def test_the_verdict_on_a_published_number_follows_split_and_score(
    folder: ExperimentFolder,
) -> None:
    assert verdicts(folder, "svm") == ["not the same split", "not the same split"]
    assert verdicts(folder, "HybridSN") == [""]
    for overall_accuracy, verdict in ((0.80, "not reproduced"), (0.82, "reached")):
        cells = [
            with_the_papers_split(cell, overall_accuracy)
            if (cell.scene, cell.split, cell.method) == ("indian-pines", RANDOM, "svm")
            else cell
            for cell in folder.cells
        ]
        changed = replace(folder, cells=tuple(cells))
        assert verdicts(changed, "svm") == [verdict, "not the same split"]
    assert published_table(folder, FIELD) is None
