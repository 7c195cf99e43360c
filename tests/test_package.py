"""The names of the package, each of which is loaded when it is asked for."""

import subprocess
import sys

import pytest

import hsidiff
from hsidiff import errors


@pytest.mark.parametrize("name", hsidiff.__all__)
def test_every_name_can_be_loaded_and_is_listed(name: str) -> None:
    assert getattr(hsidiff, name).__name__ == name
    assert name in dir(hsidiff)


def test_the_contract_and_everything_that_can_be_caught_are_public() -> None:
    caught = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.HsidiffError | errors.HsidiffWarning)
    }
    assert {"SceneClassifier", *caught} <= set(hsidiff.__all__)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="hsidiff attribute no_such_name"):
        hsidiff.no_such_name  # noqa: B018


def test_the_package_alone_loads_nothing_that_takes_long() -> None:
    program = (
        "import sys, hsidiff; "
        "print(sorted({'torch', 'sklearn', 'scipy', 'xarray', 'rasterio'} & sys.modules.keys()))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
