"""The experiment whose tables are looked at."""

from pathlib import Path

import pytest

from fake_experiment import (
    write_fake_experiment,
)
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report.tables.files import write_tables


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ExperimentFolder:
    return ExperimentFolder.read(write_fake_experiment(tmp_path_factory.mktemp("experiment")))


@pytest.fixture(scope="module")
def out(folder: ExperimentFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables")
    write_tables(folder, path)
    return path
