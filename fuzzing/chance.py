"""Numbers and texts that readers stumble over, and ways to draw them."""

import random
from typing import Any

HUGE = 10**12

WHOLE_NUMBERS = (
    0, 1, -1, 2, 3, 7, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 10**6, 2**31 - 1, 2**31,
    2**32 - 1, 2**32, HUGE, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 10**30, -(2**31), -(2**63),
)  # fmt: skip
TEXTS_OF_NUMBERS = (
    *map(str, WHOLE_NUMBERS), "nan", "inf", "-inf", "1e308", "1e400", "-1e-320", "1.5", "0.0", "-0",
    "", " ", "1,5", "1e9", "0x10", "1_000", "\u0663", "½", "9" * 5000, "1e99999", "null", "true",
    "--1", "1.2.3", "1/0",
)  # fmt: skip
TEXTS = (
    "", " ", "<&\">'", "\x00", "\x01\x1b[31m", "é", "ÄÖÜ", "日本", "🌍", "\u202e", "\ud7ff",
    "a" * 70_000,
    "{", "}", "[", "]", "{{}}", "%s%n%x", "${HOME}", "../../../etc/passwd", "/etc/passwd",
    "=1+1", "nan", "None", "'; drop table x; --", "\\", "\n", "\r\n", "\t", "http://127.0.0.1:9/x",
    "/vsicurl/http://127.0.0.1:9/x", "EPSG:4326", "EPSG:0", "EPSG:999999", "LOCAL_CS[\"x\"]",
    "PROJCS[", "(" * 3000, "[" * 3000, "{" * 3000,
)  # fmt: skip


def amount(rng: random.Random, most: int) -> int:
    """A count from 1 to ``most``, small ones more often."""
    return max(1, int(most ** rng.random()))


def any_value(rng: random.Random) -> Any:
    """A value of any type that JSON has."""
    kinds: tuple[Any, ...] = (
        None,
        True,
        False,
        rng.choice(WHOLE_NUMBERS),
        rng.choice((0.5, -1.5, 1e308, -1e308, float("nan"), float("inf"), 5e-324)),
        rng.choice(TEXTS),
        [],
        {},
        [rng.choice(WHOLE_NUMBERS)] * rng.choice((1, 2, 3, 1000)),
        {rng.choice(TEXTS): rng.choice(WHOLE_NUMBERS)},
        nested(rng.choice((5, 100, 2000))),
    )
    return rng.choice(kinds)


def nested(depth: int) -> Any:
    """Lists in lists."""
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner
