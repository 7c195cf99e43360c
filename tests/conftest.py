"""What holds for all tests: the machine they see, how they are shared out, and common fixtures."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

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

# The same examples each time, on however loaded a machine: a test that fails does so for everybody.
# ``--hypothesis-profile new-examples`` draws others.
ON_A_LOADED_MACHINE: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("new-examples", print_blob=True, **ON_A_LOADED_MACHINE)
settings.register_profile("same-examples", derandomize=True, **ON_A_LOADED_MACHINE)
settings.load_profile("same-examples")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadfile`` a file stays together, or of the common suite one classifier.

    So no process fits all of them, and none fits what another has fitted.
    """
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415

    class ByFileOrClassifier(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path, _, test = nodeid.partition("::")
            if not path.endswith("test_every_classifier.py"):
                return path
            return path + re.sub(r"-\d+]$", "]", test[test.find("[") :])  # less the number of bands

    return ByFileOrClassifier(config, log)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real scenes, or a skip where it is absent."""
    folder = os.environ.get("HSIDIFF_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HSIDIFF_DATA names no folder of real scenes")
    return Path(folder)


@pytest.fixture(scope="module")
def quick_experts() -> Iterator[None]:
    """Heads have fewer linear experts, which end early: for files that test no head's quality.

    Their fits, in each fold anew, take most of the time of a fit to a small scene.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    from hsidiff.heads.linear_head import ESTIMATORS  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(ESTIMATORS, "logistic 0.1")
        patch.setitem(ESTIMATORS, "logistic 0.01", lambda: LogisticRegression(C=0.01, max_iter=9))
        yield


BLANK = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "png": bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c4944415478da63f8ffff3f0005fe02fe331295140000000049454e44ae426082"
    ),
}
"""An empty chart, and a white pixel."""


@pytest.fixture
def blank_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts are empty: to lay one out takes longer than to map the small scene."""
    monkeypatch.setattr(
        "hsidiff.report.drawing.Drawing.content", lambda drawing: BLANK[drawing.kind]
    )


@pytest.fixture
def in_a_folder_with_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_experts: None
) -> Path:
    """What the pages take as given: scene.tif, labels.gpkg with the field "class", compare.toml.

    The profile ``fast`` learns in three steps, and has the quick head.
    """
    from documents import write_what_the_pages_take  # noqa: PLC0415
    from hsidiff.methods.spectraldiff import PROFILES  # noqa: PLC0415

    write_what_the_pages_take(tmp_path)
    monkeypatch.chdir(tmp_path)
    fast = PROFILES["fast"]
    quick = replace(fast, values=fast.new_values(pretrain_steps=3), head="linear")
    monkeypatch.setitem(PROFILES, "fast", quick)
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Call ``hsidiff`` with words of a command line, in this process; a ``command_line.Run``."""
    from command_line import Ended  # noqa: PLC0415
    from hsidiff.cli import main  # noqa: PLC0415

    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["hsidiff", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The small scene and its labels as files, ``command_line.SmallFiles``."""
    from command_line import write_small_files  # noqa: PLC0415

    return write_small_files(tmp_path_factory.mktemp("small files"))
