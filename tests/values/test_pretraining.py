import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.training import pace
from hsidiff.training.budget import Budget
from hsidiff.training.loop import Recipe
from hsidiff.training.reuse import reuse_networks
from hsidiff.values.pretraining import Denoising, crops_of, denoising_loss, pretrain
from hsidiff.windows.crops import CropPool
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from small_scenes import small_invalid, small_scene

SHAPE, N_BANDS = (40, 50), 12
DENOISING = Denoising(
    recipe=Recipe(30, 3e-3, ema_decay=0.9), crop_px=5, crops="random", batch_size=8
)


class Pixelwise(nn.Module):
    """A denoiser that sees a pixel at a time, and remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(0.1 * torch.randn(N_BANDS, N_BANDS, generator=generator))
        self.shown: list[tuple[Tensor, Tensor]] = []

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        self.shown.append((x_t.detach().clone(), t.clone()))
        return torch.einsum("ij,njrc->nirc", self.weight, x_t)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Pixelwise":
        copy = Pixelwise()
        copy.load_state_dict(self.state_dict())
        copy.shown = self.shown
        return copy


@pytest.fixture
def a_second_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock on which a second goes by between any two looks."""
    now_s = itertools.count(0.0)
    monkeypatch.setattr(pace, "clock", lambda: next(now_s))


@pytest.fixture(scope="module")
def pool() -> CropPool:
    return pool_of(DENOISING)


def pool_of(denoising: Denoising, shape: tuple[int, int] = SHAPE) -> CropPool:
    scene = small_scene(shape, N_BANDS)
    return crops_of(scene, SpectralTransform.to_range(scene_moments(scene)), denoising, None, 0)


def trained(pool: CropPool, denoising: Denoising) -> tuple[Pixelwise, dict[str, Any]]:
    network = Pixelwise()
    return network, pretrain(network, pool, denoising, 0, "cpu")


def test_how_it_went_is_told_in_json_values(pool: CropPool) -> None:
    _, facts = trained(pool, DENOISING)
    assert json.loads(json.dumps(facts)) == facts
    assert facts == {"steps": 30, "seconds": facts["seconds"], "stopped": "steps"}
    assert 0 < facts["seconds"] < 60


@pytest.mark.parametrize(
    ("text", "n_steps"),
    [
        ("4 steps", 4),
        # Each of the valid pixels twice, in steps of 8 crops of 5 x 5.
        ("2 steps per pixel", -(-2 * (40 * 50 - small_invalid(SHAPE).sum()) // (8 * 25))),
    ],
)
def test_a_budget_of_steps_takes_the_place_of_the_recipe(
    pool: CropPool, text: str, n_steps: int
) -> None:
    network, facts = trained(pool, replace(DENOISING, budget=Budget.parse(text)))
    assert (facts["steps"], facts["stopped"]) == (n_steps, "steps")
    recipe = replace(DENOISING.recipe, n_steps=n_steps)
    by_recipe, _ = trained(pool, replace(DENOISING, recipe=recipe))
    assert torch.equal(network.weight, by_recipe.weight)


@pytest.mark.usefixtures("a_second_later")
def test_a_budget_of_time_is_kept(pool: CropPool) -> None:
    _, facts = trained(pool, replace(DENOISING, budget=Budget.parse("1min")))
    assert (facts["steps"], facts["stopped"]) == (60, "budget")


def test_what_it_sees_is_the_noisy_crops_of_the_scene(pool: CropPool) -> None:
    network, facts = trained(pool, DENOISING)
    assert len(network.shown) == facts["steps"] == 30
    for x_t, t in network.shown:
        assert x_t.shape == (8, N_BANDS, 5, 5)
        assert ((t >= 1) & (t <= DENOISING.n_timesteps)).all()
    assert len({tuple(t.tolist()) for _, t in network.shown}) == 30


def test_a_step_with_all_crops_of_a_grid_is_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    denoising = replace(
        DENOISING, crops="grid", batch_size=256, recipe=replace(DENOISING.recipe, n_steps=2)
    )
    pool, seen = pool_of(denoising), []
    add_noise = NoiseSchedule.add_noise

    def remember(schedule: NoiseSchedule, x_0: Tensor, t: Tensor, eps: Tensor) -> Tensor:
        seen.append(x_0.clone())
        return add_noise(schedule, x_0, t, eps)

    monkeypatch.setattr(NoiseSchedule, "add_noise", remember)
    trained(pool, denoising)
    assert len(seen) == 2
    for crops in seen:
        assert len(torch.unique(crops.flatten(1), dim=0)) == len(pool.corners) == 8 * 10


def test_the_loss_falls_while_something_is_learned(pool: CropPool) -> None:
    crops = pool.sample(40, torch.Generator().manual_seed(1))
    longer = replace(DENOISING, recipe=replace(DENOISING.recipe, n_steps=80))
    before, after = (
        denoising_loss(network, DENOISING, *crops, torch.Generator().manual_seed(2)).item()
        for network in (Pixelwise(), trained(pool, longer)[0])
    )
    assert after < 0.9 * before


def test_only_the_noise_that_is_asked_for_is_learned(pool: CropPool) -> None:
    network, _ = trained(pool, replace(DENOISING, noise_timesteps=(7, 90)))
    assert {t for _, at in network.shown for t in at.tolist()} == {7, 90}


@pytest.mark.usefixtures("a_second_later")
def test_other_lengths_are_other_trainings_and_facts_come_with_the_network(
    pool: CropPool, tmp_path: Path
) -> None:
    lengths = [
        DENOISING,
        replace(DENOISING, loss="l2"),
        *(replace(DENOISING, budget=Budget.parse(text)) for text in ("3 steps", "1s", "2s")),
    ]
    with reuse_networks(tmp_path):
        first = [trained(pool, denoising) for denoising in lengths]
        assert len(list(tmp_path.iterdir())) == len(lengths)
        again = [trained(pool, denoising) for denoising in lengths]
    for (network, facts), (read, facts_read) in zip(first, again, strict=True):
        assert facts == facts_read
        assert torch.equal(network.weight, read.weight)
        assert not read.shown
