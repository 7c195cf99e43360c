"""Fixtures that more than one test file uses."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real scenes, or a skip where it is absent."""
    folder = os.environ.get("HSIDIFF_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HSIDIFF_DATA names no folder of real scenes")
    return Path(folder)
