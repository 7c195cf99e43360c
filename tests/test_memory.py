"""How much memory may be held: amounts, what is free, and the errors that say it was too little."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from hsidiff.errors import NotEnoughMemoryError, SettingError
from hsidiff.memory import (
    allowed_bytes,
    free_bytes,
    held_bytes,
    is_out_of_memory,
    limited_to,
    or_none_without_memory,
    parse_memory,
    peak_of,
)


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("4GB", 4 * 10**9), ("500 MB", 5 * 10**8), ("2GiB", 2**31), ("1.5g", 15 * 10**8)],
)
def test_amounts_are_read_as_people_write_them(text: str, n_bytes: int) -> None:
    assert parse_memory(text) == n_bytes


@pytest.mark.parametrize("text", ["lots", "", "-4GB", "4GBB", "4 parsecs", "1e9", "0GB", "4iB"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="expected an amount such as 4GB"):
        parse_memory(text)


def test_less_than_the_program_holds_already_is_refused() -> None:
    with pytest.raises(SettingError, match=r"--memory 10MB: hsidiff holds .* at least$"):
        limited_to("10MB").__enter__()
    assert allowed_bytes() is None


def test_what_is_held_counts_against_the_limit() -> None:
    with limited_to("400GB") as limit:
        assert limit == 4 * 10**11
        allowed = allowed_bytes()
        assert allowed is not None
        assert limit - 2 * held_bytes() < allowed < limit
    assert allowed_bytes() is None


def test_half_of_what_is_free_is_the_default() -> None:
    with limited_to() as limit:
        assert held_bytes() < limit < held_bytes() + free_bytes()


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("limit", "usage"),
    [
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ],
)
def test_a_container_may_have_less_than_the_machine(tmp_path: Path, limit: str, usage: str) -> None:
    write(tmp_path, "proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert free_bytes(tmp_path) == 8000 * 1024
    write(tmp_path, f"sys/fs/cgroup/{limit}", "5000000\n")
    write(tmp_path, f"sys/fs/cgroup/{usage}", "1000000\n")
    assert free_bytes(tmp_path) == 4_000_000
    write(tmp_path, f"sys/fs/cgroup/{limit}", "max\n")
    assert free_bytes(tmp_path) == 8000 * 1024


def numpy_fails() -> None:
    np.empty(2**50)


def torch_fails() -> None:
    torch.empty(2**60)


@pytest.mark.parametrize("fails", [numpy_fails, torch_fails])
def test_errors_of_numpy_and_pytorch_are_recognised(fails: Callable[[], None]) -> None:
    with pytest.raises((MemoryError, RuntimeError)) as raised:
        fails()
    assert is_out_of_memory(raised.value)
    assert or_none_without_memory(fails) is None


def test_those_of_devices_are_and_others_are_not() -> None:
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert is_out_of_memory(RuntimeError("MPS backend out of memory"))
    assert not is_out_of_memory(RuntimeError("shapes differ"))
    assert not is_out_of_memory(ValueError("out of memory"))


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), NotEnoughMemoryError("8 px")])
def test_other_errors_and_the_last_one_pass(error: Exception) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        or_none_without_memory(fails)


def test_the_peak_of_a_piece_of_work_is_what_it_held_meanwhile() -> None:
    def work() -> float:
        held = np.ones(2**23)  # 64 MiB
        time.sleep(0.1)  # for the watcher to look, on a loaded machine too
        return float(held.sum())

    total, peak = peak_of(work)
    assert total == 2**23
    assert 0.5 * 2**26 < peak < 3 * 2**26
