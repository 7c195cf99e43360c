"""How long a training may take, as people say it: ``60s``, ``400 steps``, ``4 steps per pixel``."""

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from hsidiff.errors import SettingError

EXPECTED = "expected a time (60s, 2min, 1h), 400 steps, or 4 steps per pixel"
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_AMOUNT_AND_UNIT = re.compile(
    r"(\d{1,12}(?:\.\d{1,12})?) *(s|min|h|steps?|steps? per pixel)", re.ASCII
)


@dataclass(frozen=True)
class Budget:
    """The length of a training.

    Attributes:
        amount: above 0; whole, if it counts steps.
        unit: what it counts. A time is that of a clock on the wall, so how many steps it allows,
            and with them the weights, depends on the machine and on what else it does.
    """

    amount: float
    unit: Literal["seconds", "steps", "steps per pixel"]

    @classmethod
    def parse(cls, text: Any) -> "Budget":
        """The budget that a text stands for.

        Raises:
            SettingError: if it stands for none.
        """
        match = _AMOUNT_AND_UNIT.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise SettingError(f"budget={text!r}: {EXPECTED}")
        amount, unit = float(match[1]), match[2]
        if amount == 0:
            raise SettingError(f"budget={text!r}: must be more than nothing; {EXPECTED}")
        if unit in _SECONDS:
            return cls(amount * _SECONDS[unit], "seconds")
        if unit.endswith("per pixel"):
            return cls(amount, "steps per pixel")
        if not amount.is_integer():
            raise SettingError(f"budget={text!r}: steps are whole; {EXPECTED}")
        return cls(amount, "steps")

    @property
    def seconds(self) -> float | None:
        """The time; None if steps are counted."""
        return self.amount if self.unit == "seconds" else None

    def n_steps(self, n_pixels: int, n_pixels_per_step: int) -> int | None:
        """The number of steps, at least 1; None if it is a time that ends the training.

        Args:
            n_pixels: valid pixels to learn from; with steps per pixel each is seen about
                ``amount`` times.
            n_pixels_per_step: pixels that one step sees.
        """
        if self.unit == "seconds":
            return None
        if self.unit == "steps":
            return int(self.amount)
        return max(math.ceil(self.amount * n_pixels / n_pixels_per_step), 1)
