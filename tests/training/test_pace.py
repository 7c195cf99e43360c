import itertools
from collections.abc import Iterator

import pytest

from hsidiff.training import pace as pace_module
from hsidiff.training.pace import FLAT_GAIN, N_LOOKS, Flatness, Pace


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


def losses(*values: float, then: float | None = None) -> Iterator[float]:
    """The values, and from then on the last of them or ``then``."""
    yield from values
    while True:
        yield values[-1] if then is None else then


# Steps and time


def test_without_a_budget_positions_are_the_numbers_of_the_steps() -> None:
    pace = Pace(7)
    positions = walk(pace)
    assert positions == [0, 1, 2, 3, 4, 5, 6]
    assert all(type(position) is int for position in positions)
    assert (pace.trained(None).steps, pace.trained(None).stopped) == (7, "steps")


def test_time_ends_the_training_at_the_next_boundary_and_is_the_way_of_the_rate(
    clock: FakeClock,
) -> None:
    pace = Pace(400, seconds=10)
    positions = walk(pace, clock, step_s=3)
    assert positions == pytest.approx([0, 120, 240, 360])  # steps begin at 0, 3, 6 and 9 s
    trained = pace.trained(None)
    assert (trained.steps, trained.seconds, trained.stopped) == (4, 12, "budget")


def test_one_step_is_taken_however_short_the_time(clock: FakeClock) -> None:
    pace = Pace(400, seconds=1e-3)
    assert walk(pace, clock) == [0]
    assert pace.trained(0.5).held_out_loss == 0.5


def test_progress_is_shown_in_steps_or_seconds(clock: FakeClock) -> None:
    by_time, by_steps = Pace(400, seconds=2.5), Pace(3)
    assert (by_time.n_units, by_steps.n_units) == (3, 3)
    shown = []
    for _ in by_time.positions():
        clock.now_s += 0.8
        by_time.step_taken()
        shown.append(by_time.n_units_done())
    assert shown == [0, 1, 2, 3]


# Flatness


def test_a_loss_that_falls_by_more_than_the_gain_is_never_flat() -> None:
    flatness = Flatness()
    assert not any(flatness.after((1 - 1.01 * FLAT_GAIN) ** look) for look in range(50))


def test_a_loss_is_flat_after_three_looks_in_a_row_without_a_fall() -> None:
    flatness = Flatness()
    # Two flat looks, a fall, then three: 0.7 is the best, so 0.699 is no fall.
    seen = [flatness.after(loss) for loss in (1.0, 0.999, 1.2, 0.7, 0.699, 0.71, 0.698)]
    assert seen == [False] * 6 + [True]


def test_a_loss_that_is_no_number_counts_as_flat() -> None:
    flatness = Flatness()
    assert [flatness.after(float("nan")) for _ in range(3)] == [False, False, True]


# Early stop


def test_the_loss_is_looked_at_after_every_twentieth_but_the_last() -> None:
    at: list[int] = []
    pace = Pace(200, held_out_loss=lambda: at.append(pace.n_taken) or 0.9 ** len(at))
    assert len(walk(pace)) == 200
    assert at == list(range(10, 200, 10))
    assert len(at) == N_LOOKS - 1
    assert pace.trained(None).stopped == "steps"


def test_when_flat_the_rest_of_the_way_is_gone_in_a_fifth_of_the_steps() -> None:
    seen = losses(1.0, 0.5, 0.4, then=0.4)  # flat at the sixth look, after 60 steps
    pace = Pace(200, held_out_loss=lambda: next(seen))
    positions = walk(pace)
    assert len(positions) == 60 + 12
    assert positions[:61] == list(range(61))
    rest = [60 + 140 * k / 12 for k in range(12)]
    assert positions[60:] == pytest.approx(rest)
    trained = pace.trained(0.41)
    assert (trained.steps, trained.stopped, trained.held_out_loss) == (72, "flat", 0.41)
    assert pace.n_units_done() == pace.n_units == 200


def test_near_the_end_of_the_recipe_it_is_followed_to_the_end() -> None:
    # Flat at the look after 180 of 200 steps: a fifth of 180 would be longer than what is left.
    seen = losses(*(0.9**k for k in range(15)), then=1.0)
    pace = Pace(200, held_out_loss=lambda: next(seen))
    assert walk(pace) == list(range(200))
    assert pace.trained(None).stopped == "steps"


def test_a_time_budget_may_end_flat(clock: FakeClock) -> None:
    seen = losses(1.0, 0.5, then=0.5)  # flat at the fifth look, after a quarter of the time
    pace = Pace(400, seconds=100, held_out_loss=lambda: next(seen))
    positions = walk(pace, clock, step_s=1)
    assert len(positions) == 25 + 5
    assert positions[25:] == pytest.approx([100, 160, 220, 280, 340])
    assert pace.trained(None).stopped == "flat"


def test_time_that_is_over_ends_even_the_rest_of_the_way(clock: FakeClock) -> None:
    seen = losses(*(0.9**k for k in range(15)), then=1.0)  # flat after 90 % of the time
    pace = Pace(400, seconds=100, held_out_loss=lambda: next(seen))
    positions = walk(pace, clock, step_s=1)
    assert len(positions) == 100
    assert positions == sorted(positions)
    assert pace.trained(None).stopped == "budget"
