import numpy as np
import pytest
import torch

from hsidiff.errors import SettingError
from hsidiff.heads.head import LabelledValues
from hsidiff.kinds import DENOISER_INPUT, Kinds
from hsidiff.methods.diffcrn.fusion_head import FusionHead
from hsidiff.methods.diffcrn.stage_values import Stages
from hsidiff.methods.diffcrn.staged_denoiser import StagesShape
from hsidiff.methods.diffcrn.timestep_choice import TimestepChoice
from hsidiff.methods.diffcrn.timestep_fusion import AdaptiveAddition
from hsidiff.networks.denoiser import Denoiser
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe, seeded
from hsidiff.values.pretraining import Denoising
from hsidiff.windows.normalise import SpectralTransform

WIDTH, SIDE, N = 8, 3, 60
KINDS: Kinds = {DENOISER_INPUT: (WIDTH,)}
WINDOW = Window(4, 9, 5, 6)


class ShowsWhatItSees(Denoiser):
    def forward(self, x_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return x_t

    def taps(
        self, x_t: torch.Tensor, t: torch.Tensor, layers: tuple[int, ...]
    ) -> list[torch.Tensor]:
        return [x_t for _ in layers]


@pytest.fixture
def stages() -> Stages:
    """Two stages at two timesteps, which show the spectrum."""
    stages = Stages(
        denoising=Denoising(recipe=Recipe(1, 1e-3), crop_px=SIDE, space="whitened", n_inputs=WIDTH),
        shape=StagesShape(
            width=WIDTH, n_heads=2, n_groups=2, patch_px=SIDE, stages=("spatial", "spectral")
        ),
        timesteps="fixed",
        fixed_timesteps=(1, 30),
        extraction="clean",
        device="cpu",
    )
    identity = np.eye(WIDTH, dtype=np.float32)
    stages.transform_ = SpectralTransform(np.zeros(WIDTH, dtype=np.float32), identity)
    stages.denoiser_ = ShowsWhatItSees()  # type: ignore[assignment]
    stages.choice_ = TimestepChoice([1, 30], [1, 30], [0.1, 0.2], [[0.5, 0.5], [0.5, 0.5]])
    with seeded(0):
        stages.addition_ = AdaptiveAddition(2, 2, WIDTH).eval()
    return stages


@pytest.fixture
def samples() -> LabelledValues:
    """Patches whose labelled pixel, and no other, tells the class."""
    rng = np.random.default_rng(0)
    classes = np.arange(N) % 3
    values = rng.normal(0, 0.3, (N, SIDE, SIDE, WIDTH)).astype(np.float32)
    values[np.arange(N), 1, 1, classes] += 5
    rows, cols = rng.integers(0, 40, (2, N))
    return LabelledValues(values, classes, rows, cols, np.arange(N), KINDS, 3)


def head_of(stages: Stages, n_epochs: int = 15) -> FusionHead:
    recipe = Recipe(n_steps=1, learning_rate=1e-2)
    return FusionHead(
        stages=stages, recipe=recipe, width=16, batch_size=20, n_epochs=n_epochs, device="cpu"
    )


def test_it_learns_to_look_at_the_labelled_pixel(stages: Stages, samples: LabelledValues) -> None:
    head = head_of(stages)
    assert head.context_px == stages.grid.halo_px == 1
    head.fit(samples)
    assert not head.network_.training
    found = [
        head.predict_proba(values, Window(row, col, 1, 1))[0, 0].argmax()
        for values, row, col in zip(samples.values, samples.rows, samples.cols, strict=True)
    ]
    assert np.mean(found == samples.classes) > 0.95


def test_the_addition_goes_on_learning_as_a_copy(stages: Stages, samples: LabelledValues) -> None:
    before = stages.addition_.bias.clone()
    head = head_of(stages, n_epochs=2)
    head.fit(samples)
    assert torch.equal(stages.addition_.bias, before)
    assert not torch.equal(head.network_.addition.bias, before)


def test_all_follows_from_the_random_state_and_no_other_is_touched(
    stages: Stages, samples: LabelledValues
) -> None:
    first, again, other = (head_of(stages, n_epochs=1) for _ in range(3))
    other.configure(1, "cpu")
    state = torch.get_rng_state()
    for head in (first, again, other):
        head.fit(samples)
    assert torch.equal(torch.get_rng_state(), state)
    arrays, same, others = (head.learned().arrays for head in (first, again, other))
    assert all(np.array_equal(arrays[name], same[name]) for name in arrays)
    assert not all(np.array_equal(arrays[name], others[name]) for name in arrays)


def test_it_comes_back_from_what_it_learned(stages: Stages, samples: LabelledValues) -> None:
    head, again = head_of(stages, n_epochs=1), head_of(stages)
    head.fit(samples)
    again.restore(head.learned(), KINDS, 3)
    plane = np.random.default_rng(2).normal(size=(7, 8, WIDTH)).astype(np.float32)
    plane[2, 3] = np.nan
    found, expected = (each.predict_proba(plane, WINDOW) for each in (again, head))
    assert found.shape == (5, 6, 3)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)


def test_probabilities_of_a_pixel_do_not_depend_on_the_window(
    stages: Stages, samples: LabelledValues
) -> None:
    head = head_of(stages, n_epochs=1)
    head.fit(samples)
    plane = np.random.default_rng(2).normal(size=(7, 8, WIDTH)).astype(np.float32)
    whole = head.predict_proba(plane, WINDOW)
    part = head.predict_proba(plane[2:6, 1:6], Window(6, 10, 2, 3))
    np.testing.assert_allclose(part, whole[2:4, 1:4], atol=1e-6)


def test_the_cost_counts_the_weights_that_are_there(
    stages: Stages, samples: LabelledValues
) -> None:
    head = head_of(stages, n_epochs=1)
    cost = head.cost(KINDS, 3)
    head.fit(samples)
    assert cost.n_parameters == sum(w.numel() for w in head.network_.parameters())
    assert cost.macs_per_pixel is not None
    assert cost.macs_per_pixel > 0


def test_epochs_can_be_given_and_are_checked(stages: Stages) -> None:
    head = head_of(stages)
    assert head.with_epochs(None) is head
    assert head.with_epochs(3).n_epochs == 3
    assert head.with_epochs(3).stages is stages
    with pytest.raises(SettingError, match="head_epochs=0: must be at least 1"):
        head.with_epochs(0)
