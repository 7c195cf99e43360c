import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.errors import SettingError
from hsidiff.training.budget import Budget


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60s", Budget(60, "seconds")),
        ("2min", Budget(120, "seconds")),
        ("1h", Budget(3600, "seconds")),
        ("0.5 min", Budget(30, "seconds")),
        ("400 steps", Budget(400, "steps")),
        (" 1 step ", Budget(1, "steps")),
        ("4 steps per pixel", Budget(4, "steps per pixel")),
        ("0.5steps per pixel", Budget(0.5, "steps per pixel")),
    ],
)
def test_a_budget_is_read_as_people_write_it(text: str, expected: Budget) -> None:
    assert Budget.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "60", "s", "-60s", "1e3s", "60 seconds", "1h30min", "infs", "nan steps", "٣s", 60, True],
)
def test_what_is_no_budget_is_refused_with_examples(text: object) -> None:
    with pytest.raises(SettingError) as refused:
        Budget.parse(text)
    assert str(refused.value) == (
        f"budget={text!r}: expected a time (60s, 2min, 1h), 400 steps, or 4 steps per pixel"
    )


@pytest.mark.parametrize("text", ["0s", "0 steps", "0.0 steps per pixel"])
def test_nothing_is_no_budget(text: str) -> None:
    with pytest.raises(SettingError, match="must be more than nothing"):
        Budget.parse(text)


def test_a_part_of_a_step_is_refused() -> None:
    with pytest.raises(SettingError, match=r"budget='2.5 steps': steps are whole"):
        Budget.parse("2.5 steps")


@settings(max_examples=40)
@given(st.text() | st.from_regex(r"[0-9.]{1,20} *(s|min|h|steps?|steps? per pixel)"))
def test_any_text_is_a_usable_budget_or_refused_in_one_line(text: str) -> None:
    budget, message = None, ""
    try:
        budget = Budget.parse(text)
    except SettingError as error:
        message = str(error)
    if budget is None:
        # A message is one line, in which several blanks are one.
        assert message.startswith(" ".join(f"budget={text!r}: ".split()))
        assert len(message.splitlines()) == 1
        return
    assert 0 < budget.amount < math.inf
    assert (budget.seconds is None) == (budget.n_steps(100, 10) is not None)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(1e-3, 1e3, exclude_min=True))
def test_steps_per_pixel_show_each_pixel_so_often_and_no_step_more(
    n_pixels: int, per_step: int, amount: float
) -> None:
    n_steps = Budget(amount, "steps per pixel").n_steps(n_pixels, per_step)
    assert n_steps is not None
    assert n_steps >= 1
    assert n_steps * per_step >= amount * n_pixels * (1 - 1e-12)
    assert n_steps == 1 or (n_steps - 1) * per_step <= amount * n_pixels * (1 + 1e-12)


def test_steps_per_pixel_by_hand() -> None:
    # 145 x 145 pixels, each seen four times, in steps of 4 crops of 16 x 16: 84100 / 1024 = 82.1.
    assert Budget.parse("4 steps per pixel").n_steps(145 * 145, 4 * 16**2) == 83
    assert Budget.parse("400 steps").n_steps(145 * 145, 1024) == 400
