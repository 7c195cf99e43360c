"""What CONTRIBUTING shows are a whole method, values, a head, and a test that they pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from documents import blocks_of

WITH_THE_HEAD = """
@dataclass(repr=False, eq=False)
class WithMyHead(MyMethod):
    name: ClassVar[str] = "with-my-head"

    def _parts(self):
        assert super()._parts()[0].timesteps == (300,)
        return BandGroups(n_groups=5), NearestMean()
"""


def run_the_suite(folder: Path, test: str) -> None:
    (folder / "test_mine.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"]
    ended = subprocess.run(
        command, cwd=folder, env=os.environ, text=True, capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    assert int(ended.stdout.split(" passed")[0].split()[-1]) >= 20


@pytest.mark.slow
def test_the_values_and_the_head_pass_the_common_suite(tmp_path: Path) -> None:
    method, values, head, test = blocks_of("CONTRIBUTING.md", "python")
    more = "from my_head import NearestMean\nfrom my_values import BandGroups\n" + WITH_THE_HEAD
    (tmp_path / "my_method.py").write_text(method, encoding="utf-8")
    (tmp_path / "my_values.py").write_text(values, encoding="utf-8")
    (tmp_path / "my_head.py").write_text(head, encoding="utf-8")
    (tmp_path / "with_my_head.py").write_text(method + more, encoding="utf-8")
    with_head = test.replace("my_method import MyMethod", "with_my_head import WithMyHead")
    run_the_suite(tmp_path, with_head.replace("partial(MyMethod", "partial(WithMyHead"))
