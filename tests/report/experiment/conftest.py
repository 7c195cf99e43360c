"""The experiment whose figures are looked at."""

import pytest

from fake_experiment import write_fake_experiment
from hsidiff.experiment.folder import ExperimentFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ExperimentFolder.read(write_fake_experiment(tmp_path_factory.mktemp("experiment")))
