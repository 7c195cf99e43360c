import json

import numpy as np
import pytest
import torch
from torch import Tensor

from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.features.fusion_head import TimestepChoice, choose_timesteps, fit_fusion_head
from hsidiff.features.stage_features import LabelledPatches, Patches, PatchGrid, StageFeatures
from hsidiff.networks.denoiser import Denoiser
from hsidiff.networks.timestep_fusion import AdaptiveAddition, CrossTimestepFusion
from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.timestep_probe import ProbeRecipe
from hsidiff.windows.normalise import SpectralTransform

WIDTH, SIDE, N = 8, 3, 60
TELLING = 300
"""The only timestep at which the denoiser below shows what it sees."""


class ShowsAtOneTimestep(Denoiser):
    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        return x_t

    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        shown = x_t if t[0] == TELLING else torch.zeros_like(x_t) + t[0] / 500
        return [shown for _ in layers]


@pytest.fixture
def features() -> StageFeatures:
    timesteps = (1, 20, 100, 200, TELLING)
    identity = np.eye(WIDTH, dtype=np.float32)
    with seeded(0):
        addition = AdaptiveAddition(len(timesteps), 2, WIDTH)
    return StageFeatures(
        transform=SpectralTransform(np.zeros(WIDTH, dtype=np.float32), identity),
        denoiser=ShowsAtOneTimestep(),
        schedule=NoiseSchedule.linear(500),
        target="v",
        timesteps=timesteps,
        layers=(0, 1),
        extraction="clean",
        bfloat16=False,
        limit=9.0,
        halo_px=1,
        seed=0,
        device="cpu",
        grid=PatchGrid(SIDE, 1),
        addition=addition,
    )


@pytest.fixture
def labelled() -> LabelledPatches:
    """Patches whose labelled pixel, and no other, tells the class."""
    generator = torch.Generator().manual_seed(0)
    classes = torch.arange(N) % 3
    x_0 = 0.3 * torch.randn(N, WIDTH, SIDE, SIDE, generator=generator)
    pixels = torch.randint(SIDE * SIDE, (N,), generator=generator)
    x_0.flatten(2)[torch.arange(N), classes, pixels] += 5
    return LabelledPatches(Patches(x_0, np.zeros((N, 2), dtype=int)), pixels, classes)


ANGLES = np.array([0.01, 0.02, 0.05, 0.08, 0.1])


def test_the_timestep_that_tells_the_classes_is_chosen_and_the_features_are_taken_there(
    features: StageFeatures, labelled: LabelledPatches
) -> None:
    found, choice = choose_timesteps(features, labelled, ANGLES, 2, ProbeRecipe())
    assert TELLING in found.timesteps
    assert list(found.timesteps) == choice.timesteps
    assert choice.candidates == [1, 20, 100, 200, TELLING]
    assert choice.spectral_angles_rad == ANGLES.tolist()
    np.testing.assert_allclose(np.sum(choice.mean_fusion_weights, axis=0), 1, atol=1e-3)
    assert found.addition.sizes == (2, 2, WIDTH)
    assert features.timesteps == (1, 20, 100, 200, TELLING)


def test_a_choice_comes_back_from_json_among_other_facts(
    features: StageFeatures, labelled: LabelledPatches
) -> None:
    _, choice = choose_timesteps(features, labelled, ANGLES, 2, ProbeRecipe())
    facts = json.loads(json.dumps({**vars(choice), "experts": {"lda": 1}}))
    assert TimestepChoice.of(facts) == choice


def test_ctssfm_learns_to_look_at_the_labelled_pixel(
    features: StageFeatures, labelled: LabelledPatches
) -> None:
    with seeded(0):
        head = CrossTimestepFusion(features.addition, 3, width=16, n_heads=2)
        fit_fusion_head(head, features, labelled, Recipe(1, 3e-3), 20, n_epochs=40)
    seen = torch.cat(list(features.of_patches(labelled.patches)))
    scores = head(seen, labelled.pixels[:, None])[:, 0]
    assert not head.training
    assert (scores.argmax(dim=1) == labelled.classes).float().mean() > 0.95
