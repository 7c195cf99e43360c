from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hsidiff.features.distillation import (
    CLEAN_TIMESTEP,
    Lesson,
    TimestepProjection,
    distance,
    distil,
)
from hsidiff.features.pretraining import Denoising, crops_of, pretrain
from hsidiff.methods.spectraldiff import SpectralDiff
from hsidiff.networks.spectral_unet import SpectralUNet, UNetShape
from hsidiff.scenes.scene import Scene
from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.reuse import reuse_networks
from hsidiff.windows.crops import CropPool
from hsidiff.windows.statistics import scene_moments
from small_scenes import small_labels, small_scene

TINY = UNetShape(widths=(2, 3, 4), first_kernel=(1, 3, 3), stride_kernel=(4, 1, 1))
LAYERS = (0, 1)
DENOISING = Denoising(recipe=Recipe(30, 3e-3), crop_px=8, crops="random", batch_size=4)
LESSONS = Recipe(60, 3e-3)


@pytest.fixture(scope="module")
def pool() -> CropPool:
    scene = small_scene((30, 34), 16)
    transform = DENOISING.transform_of(scene_moments(scene))
    return crops_of(scene, transform, DENOISING, None, 0)


@pytest.fixture(scope="module")
def denoiser(pool: CropPool) -> SpectralUNet:
    with seeded(0):
        network = SpectralUNet(TINY)
    pretrain(network, pool, DENOISING, 0, "cpu")
    return network


def taught(network: SpectralUNet, pool: CropPool, recipe: Recipe = LESSONS) -> Lesson:
    return distil(network, LAYERS, pool, DENOISING, recipe, 0, "cpu")


@torch.no_grad()
def distance_to_denoiser(lesson: Lesson, denoiser: SpectralUNet, pool: CropPool) -> float:
    """How far what the extractor gives from clean crops lies from what the denoiser sees in noise.

    The mean over crops, timesteps and noise.
    """
    generator = torch.Generator().manual_seed(5)
    x_0, valid = pool.sample(200, generator)
    t = DENOISING.draw_timesteps(len(x_0), generator)
    x_t = DENOISING.schedule.add_noise(x_0, t, torch.randn(x_0.shape, generator=generator))
    return distance(lesson(x_0, t), denoiser.taps(x_t, t, LAYERS), valid).item()


def test_a_projection_passes_features_on_at_first() -> None:
    features = torch.randn(2, 4, 5, 3, 3)
    assert torch.equal(TimestepProjection(4)(features, torch.tensor([3, 400])), features)


def test_the_distance_is_one_minus_the_cosine_of_valid_pixels() -> None:
    along, across = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 3.0])
    guessed = [torch.stack([along, along], dim=-1)[None, ..., None]]  # two pixels, one column
    target = [torch.stack([along, across], dim=-1)[None, ..., None]]
    both = torch.ones(1, 2, 1, dtype=torch.bool)
    assert distance(guessed, target, both) == pytest.approx(0.5)
    assert distance(guessed, target, both.roll(0) & torch.tensor([[[True], [False]]])) == 0


def test_an_extractor_learns_what_the_denoiser_sees_in_noise(
    denoiser: SpectralUNet, pool: CropPool
) -> None:
    before = distance_to_denoiser(Lesson(denoiser, LAYERS).eval(), denoiser, pool)
    after = distance_to_denoiser(taught(denoiser, pool), denoiser, pool)
    assert after < 0.9 * before  # what is left is mostly the noise, which nobody can know


def test_the_denoiser_stays_as_it_is(denoiser: SpectralUNet, pool: CropPool) -> None:
    state = {name: value.clone() for name, value in denoiser.state_dict().items()}
    extractor = taught(denoiser, pool).extractor
    assert all(torch.equal(state[name], value) for name, value in denoiser.state_dict().items())
    assert not torch.equal(extractor.conv0.weight, denoiser.conv0.weight)
    assert not extractor.training


def test_the_same_lesson_is_given_once(
    denoiser: SpectralUNet, pool: CropPool, tmp_path: Path
) -> None:
    with reuse_networks(tmp_path):
        first = taught(denoiser, pool)
        again = taught(denoiser, pool)
        taught(denoiser, pool, replace(LESSONS, n_steps=2))
    assert len(list(tmp_path.iterdir())) == 2
    assert all(map(torch.equal, states(first), states(again)))


def states(network: nn.Module) -> Iterator[Tensor]:
    yield from network.state_dict().values()


def test_a_classifier_with_a_distilled_extractor_maps_and_is_saved(tmp_path: Path) -> None:
    scene: Scene = small_scene()
    model = SpectralDiff(extraction="distilled", pretrain_steps=5)
    model.fit(scene, small_labels())
    assert model.features_.timesteps == (CLEAN_TIMESTEP,)
    model.save(tmp_path / "model")
    again = SpectralDiff.load(tmp_path / "model")
    np.testing.assert_array_equal(model.predict_proba(scene), again.predict_proba(scene))
