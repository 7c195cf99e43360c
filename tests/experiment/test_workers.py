import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from hsidiff.experiment.workers import DeadWorker, _device_of, run_in_workers

SLEEPING_PARENT = """
import os, sys, time
from pathlib import Path
from hsidiff.experiment.workers import run_in_workers

def sleep(folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(300)

if __name__ == "__main__":
    list(run_in_workers([sys.argv[1]], sleep, 1))
"""


def answer(task: int, dies_at: int, how: int) -> tuple[int, int, str]:
    if task == dies_at and how < 0:
        os.kill(os.getpid(), -how)
    if task == dies_at:
        os._exit(how)
    return 10 * task, os.getpid(), os.environ["OMP_NUM_THREADS"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "reason"), [(3, "exit code 3"), (-signal.SIGKILL, "SIGKILL; the machine may")]
)
def test_a_dead_worker_costs_its_own_task_only_and_is_replaced(how: int, reason: str) -> None:
    work = partial(answer, dies_at=1, how=how)
    answers = dict(run_in_workers([0, 1, 2, 3], work, 1))
    assert isinstance(answers[1], DeadWorker)
    assert reason in answers[1].reason
    living = [answers[task] for task in (0, 2, 3)]
    assert [value for value, _, _ in living] == [0, 20, 30]
    before, *after = [process for _, process, _ in living]
    assert before != after[0] == after[1]
    assert os.getpid() not in (before, *after)


@pytest.mark.slow
def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    answers = dict(run_in_workers([0, 1], partial(answer, dies_at=-1, how=0), 2))
    assert {threads for _, _, threads in answers.values()} == {"1"}  # type: ignore[misc]


def test_workers_share_several_cuda_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    assert _device_of(0) == {}
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    shown = [_device_of(place)["CUDA_VISIBLE_DEVICES"] for place in range(3)]
    assert shown == ["0", "1", "0"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert _device_of(1) == {"CUDA_VISIBLE_DEVICES": "7"}


def test_no_task_needs_no_worker() -> None:
    assert list(run_in_workers([], partial(answer, dies_at=0, how=0), 2)) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(SLEEPING_PARENT)
    pids = tmp_path / "pids"
    pids.mkdir()
    parent = subprocess.Popen([sys.executable, str(script), str(pids)])
    try:
        deadline = time.monotonic() + 120
        while not (found := list(pids.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        parent.kill()
        parent.wait()
    (worker,) = (int(path.name) for path in found)
    deadline = time.monotonic() + 60
    while _is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(worker)


def _is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    # A process that nobody has asked about stays as a zombie (Z).
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
