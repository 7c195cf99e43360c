import itertools

import pytest

from hsidiff.training import pace as pace_module
from hsidiff.training.pace import Pace


class FakeClock:
    """A clock that only goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake = FakeClock()
    monkeypatch.setattr(pace_module, "clock", fake)
    return fake


def walk(pace: Pace, clock: FakeClock | None = None, step_s: float = 1.0) -> list[float]:
    """The positions of all steps."""
    positions = []
    for position in itertools.islice(pace.positions(), 10_000):
        positions.append(position)
        if clock is not None:
            clock.now_s += step_s
        pace.step_taken()
    return positions


def test_without_a_budget_positions_are_the_numbers_of_the_steps() -> None:
    pace = Pace(7)
    positions = walk(pace)
    assert positions == [0, 1, 2, 3, 4, 5, 6]
    assert all(type(position) is int for position in positions)
    assert (pace.trained().steps, pace.trained().stopped) == (7, "steps")


def test_time_ends_the_training_at_the_next_boundary_and_is_the_way_of_the_rate(
    clock: FakeClock,
) -> None:
    pace = Pace(400, seconds=10)
    positions = walk(pace, clock, step_s=3)
    assert positions == pytest.approx([0, 120, 240, 360])  # steps begin at 0, 3, 6 and 9 s
    trained = pace.trained()
    assert (trained.steps, trained.seconds, trained.stopped) == (4, 12, "budget")


def test_one_step_is_taken_however_short_the_time(clock: FakeClock) -> None:
    pace = Pace(400, seconds=1e-3)
    assert walk(pace, clock) == [0]
    assert (pace.trained().steps, pace.trained().stopped) == (1, "budget")


def test_progress_is_shown_in_steps_or_seconds(clock: FakeClock) -> None:
    by_time, by_steps = Pace(400, seconds=2.5), Pace(3)
    assert (by_time.n_units, by_steps.n_units) == (3, 3)
    shown = []
    for _ in by_time.positions():
        clock.now_s += 0.8
        by_time.step_taken()
        shown.append(by_time.n_units_done())
    assert shown == [0, 1, 2, 3]
