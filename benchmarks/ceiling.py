"""Row (f): what the machine can do at best."""

from typing import Any

import torch

from benchmarks.sizes import Sizes
from benchmarks.timing import interleaved, timed


def measure(sizes: Sizes, device: str = "cpu") -> dict[str, Any]:
    """The fastest matrix product in fp32 and bf16, and the fastest copy of memory.

    Square matrices of several sizes; the best one counts. On a GPU fp32 means without TF32. A copy
    reads and writes each byte: both are counted.
    """
    synchronize = torch.cuda.synchronize if device == "cuda" else None
    found: dict[str, Any] = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        speeds = {n: _product_speed(n, dtype, device, sizes.n_repeats) for n in sizes.matrix_sizes}
        best = max(speeds, key=speeds.__getitem__)
        found[f"{name}_gflop_per_s"] = speeds[best] / 1e9
        found[f"{name}_matrix_size"] = best
    source = torch.zeros(sizes.copied_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source).copy_(source)
    copy = timed(lambda: target.copy_(source), synchronize)
    fastest = interleaved({"copy": copy}, sizes.n_repeats)["copy"].fastest
    found["copy_gb_per_s"] = 2 * sizes.copied_bytes / fastest / 1e9
    return found


def _product_speed(n: int, dtype: torch.dtype, device: str, n_repeats: int) -> float:
    """Operations per second of the product of two n x n matrices."""
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    result = a @ b
    synchronize = torch.cuda.synchronize if device == "cuda" else None
    multiply = timed(lambda: torch.matmul(a, b, out=result), synchronize)
    multiply()
    return float(2 * n**3 / interleaved({"product": multiply}, n_repeats)["product"].fastest)
