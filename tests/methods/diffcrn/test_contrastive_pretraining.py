from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from hsidiff.diffusion.objectives import mean_loss
from hsidiff.methods.diffcrn.contrast import cluster_contrast, nt_xent
from hsidiff.methods.diffcrn.contrastive_pretraining import (
    Contrast,
    ContrastiveDenoiser,
    PhysicalSpectra,
    are_alike,
    contrastive_loss,
    pretrain_with_contrast,
    view_of,
)
from hsidiff.methods.diffcrn.staged_denoiser import StagedDenoiser, StagesShape
from hsidiff.training.loop import Recipe, seeded
from hsidiff.values.pretraining import Denoising, crops_of
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from small_scenes import scene_of, small_cube

N_INPUTS, SIDE = 10, 4
SHAPE = StagesShape(width=8, n_heads=2, n_groups=2, patch_px=SIDE, time_width=8)
DENOISING = Denoising(
    recipe=Recipe(8, 1e-3), target="v", loss="lae", crop_px=SIDE, crops="random", batch_size=6
)
IDENTITY = PhysicalSpectra(torch.eye(N_INPUTS), torch.full((N_INPUTS,), 4.0))


def crops(n: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x_0 = torch.randn(n, N_INPUTS, SIDE, SIDE, generator=generator)
    valid = torch.ones(n, SIDE, SIDE, dtype=torch.bool)
    valid[0, :2] = False
    return x_0, valid


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Views


def test_a_view_without_augmentation_is_a_turned_crop() -> None:
    x_0, valid = crops()
    plain = Contrast(dropped=0, gain=0)
    turns = [torch.rot90(x_0, k, (-2, -1)) for k in range(4)]
    turns += [turn.flip(-1) for turn in turns]
    for seed in range(5):
        view, seen = view_of(x_0, valid, plain, generator(seed))
        which = [k for k, turn in enumerate(turns) if torch.equal(view, turn)]
        assert which
        mask = torch.rot90(valid, which[0] % 4, (-2, -1))
        assert torch.equal(seen, mask.flip(-1) if which[0] > 3 else mask)


def test_a_block_of_neighbouring_inputs_is_dropped_in_each_crop_by_itself() -> None:
    x_0, valid = crops(50)
    view, _ = view_of(x_0, valid, Contrast(dropped=0.3, gain=0), generator())
    gone = (view == 0).all(dim=(-2, -1)).numpy()
    assert (gone.sum(axis=1) == 3).all()
    firsts = gone.argmax(axis=1)
    assert all(gone[i, first : first + 3].all() for i, first in enumerate(firsts))
    assert set(firsts) == set(range(8))


def test_the_gain_is_one_factor_for_each_crop() -> None:
    x_0, valid = torch.ones(2000, N_INPUTS, 1, 1), torch.ones(2000, 1, 1, dtype=torch.bool)
    view, _ = view_of(x_0, valid, Contrast(dropped=0, gain=0.05), generator())
    factors = view[:, :, 0, 0]
    assert (factors == factors[:, :1]).all()
    assert factors.mean() == pytest.approx(1, abs=0.005)
    assert factors[:, 0].std() == pytest.approx(0.05, rel=0.1)


# Crops that are alike


def test_physical_spectra_are_the_scenes_own_shifted_to_be_not_negative() -> None:
    cube = small_cube((9, 9), n_bands=5) - 0.4
    moments = scene_moments(scene_of(cube))
    transform = SpectralTransform.to_range(moments)
    physical = PhysicalSpectra.from_transform(transform, moments.min_)
    values = torch.from_numpy(transform.apply(cube)).permute(2, 0, 1)[None]
    found = physical(values)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, cube - cube.min(), atol=1e-5)
    positive = PhysicalSpectra.from_transform(transform, moments.min_ + 5)
    torch.testing.assert_close(positive.shift, torch.from_numpy(transform.shift))


def test_alike_is_what_differs_in_brightness_only_in_physical_units() -> None:
    spectra = torch.rand(3, N_INPUTS, generator=generator()) + 1
    spectra[1] = 1.3 * spectra[0]
    x_0 = (spectra - 4)[:, :, None, None].expand(-1, -1, SIDE, SIDE).clone()
    valid = torch.ones(3, SIDE, SIDE, dtype=torch.bool)
    x_0[2, :, 0], valid[2, 0] = 99, False  # invalid pixels do not count
    expected = torch.eye(3, dtype=torch.bool)
    expected[0, 1] = expected[1, 0] = True
    assert torch.equal(are_alike(x_0, valid, IDENTITY, 0.03), expected)
    assert are_alike(x_0, valid, IDENTITY, 4.0).all()


