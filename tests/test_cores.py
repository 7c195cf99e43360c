import os
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from hsidiff.cores import side_by_side, threads_per_operation, usable_cores


def test_the_usable_cores_are_those_of_the_process_or_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert usable_cores() == 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert usable_cores() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("n_at_once", [1, 2, 7])
@pytest.mark.parametrize("n_items", [0, 1, 5])
def test_results_come_in_the_order_of_the_items(n_items: int, n_at_once: int) -> None:
    found = side_by_side(lambda item: 10 * item, range(n_items), n_at_once)
    assert list(found) == [10 * item for item in range(n_items)]


def test_items_are_computed_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=60)
    assert sorted(side_by_side(lambda _: together.wait(), range(3), 3)) == [0, 1, 2]


def test_few_items_are_taken_ahead_and_in_the_callers_thread() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(100):
            assert threading.current_thread() is threading.main_thread()
            taken.append(item)
            yield item

    found = side_by_side(lambda item: item, items(), 2)
    assert next(found) == 0
    assert len(taken) <= 3
    found.close()  # type: ignore[attr-defined]


def test_each_thread_has_its_operations_to_itself_and_the_caller_gets_his_back() -> None:
    with threads_per_operation(2):
        inside = side_by_side(lambda _: torch.get_num_threads(), range(4), 2)
        assert list(inside) == [1, 1, 1, 1]
        assert torch.get_num_threads() == 2
        alone = side_by_side(lambda _: torch.get_num_threads(), range(2), 1)
        assert list(alone) == [2, 2]


def test_an_error_reaches_the_caller_and_ends_the_rest() -> None:
    computed = []

    def compute(item: int) -> int:
        if item == 1:
            raise ValueError("of item 1")
        computed.append(item)
        return item

    with pytest.raises(ValueError, match="of item 1"):
        list(side_by_side(compute, range(1000), 2))
    assert len(computed) < 10


def test_who_stops_early_does_not_wait_for_what_is_being_computed() -> None:
    go_on = threading.Event()

    def compute(item: int) -> int:
        assert item == 0 or go_on.wait(timeout=60)
        return item

    found = side_by_side(compute, range(10), 2)
    assert next(found) == 0
    began = time.monotonic()
    found.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 30
    go_on.set()
