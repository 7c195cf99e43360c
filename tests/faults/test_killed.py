"""Killed at any moment and started again, a job ends with the files of an uninterrupted run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

N_KILLS = int(os.environ.get("HSIDIFF_KILLS", "0"))
"""How often each job is killed by ``make test-faults``."""
N_QUICK_KILLS = 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("job", ["pretraining", "fit", "predict", "experiment", "report"])
def test_killed_at_random_moments_it_ends_with_the_files_of_an_uninterrupted_run(
    job: str, tmp_path: Path
) -> None:
    if not N_KILLS and job != "fit":
        pytest.skip("HSIDIFF_KILLS is not set: make test-faults kills this job 50 times")
    program = str(Path(__file__).with_name("killing.py"))
    n_kills = N_KILLS or N_QUICK_KILLS
    command = [sys.executable, "-W", "ignore", program, job, str(n_kills), str(tmp_path / "f")]
    (tmp_path / "f").mkdir()
    found = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, found))}
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    print(answer)  # noqa: T201  (the figures, with -rP)
    assert answer["wrong"] == []
    assert answer["kills"] == n_kills
