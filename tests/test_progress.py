import io

import pytest
from rich.console import Console

from hsidiff import progress
from hsidiff.progress import listen, show_progress, track


@pytest.fixture
def heard() -> list[tuple[str, int, int]]:
    return []


def test_without_a_listener_items_pass_through() -> None:
    assert list(track("abc", "step", 3)) == ["a", "b", "c"]


def test_a_listener_hears_the_start_and_each_finished_item(
    heard: list[tuple[str, int, int]],
) -> None:
    with listen(lambda *report: heard.append(report)):
        for item in track("ab", "step", 2):
            heard.append((item, -1, -1))
    assert heard == [
        ("step", 0, 2),
        ("a", -1, -1),
        ("step", 1, 2),
        ("b", -1, -1),
        ("step", 2, 2),
    ]


def test_nobody_listens_after_the_block(heard: list[tuple[str, int, int]]) -> None:
    with listen(lambda *report: heard.append(report)):
        pass
    list(track("ab", "step", 2))
    assert heard == []


def test_a_block_that_breaks_stops_listening_too(heard: list[tuple[str, int, int]]) -> None:
    def broken() -> None:
        with listen(lambda *report: heard.append(report)):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    list(track("ab", "step", 2))
    assert heard == []


def test_the_inner_listener_hears_and_the_outer_one_comes_back(
    heard: list[tuple[str, int, int]],
) -> None:
    outer: list[tuple[str, int, int]] = []
    with listen(lambda *report: outer.append(report)):
        with listen(lambda *report: heard.append(report)):
            list(track("a", "inner", 1))
        list(track("a", "outer", 1))
    assert [name for name, *_ in heard] == ["inner", "inner"]
    assert [name for name, *_ in outer] == ["outer", "outer"]


def test_loops_inside_loops_are_told_apart_by_name(heard: list[tuple[str, int, int]]) -> None:
    with listen(lambda *report: heard.append(report)):
        for _ in track("a", "outer", 1):
            list(track("b", "inner", 1))
    assert heard == [("outer", 0, 1), ("inner", 0, 1), ("inner", 1, 1), ("outer", 1, 1)]


def test_a_terminal_shows_a_bar_for_each_step() -> None:
    file = io.StringIO()
    with show_progress(Console(file=file, force_terminal=True, width=100)):
        for name in ("pretrain", "fit head"):
            list(track("abcd", name, 4))
    _, *bars = file.getvalue().rpartition("pretrain")
    assert "".join(bars).count("4/4") == 2
    assert "fit head" in bars[-1]


def test_a_log_gets_lines_and_no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1.0)
    with show_progress(Console(file=file, width=100)):
        list(track("ab", "pretrain", 2))
    assert file.getvalue() == "pretrain: 0 of 2\npretrain: 1 of 2\npretrain: 2 of 2\n"
