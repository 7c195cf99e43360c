"""Runs take turns, and the fastest turn counts."""

import time

from benchmarks.timing import Timing, interleaved, ratio, timed


def test_runs_take_turns() -> None:
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = interleaved({"a": lambda: run("a"), "b": lambda: run("b")}, 3)
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert found == {"a": Timing((1.0, 3.0, 5.0)), "b": Timing((2.0, 4.0, 6.0))}


def test_a_timing_gives_minimum_and_median() -> None:
    assert Timing((3.0, 1.0, 8.0)).to_json() == {"min_s": 1.0, "median_s": 3.0, "n_runs": 3}


def test_a_ratio_is_that_of_the_minima() -> None:
    assert ratio(Timing((9.0, 6.0)), Timing((2.0, 100.0))) == 3.0


def test_time_counts_until_the_device_is_ready() -> None:
    assert timed(lambda: None, lambda: time.sleep(0.05))() > 0.045
