"""How exactly numbers are kept: where half of the bits are enough, and where none may be lost."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16 itself.

    A CPU that does not has to translate each number: many times slower than float32.
    """
    if device.type == "cpu":
        # PyTorch before 2.10 does not tell, and then float32 is the safe answer.
        able: Mapping[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


@contextmanager
def bfloat16_where_fast(wanted: bool, device: torch.device) -> Iterator[None]:
    """Compute in bfloat16 where PyTorch's autocast allows it, if wanted and the device is fast."""
    with torch.autocast(device.type, torch.bfloat16, enabled=wanted and has_fast_bfloat16(device)):
        yield


@contextmanager
def without_tf32(device: torch.device) -> Iterator[None]:
    """Convolve in float32 where that is what is asked for, not in a GPU's TF32.

    TF32 rounds differently for batches and tiles of other shapes, and a map must not depend on
    them. The switch is one for all threads, so it is left alone where it means nothing.
    """
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
