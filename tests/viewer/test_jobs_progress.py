"""How far a job is, and how long it will take."""

import subprocess
import sys

import pytest

from hsidiff.viewer import jobs
from hsidiff.viewer.jobs import HOLD_OUT, Job, Pace


class Clock:
    """A clock that stands still until it is moved."""

    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(jobs, "time", clock)
    return clock


def hear(
    job: Job, pace: Pace, step: str, n_done: int, n_total: int, trained_s: float = 0.0
) -> None:
    said = {"step": step, "n_done": n_done, "n_total": n_total, "seconds_trained": trained_s}
    job.take(said, pace)


def test_a_step_tells_what_is_left_of_it_by_its_pace(clock: Clock) -> None:
    job, pace = Job(1, "train", "Map 1"), Pace()
    hear(job, pace, "learn", 0, 4)
    assert job.seconds_left is None
    clock.now_s += 6
    hear(job, pace, "learn", 1, 4)
    assert job.seconds_left == 18
    assert job.seconds_left_in_all is None
    hear(job, pace, "map", 0, 2)
    clock.now_s += 5
    hear(job, pace, "map", 1, 2)
    assert (job.step, job.seconds_left) == ("map", 5)


def test_fits_of_held_out_labels_are_counted_and_tell_what_is_left_in_all(clock: Clock) -> None:
    job, pace = Job(1, "train", "Map 1"), Pace()
    job.take({"n_fits": 5}, pace)
    for round_of_folds in range(2):
        hear(job, pace, HOLD_OUT, 0, 2)
        for fit in (1, 2):
            clock.now_s += 10
            hear(job, pace, "learn", 3, 4)
            assert (job.step, job.n_done) == ("learn", 3)
            hear(job, pace, HOLD_OUT, fit, 2)
            n_done = 2 * round_of_folds + fit
            assert (job.n_fits_done, job.n_fits) == (n_done, 5)
            assert job.seconds_left_in_all == 10 * (5 - n_done)
    clock.now_s += 4
    hear(job, pace, "learn", 1, 4)
    assert job.seconds_left_in_all == 6
    clock.now_s += 40
    hear(job, pace, "map", 1, 4)
    assert job.seconds_left_in_all == 0


def test_what_is_learned_once_is_not_expected_of_every_fit(clock: Clock) -> None:
    job, pace = Job(1, "train", "Map 1"), Pace()
    job.take({"n_fits": 16}, pace)
    hear(job, pace, HOLD_OUT, 0, 5)
    clock.now_s += 60  # 45 of them to train the denoiser, which is kept
    hear(job, pace, HOLD_OUT, 1, 5, trained_s=45)
    assert job.seconds_left_in_all == 15 * 15
    clock.now_s += 60  # a method that learns the scene anew for each part of the labels
    hear(job, pace, HOLD_OUT, 2, 5, trained_s=90)
    assert job.seconds_left_in_all == 14 * 60


def test_a_network_that_was_kept_before_leaves_the_first_fit_whole(clock: Clock) -> None:
    job, pace = Job(1, "train", "Map 1"), Pace()
    job.take({"n_fits": 6}, pace)
    hear(job, pace, HOLD_OUT, 0, 5)
    clock.now_s += 15
    hear(job, pace, HOLD_OUT, 1, 5)
    assert job.seconds_left_in_all == 5 * 15


def test_what_shows_a_scene_does_not_wait_for_what_learns() -> None:
    names = ("serve", "session", "opened_run")
    program = f"import sys; from hsidiff.viewer import {', '.join(names)}; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "torch" not in ended.stdout.split()
