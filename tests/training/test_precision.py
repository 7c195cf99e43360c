import pytest
import torch

from hsidiff.training.precision import bfloat16_where_fast, has_fast_bfloat16, without_tf32

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("able", "fast"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False)],
)
def test_a_cpu_is_fast_with_bfloat16_if_it_has_instructions_for_it(
    able: dict[str, bool], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert has_fast_bfloat16(CPU) is fast


def test_a_pytorch_that_does_not_tell_gets_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert not has_fast_bfloat16(CPU)


@pytest.mark.parametrize("wanted", [False, True])
@pytest.mark.parametrize("fast", [False, True])
def test_bfloat16_is_used_where_it_is_wanted_and_fast(
    wanted: bool, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": fast})
    with bfloat16_where_fast(wanted, CPU):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype is (torch.bfloat16 if wanted and fast else torch.float32)


@pytest.mark.parametrize("before", [False, True])
def test_a_gpu_convolves_in_float32_and_later_as_before(
    before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cudnn = torch.backends.cudnn
    monkeypatch.setattr(cudnn, "allow_tf32", before)
    enabled = cudnn.enabled
    with without_tf32(torch.device("cuda")):
        assert not cudnn.allow_tf32
        assert cudnn.enabled is enabled  # without cuDNN a GPU convolves many times slower
    assert cudnn.allow_tf32 is before


def test_where_there_is_no_tf32_the_switch_of_all_threads_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with without_tf32(CPU):
        assert torch.backends.cudnn.allow_tf32
