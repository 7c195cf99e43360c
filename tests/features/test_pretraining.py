import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hsidiff.errors import HsidiffWarning
from hsidiff.features.pretraining import Denoising, crops_of, pretrain
from hsidiff.training import pace
from hsidiff.training.budget import Budget
from hsidiff.training.loop import Recipe
from hsidiff.training.reuse import reuse_networks
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
        self.shown: list[tuple[Tensor, Tensor, bool]] = []

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        self.shown.append((x_t.detach().clone(), t.clone(), torch.is_grad_enabled()))
        return torch.einsum("ij,njrc->nirc", self.weight, x_t)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Pixelwise":
        copy = Pixelwise()
        copy.load_state_dict(self.state_dict())
        copy.shown = self.shown
        return copy


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
    assert facts == {
        "steps": 30, "seconds": facts["seconds"], "stopped": "steps", "held_out_loss": None
    }  # fmt: skip
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


def test_a_budget_of_time_is_kept(pool: CropPool, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]

    def a_second_later() -> float:
        now_s[0] += 1
        return now_s[0]

    monkeypatch.setattr(pace, "clock", a_second_later)
    _, facts = trained(pool, replace(DENOISING, budget=Budget.parse("1min")))
    assert (facts["steps"], facts["stopped"]) == (60, "budget")


def test_held_out_crops_are_shown_again_with_the_same_noise_and_never_learned(
    pool: CropPool,
) -> None:
    network, facts = trained(pool, replace(DENOISING, stop_when_flat=True))
    looks = [(x_t, t) for x_t, t, learns in network.shown if not learns]
    steps = [x_t for x_t, _, learns in network.shown if learns]
    assert len(steps) == facts["steps"] == 30
    assert len(looks) == 20
    x_t, t = looks[0]
    assert len(x_t) == 40 * 50 / 25 / 8
    assert all(torch.equal(x_t, again) and torch.equal(t, t_again) for again, t_again in looks)
    assert len(set(t.tolist())) > 1
    assert facts["held_out_loss"] > 0


def test_the_held_out_loss_falls_while_something_is_learned(pool: CropPool) -> None:
    flat = replace(DENOISING, stop_when_flat=True)
    short, long = (
        trained(pool, replace(flat, recipe=replace(DENOISING.recipe, n_steps=n)))[1]
        for n in (1, 80)
    )
    assert long["held_out_loss"] < 0.9 * short["held_out_loss"]


def test_where_nothing_is_learned_the_training_ends_early(pool: CropPool) -> None:
    nothing = replace(DENOISING.recipe, n_steps=100, learning_rate=0.0)
    _, facts = trained(pool, replace(DENOISING, recipe=nothing, stop_when_flat=True))
    assert (facts["steps"], facts["stopped"]) == (20 + 4, "flat")


@pytest.mark.parametrize("crops", ["grid", "random"])
def test_a_scene_too_small_to_hold_out_from_is_learned_to_the_end(crops: str) -> None:
    denoising = replace(DENOISING, crop_px=16, crops=crops)
    pool = pool_of(denoising)
    with pytest.warns(HsidiffWarning, match="fewer than 8 squares of 16 pixels"):
        network, facts = trained(pool, replace(denoising, stop_when_flat=True))
    assert (facts["stopped"], facts["held_out_loss"]) == ("steps", None)
    assert torch.equal(network.weight, trained(pool, denoising)[0].weight)


def test_other_lengths_are_other_trainings_and_facts_come_with_the_network(
    pool: CropPool, tmp_path: Path
) -> None:
    lengths = [
        DENOISING,
        replace(DENOISING, stop_when_flat=True),
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
