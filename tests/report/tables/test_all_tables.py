"""Tables of an experiment: the right numbers in the right place, in files that can be read."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fake_experiment import (
    ERROR,
    FAILED,
    METHODS,
    SCENES,
    SEEDS,
    fake_labels,
    fake_map,
    fake_split,
)
from hsidiff.errors import MissingFileError
from hsidiff.evaluation.comparison import spread
from hsidiff.experiment.folder import Cell, ExperimentFolder, split_path
from hsidiff.experiment.pairwise import compare_methods
from hsidiff.labels.split import Split
from hsidiff.report.tables.all_tables import make_tables, write_tables
from hsidiff.report.tables.score_tables import KAPPA, class_table
from hsidiff.report.tables.table import Table

FIELD, BLOCKS, RANDOM = "field_a", "blocks-30", "random-10%"


def cells_of(table: Table, row: str) -> dict[str, str]:
    """The texts of the row whose first text is ``row``, by title of the column."""
    texts = next(texts for texts in table.rows if texts[0] == row)
    return {c.title: text for c, text in zip(table.columns, texts, strict=True)}


def test_scores_are_those_of_the_maps(folder: ExperimentFolder) -> None:
    table = class_table(folder, FIELD, RANDOM)
    accuracies, of_meadow = [], []
    for seed in SEEDS:
        split = fake_split(FIELD, RANDOM, seed)
        is_right = fake_map(FIELD, "svm", split, seed)[0] == split.test.values
        accuracies.append(is_right[split.test.values > 0].mean())
        of_meadow.append(is_right[split.test.values == 5].mean())
    mean, deviation = 100 * np.mean(accuracies), 100 * np.std(accuracies, ddof=1)
    assert cells_of(table, "OA")["svm"] == f"{mean:.2f} ± {deviation:.2f}"
    assert cells_of(table, "meadow")["svm"].startswith(f"{100 * np.mean(of_meadow):.2f} ± ")
    assert [row[0] for row in table.rows] == [*SCENES[FIELD].values(), "OA", "AA", KAPPA]
    assert table.rule_before == 3


def test_pixels_of_a_class_are_counted_on_both_sides(folder: ExperimentFolder) -> None:
    table = class_table(folder, FIELD, RANDOM)
    n_pixels = 0
    for row in table.rows[:3]:
        n_pixels += int(row[1]) + int(row[2])
    assert abs(n_pixels - fake_labels(FIELD).n_labelled) <= 2  # rounded means of the seeds


def test_every_table_is_there_in_three_formats(out: Path) -> None:
    names = {path.stem for path in out.glob("*.csv")} - {"cells"}
    assert names == {path.stem for path in out.glob("*.tex")}
    places = [
        f"{kind}-{scene}-{split}"
        for kind in ("scores", "pairs")
        for scene in ("indian-pines", "field-a")
        for split in ("random-10", "blocks-30")
    ]
    others = ["summary-indian-pines", "summary-field-a", "leakage", "published-indian-pines"]
    others += ["overview-random-10", "overview-blocks-30", "without-scores"]
    matrices = [name for name in names if name.startswith(("confusion-", "differences-"))]
    assert len(matrices) == 2 * 2 * (len(METHODS) + 1)
    assert names - {*matrices} == {*places, *others}
    text = (out / "tables.md").read_text(encoding="utf-8")
    assert text.count("\n## ") == len(names) - len(matrices)
    assert "35 of 36 cells (scene, split, method, seed) have scores; 1 failed, 0 have" in text


def test_failed_cells_are_listed_with_their_message(out: Path) -> None:
    with (out / "without-scores.csv").open(encoding="utf-8") as stream:
        assert list(csv.reader(stream))[1:] == [[*map(str, FAILED), ERROR]]
    assert ERROR.replace("_", r"\_") in (out / "without-scores.tex").read_text(encoding="utf-8")


def test_cells_that_were_not_run_are_listed(folder: ExperimentFolder, tmp_path: Path) -> None:
    def is_wanted(cell: Cell) -> bool:
        return (cell.scene, cell.split, cell.method, cell.seed) != (FIELD, RANDOM, "svm", 1)

    unfinished = replace(folder, cells=tuple(filter(is_wanted, folder.cells)))
    write_tables(unfinished, tmp_path)
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert "34 of 36 cells" in text
    assert re.search(r"field\\_a +\| random-10% +\| svm +\| +1 \| not run yet", text)


def test_without_failures_the_cells_that_were_not_run_are_listed_still(
    folder: ExperimentFolder,
) -> None:
    cells = tuple(cell for cell in folder.cells if cell.scene != FIELD)
    names = {table.name for table in make_tables(replace(folder, cells=cells), {})}
    assert "without-scores" not in names
    names = {table.name for table in make_tables(replace(folder, cells=cells[1:]), {})}
    assert "without-scores" in names


def test_an_experiment_whose_cells_all_failed_still_has_tables(
    folder: ExperimentFolder, tmp_path: Path
) -> None:
    write_tables(replace(folder, cells=folder.failed), tmp_path)
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert "0 of 9 cells" in text
    assert "out of memory" in text


def test_an_experiment_without_results_is_refused(folder: ExperimentFolder, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no cell has a result yet: run 'hsidiff exp"):
        write_tables(replace(folder, cells=()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_csv_holds_the_numbers_unrounded(folder: ExperimentFolder, out: Path) -> None:
    table = pd.read_csv(out / "scores-field-a-blocks-30.csv")
    row = table[(table["score"] == "overall_accuracy") & (table["method"] == "svm")].iloc[0]
    expected = spread(c.result["overall_accuracy"] for c in folder.of(FIELD, BLOCKS, "svm"))
    assert expected is not None
    assert row["mean"] == pytest.approx(expected.mean, rel=1e-12)
    assert row["n_seeds"] == 3


def test_leakage_stands_beside_each_score(folder: ExperimentFolder, out: Path) -> None:
    table = pd.read_csv(out / "leakage.csv").set_index(["scene", "split", "method"])
    row = table.loc[(FIELD, RANDOM, "spectraldiff fast")]
    results = [cell.result for cell in folder.of(FIELD, RANDOM, "spectraldiff fast")]
    shares = [result["leakage"]["window_shares"]["7"] for result in results]
    assert row["leakage_receptive_field_share"] == pytest.approx(np.mean(shares))
    apart = [result["overall_accuracy_apart"] for result in results]
    assert row["overall_accuracy_apart"] == pytest.approx(np.mean(apart))
    position = table.loc[(FIELD, RANDOM, "position")]
    assert position["overall_accuracy"] == position["leakage_position_overall_accuracy"]


def test_results_without_leakage_are_shown_with_a_dash(
    folder: ExperimentFolder, tmp_path: Path
) -> None:
    bare = [
        replace(cell, result={k: v for k, v in cell.result.items() if "leak" not in k})
        for cell in folder.cells
    ]
    write_tables(replace(folder, cells=tuple(bare)), tmp_path)
    assert pd.read_csv(tmp_path / "leakage.csv")["leakage_position_overall_accuracy"].isna().all()


def test_pairs_are_compared_on_the_seeds_that_both_have(folder: ExperimentFolder) -> None:
    pairs = {(pair.first, pair.second): pair for pair in compare_methods(folder, FIELD, BLOCKS)}
    assert list(pairs) == [
        ("svm", "position"), ("svm", "spectraldiff fast"), ("position", "spectraldiff fast"),
    ]  # fmt: skip
    assert pairs["svm", "position"].seeds == (0, 1, 2)
    pair = pairs["svm", "spectraldiff fast"]
    assert (pair.seeds, pair.units, len(pair.per_seed)) == ((0, 1), "fields", 2)
    gained = n_pixels = 0
    for seed, test in zip(pair.seeds, pair.per_seed, strict=True):
        split = fake_split(FIELD, BLOCKS, seed)
        is_test = split.test.values > 0
        first, second = (
            (fake_map(FIELD, m, split, seed)[0] == split.test.values)[is_test]
            for m in (pair.first, pair.second)
        )
        assert test.n_only_first == np.count_nonzero(first & ~second)
        gained += int(first.sum()) - int(second.sum())
        n_pixels += int(is_test.sum())
    assert pair.bootstrap.difference == pytest.approx(gained / n_pixels)


def test_a_field_is_one_unit_in_all_seeds(folder: ExperimentFolder) -> None:
    pairs = compare_methods(folder, FIELD, RANDOM)
    assert {pair.bootstrap.n_units for pair in pairs} == {30}  # 6 x 5 fields


def test_a_field_that_training_pixels_cut_is_one_unit_still(
    folder: ExperimentFolder, tmp_path: Path
) -> None:
    labels = fake_labels(FIELD)
    is_cut = np.broadcast_to((np.arange(labels.shape[0]) % 10 == 4)[:, None], labels.shape)
    cut = Split(labels.keeping(is_cut), labels.keeping(~is_cut), "published")
    cut.save(split_path(tmp_path, FIELD, RANDOM, 0))
    cells = tuple(cell for cell in folder.cells if cell.seed == 0)
    pairs = compare_methods(replace(folder, path=tmp_path, cells=cells), FIELD, RANDOM)
    assert {pair.bootstrap.n_units for pair in pairs} == {30}
