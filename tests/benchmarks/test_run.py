"""A dry run of every row ends in JSON with finite, positive figures."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gpu, run
from benchmarks.flops import add_shares
from benchmarks.sizes import TINY

MAY_BE_ZERO = {"relative_difference", "memory_growth_bytes", "timestep", "layer"}


def figures(content: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a result, with the key that it stands under."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from figures(value, key)
    elif isinstance(content, list):
        for value in content:
            yield from figures(value, name)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield name, content


def check(content: Any) -> None:
    found = list(figures(content))
    assert len(found) > 3
    for name, value in found:
        assert math.isfinite(value), name
        assert value > 0 or name in MAY_BE_ZERO, name


@pytest.mark.slow
@pytest.mark.parametrize("name", list(run.ROWS))
@pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")
def test_every_row_gives_figures(name: str) -> None:
    if name == "workers":
        pytest.importorskip("distributed", reason="needs the extra dask")
    check(run.ROWS[name](TINY))


@pytest.mark.slow
def test_what_the_gpu_runs_runs_on_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Compilation takes longer than all else, and is for the GPU.
    plain = {name: way for name, way in gpu.WAYS.items() if way.compiled is None}
    monkeypatch.setattr(gpu, "WAYS", plain)
    gpu.main(["--device", "cpu", "--dry-run", "--out", str(tmp_path / "gpu.json")])
    content = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    check(content["rows"])
    training = content["rows"]["training"]
    assert training["ways"].keys() == {*gpu.WAYS, "library"}
    assert not [way for way in training["ways"].values() if "error" in way]
    fastest = min(way["min_s"] for way in training["ways"].values())
    assert training["ways"][training["best"]]["min_s"] == fastest
    assert training["minutes_of_paper"][training["best"]] == pytest.approx(fastest * 500)


@pytest.mark.slow
def test_the_command_writes_the_rows_that_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(run.ROWS, "heads", lambda sizes: {"min_s": 2.0, "flops": 4 * 10**9})
    run.main(["--dry-run", "--rows", "heads", "--out", str(tmp_path / "x" / "bench.json")])
    content = json.loads((tmp_path / "x" / "bench.json").read_text(encoding="utf-8"))
    assert list(content["rows"]) == ["ceiling", "heads"]  # shares need the ceiling
    assert {"machine", "settings", "commit", "date", "seconds"} <= content.keys()
    assert content["settings"]["scene_px"] == TINY.scene_px
    assert content["commit"].keys() == {"sha", "clean"}
    check(content["rows"])


def test_a_share_is_speed_over_ceiling() -> None:
    rows: dict[str, Any] = {"a": {"ours": [{"flops": 6e9, "min_s": 2.0}]}, "b": {"flops": 1.0}}
    add_shares(rows, {"fp32_gflop_per_s": 30.0, "bf16_gflop_per_s": 60.0})
    (timing,) = rows["a"]["ours"]
    assert (timing["gflop_per_s"], timing["share_of_fp32"]) == (3.0, 0.1)
    assert timing["share_of_bf16"] == 0.05
    assert rows["b"] == {"flops": 1.0}
