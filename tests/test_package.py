"""The names of the package, each of which is loaded when it is asked for."""

import subprocess
import sys

import pytest

import hsidiff


@pytest.mark.parametrize("name", hsidiff.__all__)
def test_every_name_can_be_loaded_and_is_listed(name: str) -> None:
    assert getattr(hsidiff, name).__name__ == name
    assert name in dir(hsidiff)


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
