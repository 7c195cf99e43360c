"""With few labels ``hsidiff map`` says what takes long, and what does not."""

from pathlib import Path

import numpy as np
import pytest

from command_line import Run, SmallFiles, write_labels
from hsidiff.catalog import DEFAULT_METHOD
from hsidiff.cli.few_labels import hint_for_few_labels


@pytest.mark.parametrize(
    ("method", "n_labels", "validate"),
    [("lda", 57, None), (DEFAULT_METHOD, 100, None), (DEFAULT_METHOD, 57, "none")],
)
def test_there_is_no_hint_where_nothing_takes_long(
    method: str, n_labels: int, validate: str | None
) -> None:
    assert hint_for_few_labels(method, n_labels, validate) is None


def test_few_labels_give_a_hint_before_the_work(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    values = np.where(np.arange(small_files.labels.values.size) % 12, 0, 1)
    values = values.reshape(small_files.labels.shape) * small_files.labels.values
    path = write_labels(small_files, values, tmp_path / "few.tif")
    n_labels = np.count_nonzero(values)
    assert 10 < n_labels < 100
    broken = ("--validation-labels", tmp_path / "none.tif", "-o", tmp_path / "out")
    ended = run("map", small_files.scene_path, path, *broken)
    assert ended.exit_code == 2
    hint = hint_for_few_labels(DEFAULT_METHOD, n_labels, None)
    assert hint is not None
    assert f"note: {hint}" in ended.err.splitlines()