# The loss


def network() -> ContrastiveDenoiser:
    with seeded(0):
        return ContrastiveDenoiser(StagedDenoiser(SHAPE, N_INPUTS), SHAPE.width, 3)


def test_one_pass_gives_prediction_projection_and_assignments() -> None:
    model, (x_0, _) = network(), crops()
    t = torch.full((6,), 7)
    said, projected, assigned = model(x_0, t)
    torch.testing.assert_close(said, model.denoiser(x_0, t))
    assert projected.shape == (6, 128)
    torch.testing.assert_close(assigned.sum(dim=1), torch.ones(6))


class Recorder(torch.nn.Module):
    """Keeps what the network was shown and what it said."""

    def __init__(self, inner: ContrastiveDenoiser) -> None:
        super().__init__()
        self.inner, self.seen = inner, []

    def forward(self, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        self.seen.append((x_t, t, *self.inner(x_t, t)))
        return self.seen[-1][2:]  # type: ignore[return-value]


def test_the_loss_is_denoising_of_both_views_and_two_weighed_contrasts() -> None:
    (x_0, valid), shown = crops(), Recorder(network())
    contrast = Contrast(n_clusters=3, weight=0.7, cluster_weight=0.3)
    found = contrastive_loss(DENOISING, contrast, IDENTITY)(shown, x_0, valid, generator())
    assert len(shown.seen) == 2
    draw, schedule, denoised = generator(), DENOISING.schedule, []
    for x_t, t, said, _, _ in shown.seen:
        view, seen = view_of(x_0, valid, contrast, draw)
        assert torch.equal(t, DENOISING.draw_timesteps(6, draw))
        eps = torch.randn(view.shape, generator=draw)
        torch.testing.assert_close(x_t, schedule.add_noise(view, t, eps))
        signal, noise = schedule.signal_and_noise(t, view)
        denoised.append(mean_loss("lae", said - (signal * eps - noise * view), seen))
    (*_, z_1, q_1), (*_, z_2, q_2) = shown.seen
    alike = are_alike(x_0, valid, IDENTITY, contrast.alike_rad)
    expected = (
        sum(denoised) / 2
        + 0.7 * nt_xent(z_1, z_2, contrast.temperature, alike)
        + 0.3 * cluster_contrast(q_1, q_2, contrast.cluster_temperature)
    )
    torch.testing.assert_close(found, expected)
    assert not torch.equal(shown.seen[0][1], shown.seen[1][1])


def test_crops_that_are_all_alike_give_a_finite_loss_and_gradient() -> None:
    model, (x_0, valid) = network(), crops()
    loss = contrastive_loss(DENOISING, Contrast(n_clusters=3, alike_rad=4.0), IDENTITY)
    loss(model, x_0[:1].expand(6, -1, -1, -1), valid, generator()).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_pretraining_lowers_the_loss_and_draws_from_its_random_state_only() -> None:
    cube = small_cube((20, 20), n_bands=N_INPUTS)
    scene = scene_of(cube)
    moments = scene_moments(scene)
    transform = SpectralTransform.to_range(moments)
    physical = PhysicalSpectra.from_transform(transform, moments.min_)
    longer = replace(DENOISING, recipe=Recipe(12, 1e-2))
    pool = crops_of(scene, transform, longer, None, 0)
    states = []
    for _ in range(2):
        with seeded(4):
            denoiser = StagedDenoiser(SHAPE, N_INPUTS)
            model = ContrastiveDenoiser(denoiser, SHAPE.width, 16)
            loss = contrastive_loss(longer, Contrast(weight=0, cluster_weight=0), physical)
            before = loss(model, *pool.sample(6, generator()), generator()).item()
            pretrain_with_contrast(denoiser, pool, longer, Contrast(), physical, 0, "cpu")
            after = loss(model, *pool.sample(6, generator()), generator()).item()
        states.append(denoiser.state_dict())
        assert not denoiser.training
        assert after < before
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
