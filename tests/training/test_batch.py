"""A batch that memory does not suffice for becomes smaller, and so does one that would not fit."""

import pytest
import torch
from torch import Tensor, nn

from hsidiff import memory
from hsidiff.errors import HsidiffWarning, NotEnoughMemoryError
from hsidiff.training import batch as batch_module
from hsidiff.training.batch import PEAK_OF_SAVED, SMALLEST_BATCH, ShrinkingBatch
from hsidiff.training.loop import Recipe, train

RECIPE = Recipe(n_steps=5, learning_rate=0.01)
WIDTH = 64


class Problem:
    """A regression whose loss takes more memory than there is above a number of samples."""

    def __init__(self, most: int = 1000) -> None:
        self.most, self.sizes = most, list[int]()
        self.generator = torch.Generator().manual_seed(1)

    def loss(self, network: nn.Module, device: torch.device, n: int) -> Tensor:
        x = torch.randn(n, WIDTH, generator=self.generator).to(device)
        if n > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.sizes.append(n)
        return (network(x) - x.sum(dim=1, keepdim=True)).square().mean()

    def learned(self, size: int) -> dict[str, Tensor]:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = nn.Sequential(nn.Linear(WIDTH, 8), nn.ReLU(), nn.Linear(8, 1))
        loss_of = ShrinkingBatch(self.loss, size, "crops")
        train(network, loss_of, RECIPE, "cpu", "test", self.generator)
        return network.state_dict()


def test_a_batch_that_is_too_large_is_halved_and_the_training_goes_on() -> None:
    problem = Problem(most=5)
    with pytest.warns(HsidiffWarning) as told:
        learned = problem.learned(16)
    assert [str(one.message).split(":")[0] for one in told] == [
        f"memory does not suffice for {n} crops a step" for n in (16, 8)
    ]
    assert problem.sizes == [4] * RECIPE.n_steps
    # What failed was drawn again: the weights are those of a training that began with 4.
    begun_so = Problem().learned(4)
    assert all(torch.equal(learned[name], begun_so[name]) for name in learned)


def test_where_the_smallest_batch_is_too_large_one_clear_error_ends_it() -> None:
    expected = f"training step of {SMALLEST_BATCH} crops, the fewest; .* is free"
    with (
        pytest.warns(HsidiffWarning),
        pytest.raises(NotEnoughMemoryError, match=expected),
    ):
        Problem(most=1).learned(16)


def test_a_batch_that_would_not_fit_begins_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn.Linear(WIDTH, 1)
    # For its backward pass a layer keeps its input, and the square keeps its own.
    per_sample = PEAK_OF_SAVED * 4 * (WIDTH + 1)
    monkeypatch.setattr(batch_module, "allowed_bytes", lambda: int(10.5 * per_sample))
    problem = Problem()
    state = problem.generator.get_state()
    fitted = ShrinkingBatch(problem.loss, 500, "crops")
    with pytest.warns(HsidiffWarning, match="500 crops a step would take .* going on with 10"):
        fitted.fit_memory(network, problem.generator)
    assert fitted.size == 10
    assert torch.equal(problem.generator.get_state(), state)


def test_a_batch_that_fits_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem()
    fitted = ShrinkingBatch(problem.loss, 500)
    fitted.fit_memory(nn.Linear(WIDTH, 1), problem.generator)
    assert problem.sizes == []  # nobody limits: nothing is measured
    monkeypatch.setattr(batch_module, "allowed_bytes", memory.free_bytes)
    fitted.fit_memory(nn.Linear(WIDTH, 1), problem.generator)
    assert fitted.size == 500
