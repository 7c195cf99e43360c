"""Tables of an experiment: the right numbers in the right place, in files that can be read."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fake_experiment import (
    ERROR,
    FAILED,
    SCENES,
    SEEDS,
    fake_labels,
    fake_map,
    fake_split,
    write_fake_experiment,
)
from hsidiff.errors import MissingFileError
from hsidiff.evaluation.comparison import Spread, spread
from hsidiff.evaluation.experiment.folder import Cell, ExperimentFolder, split_path
from hsidiff.evaluation.experiment.pairwise import compare_methods
from hsidiff.evaluation.published import (
    PUBLISHED_SCORES,
    PublishedSplit,
    is_reproduced,
    published_scores,
)
from hsidiff.labels.split import Split
from hsidiff.report.tables.entries import score_entries
from hsidiff.report.tables.files import make_tables, write_tables
from hsidiff.report.tables.formats import (
    FIGURE_SPACE,
    UNKNOWN,
    Column,
    Entry,
    Table,
    file_stem,
    to_latex,
    to_markdown,
)
from hsidiff.report.tables.published import published_table
from hsidiff.report.tables.scores import KAPPA, class_table, summary_table
from hsidiff.scenes.benchmarks import BENCHMARKS

FIELD, BLOCKS, RANDOM = "field_a", "blocks-30", "random-10%"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ExperimentFolder:
    return ExperimentFolder.read(write_fake_experiment(tmp_path_factory.mktemp("experiment")))


@pytest.fixture(scope="module")
def out(folder: ExperimentFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables")
    write_tables(folder, path)
    return path


def cells_of(table: Table, row: str) -> dict[str, str]:
    """The texts of the row whose first entry is ``row``, by title of the column."""
    found = next(entries for entries in table.rows if entries[0].text == row)
    return {c.title: e.plain for c, e in zip(table.columns, found, strict=True)}


def markdown_rows(text: str) -> list[list[str]]:
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line[:1] == "|"]


def small_table(*rows: tuple[Entry, ...], title: str = "small") -> Table:
    columns = (Column("name"), Column("number", "right"))
    return Table("small", title, columns, rows, pd.DataFrame())


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
    assert [row[0].text for row in table.rows] == [*SCENES[FIELD].values(), "OA", "AA", KAPPA]
    assert table.rules_before == {3}


def test_pixels_of_a_class_are_counted_on_both_sides(folder: ExperimentFolder) -> None:
    table = class_table(folder, FIELD, RANDOM)
    n_pixels = 0
    for row in table.rows[:3]:
        n_pixels += int(row[1].text) + int(row[2].text)
    assert abs(n_pixels - fake_labels(FIELD).n_labelled) <= 2  # rounded means of the seeds


def test_the_best_of_a_row_is_bold_and_shows_its_interval() -> None:
    low, high = spread([0.90, 0.91]), spread([0.95, 0.96])
    (row,) = score_entries([[low, high, None]], "in rows", 2)
    assert [entry.bold for entry in row] == [False, True, False]
    # 0.955 and s = 0.00707107: t(0.975, 1) = 12.7062 of any table, times 0.005.
    assert row[1].plain == "95.50 ± 0.71 [89.15, 100.00]"
    assert row[0].plain == "90.50 ± 0.71"
    assert row[2].plain == UNKNOWN


def test_an_interval_is_cut_where_scores_end_and_the_deviation_is_not() -> None:
    wide, low = spread([0.06, 0.46]), spread([0.05, 0.05])
    accuracies, kappas = score_entries([[wide, low], [wide, low]], "in rows", 2, kappa_row=1)
    # 0.26 and s = 0.282843: t(0.975, 1) = 12.7062 times 0.2 reaches from -2.28 to 2.80.
    assert accuracies[0].plain == "26.00 ± 28.28 [0.00, 100.00]"
    assert kappas[0].plain == "26.00 ± 28.28 [\N{MINUS SIGN}100.00, 100.00]"
    narrow = score_entries([[spread([0.1, 0.13]), low]], "in rows", 2, kappa_row=0)[0][0]
    assert narrow.plain == "11.50 ± 2.12 [\N{MINUS SIGN}7.56, 30.56]"


def test_kappa_is_the_row_whose_interval_may_lie_below_zero(folder: ExperimentFolder) -> None:
    scores = ("overall_accuracy", "average_accuracy", "kappa")
    wild = [
        replace(cell, result=cell.result | dict.fromkeys(scores, 0.2 + 0.3 * cell.seed))
        for cell in folder.cells
        if cell.done
    ]
    rows = class_table(replace(folder, cells=tuple(wild)), FIELD, RANDOM).rows[-3:]
    found = [re.search(r"\[(.*?),", row[3].plain) for row in rows]
    assert [match and match[1] for match in found] == ["0.00", "0.00", "\N{MINUS SIGN}24.52"]


def test_the_best_of_a_column_is_found_by_column() -> None:
    worse, better = spread([0.5, 0.6]), spread([0.7, 0.8])
    entries = score_entries([[worse, better], [better, worse]], "in columns", 2)
    assert [[entry.bold for entry in row] for row in entries] == [[False, True], [True, False]]


def test_equal_scores_are_both_best_and_a_single_one_is_not() -> None:
    same = Spread(2, 0.9, 0.01, 0.88, 0.92)
    almost = replace(same, mean=0.900004)
    assert [e.bold for e in score_entries([[same, almost]], "in rows", 2)[0]] == [True, True]
    assert not score_entries([[same]], "in rows", 2)[0][0].bold
    assert not score_entries([[same, None]], "in rows", 2)[0][0].bold


def test_numbers_of_a_column_line_up() -> None:
    column = [[spread([1.0, 1.0])], [spread([0.5, 0.8])], [spread([0.05, 0.05])]]
    texts = [row[0].before + row[0].text for row in score_entries(column, "in rows", 2)]
    assert texts == [
        f"100.00 ± {FIGURE_SPACE}0.00",
        f"{FIGURE_SPACE}65.00 ± 21.21",
        f"{FIGURE_SPACE * 2}5.00 ± {FIGURE_SPACE}0.00",
    ]


def test_a_mean_over_fewer_seeds_says_so(folder: ExperimentFolder) -> None:
    texts = cells_of(class_table(folder, FIELD, BLOCKS), "OA")
    assert texts["spectraldiff fast"].endswith("(n = 2)")
    assert "n =" not in texts["svm"]
    texts = cells_of(summary_table(folder, FIELD), "spectraldiff fast")
    assert texts[f"OA, {BLOCKS}"].endswith("(n = 2)")
    assert "n =" not in texts[f"OA, {RANDOM}"]
    # (2 + 3 + 4 and 2 + 3) / 5: the seconds of the finished cells.
    assert texts["seconds"] == "2.8"
    assert texts["parameters"] == "123,456"
    assert texts["MACs per pixel"] == "7,890,000"
    assert cells_of(summary_table(folder, FIELD), "svm")["MACs per pixel"] == UNKNOWN


def test_one_seed_has_a_score_and_no_deviation(folder: ExperimentFolder) -> None:
    cells = tuple(cell for cell in folder.cells if cell.seed == 0)
    single = replace(folder, about=folder.about | {"seeds": [0]}, cells=cells)
    table = class_table(single, FIELD, BLOCKS)
    assert re.fullmatch(r"\d\d\.\d\d", cells_of(table, "OA")["svm"])
    assert "One seed: neither deviation nor interval." in table.notes


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
    assert names == {*places, *others}
    text = (out / "tables.md").read_text(encoding="utf-8")
    assert text.count("\n## ") == len(names)
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
    found = table.numbers[table.numbers["published_method"] == method]
    return found["verdict"].tolist()


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


def test_markdown_tables_are_rectangular_and_line_up(out: Path) -> None:
    for part in (out / "tables.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        rows = markdown_rows(part)
        assert len({len(row) for row in rows}) == 1, part
        assert len({tuple(map(len, row)) for row in rows}) == 1, part


def test_markdown_shows_names_as_they_are() -> None:
    text = to_markdown(small_table((Entry("a|b_c*<i>&amp;"), Entry("1", bold=True))))
    assert r"| a\|b\_c\*\<i\>\&amp; |  **1** |" in text


@example("*a star or [a bracket after a row would be its option")
@example("[")
@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=30))
def test_latex_holds_no_open_brace_and_no_loose_special_character(name: str) -> None:
    text = to_latex(small_table((Entry(name, bold=True), Entry("2")), (Entry(name), Entry("3"))))
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
    loose = re.sub(r"\\[{}&#_%$]", "", body)
    assert not re.search(r"[#%$~^<>|_]", loose)
    assert loose.count("&") == 2  # one per row
    assert loose.count("{") == loose.count("}")
    assert body.count("\\\\\n") == 2
    assert not re.search(r"\\\\\s*[*\[]", body)


def test_latex_is_set_with_booktabs(out: Path) -> None:
    for path in out.glob("*.tex"):
        text = path.read_text(encoding="utf-8")
        assert [text.count(rule) for rule in (r"\toprule", r"\bottomrule")] == [1, 1]
        opened, closed = (re.findall(rf"\\{w}\{{(\w+)\}}", text) for w in ("begin", "end"))
        assert opened == closed[::-1] == ["table", "adjustbox", "tabular"]
        assert text.isascii(), path
    text = (out / "scores-field-a-blocks-30.tex").read_text(encoding="utf-8")
    assert r"{[}93.74, 100.00{]} (n = 2)" in text
    assert re.search(r"\\textbf\{98\.48 \$\\pm\$ 0\.53\}", text)
    assert r"\label{tab:scores-field-a-blocks-30}" in text


def test_names_of_files_are_plain_and_apart() -> None:
    assert file_stem("scores", "My Scene/2", "random-10%") == "scores-my-scene-2-random-10"
    assert file_stem("a", "10%", taken=["a-10"]) == "a-10-2"
    assert file_stem("%") == "table"


def test_scenes_whose_names_look_alike_have_files_of_their_own(
    folder: ExperimentFolder,
) -> None:
    twins = [cell for cell in folder.cells if cell.scene == FIELD]
    cells = (*twins, *(replace(cell, scene="field a") for cell in twins))
    names = [table.name for table in make_tables(replace(folder, cells=cells), pairs={})]
    assert len(set(names)) == len(names)
    assert {"summary-field-a", "summary-field-a-2"} <= set(names)
