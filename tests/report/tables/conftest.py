"""The tables of the experiment, written once."""

from pathlib import Path

import pytest

from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report.tables.all_tables import write_tables


@pytest.fixture(scope="module")
def out(folder: ExperimentFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables")
    write_tables(folder, path)
    return path
