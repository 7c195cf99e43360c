"""The experiment whose tables, pictures and page are looked at; no test writes into it."""

import pytest

from fake_experiment import write_fake_experiment
from hsidiff.experiment.folder import ExperimentFolder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ExperimentFolder:
    return ExperimentFolder.read(write_fake_experiment(tmp_path_factory.mktemp("experiment")))
