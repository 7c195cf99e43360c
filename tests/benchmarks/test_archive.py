"""The plan of an archive follows from what was measured."""

import pytest

from benchmarks.archive import plan


def test_a_plan_is_worked_out_as_by_hand() -> None:
    figures = {"s_per_pixel": 9e-6, "file_bytes_per_pixel": 0.5, "n_bands": 200}
    found = plan(1e12, 1000, 2000, figures)
    assert found == pytest.approx(
        {
            "tiles": 250_000,
            "files in the stores": 750_000,
            "terabytes read": 400,
            "terabytes written": 0.5,
            "hours": 2.5,
            "seconds per tile": 36,
        }
    )
