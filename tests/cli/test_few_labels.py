"""With few labels ``hsidiff map`` says what takes long, and what does not."""

from pathlib import Path

import numpy as np
import pytest

from command_line import Run, SmallFiles, write_labels
from hsidiff.catalog import DEFAULT_METHOD, quicker_than
from hsidiff.evaluation.validation import hint_for_few_labels


@pytest.mark.parametrize(("method", "n_labels"), [("lda", 57), (DEFAULT_METHOD, 100)])
def test_there_is_no_hint_where_nothing_takes_long(method: str, n_labels: int) -> None:
    assert hint_for_few_labels(n_labels, quicker_than(method)) == ""


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        ((), True),
        (("--validate", "groups"), True),
        (("--validate", "none"), False),
        (("--split", "random"), False),
        (("--method", "lda"), False),
    ],
)
def test_few_labels_give_a_hint_before_the_work(
    run: Run, small_files: SmallFiles, tmp_path: Path, words: tuple[str, ...], is_told: bool
) -> None:
    values = np.where(np.arange(small_files.labels.values.size) % 12, 0, 1)
    values = values.reshape(small_files.labels.shape) * small_files.labels.values
    path = write_labels(small_files, values, tmp_path / "map.tif")
    n_labels = np.count_nonzero(values)
    assert 10 < n_labels < 100
    ended = run("map", small_files.scene_path, path, *words, "--overwrite", "-o", tmp_path)
    assert ended.exit_code == 2
    assert "map.tif" in ended.error  # an input lies where the map is to be: nothing is fitted
    hint = hint_for_few_labels(n_labels, "--method lda")
    told = f"note: {hint} (docs/results.md, few labels)"
    assert (told in ended.err.splitlines()) == is_told
