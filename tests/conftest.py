"""What holds for all tests: the machine they see, how they are shared out, and common fixtures."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

# Before PyTorch is loaded: tests give the same on any number of cores, and several processes of
# them (`-n auto`) do not wait for each other. What is about cores asks for a number of its own.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# HSIDIFF_TEST_BFLOAT16=absent: see a processor without it, here and in processes that tests start.
if os.environ.get("HSIDIFF_TEST_BFLOAT16") == "absent":
    without = str(Path(__file__).parent / "without_bfloat16")
    found_first = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if without not in found_first:
        os.environ["PYTHONPATH"] = os.pathsep.join([without, *filter(None, found_first)])
        sys.path.insert(0, without)
        sys.modules.pop("sitecustomize", None)
        import sitecustomize  # noqa: F401


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep together, for ``--dist loadgroup``, what shares fixtures.

    That is a file, or of the common suite the tests of one classifier.
    """
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        shared = getattr(getattr(item, "callspec", None), "params", {}).get("make_classifier", "")
        path = item.path.relative_to(config.rootpath).as_posix()
        item.add_marker(pytest.mark.xdist_group(f"{path} {shared}".strip()))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real scenes, or a skip where it is absent."""
    folder = os.environ.get("HSIDIFF_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HSIDIFF_DATA names no folder of real scenes")
    return Path(folder)


@pytest.fixture
def in_a_folder_with_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the pages take as given: scene.tif, labels.gpkg with the field "class", compare.toml.

    The profile ``fast`` learns in three steps.
    """
    from documents import write_what_the_pages_take  # noqa: PLC0415
    from hsidiff.methods.spectraldiff import PROFILES  # noqa: PLC0415

    write_what_the_pages_take(tmp_path)
    monkeypatch.chdir(tmp_path)
    fast = PROFILES["fast"]
    three_steps = replace(fast.denoising.recipe, n_steps=3)
    quick = replace(fast, denoising=replace(fast.denoising, recipe=three_steps))
    monkeypatch.setitem(PROFILES, "fast", quick)
    return tmp_path
