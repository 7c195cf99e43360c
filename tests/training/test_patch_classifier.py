import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.patch_classifier import (
    fit_patch_classifier,
    predict_patches,
    settle_normalisation,
)


def small_network(patch_px: int = 3, n_channels: int = 2, n_classes: int = 4) -> nn.Module:
    with seeded(0):
        return nn.Sequential(
            nn.Conv2d(n_channels, 5, 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(5 * (patch_px - 1) ** 2, n_classes),
        ).eval()


class Recorder(nn.Module):
    """Learns nothing and remembers which samples it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.batches: list[list[int]] = []

    def forward(self, patches: Tensor) -> Tensor:
        numbers = patches[:, 0, 0, 0]
        self.batches.append(numbers.int().tolist())
        return torch.stack([numbers, self.weight.expand(len(numbers))], dim=1)


@pytest.mark.parametrize(("shape", "patch_px"), [((4, 7), 3), ((1, 1), 5), ((17, 31), 1)])
def test_every_pixel_gets_the_scores_of_its_own_patch(
    shape: tuple[int, int], patch_px: int
) -> None:
    rows, cols = shape
    values = np.random.default_rng(0).normal(size=(rows + patch_px - 1, cols + patch_px - 1, 2))
    values = values.astype(np.float32)
    network = small_network(patch_px) if patch_px > 1 else nn.Sequential(nn.Flatten()).eval()
    found = predict_patches(network, values, patch_px, "cpu")
    n_classes = 4 if patch_px > 1 else 2
    assert found.shape == (rows, cols, n_classes)
    for row in range(rows):
        for col in range(cols):
            patch = torch.from_numpy(values[row : row + patch_px, col : col + patch_px])
            scores = network(patch.permute(2, 0, 1)[None])
            expected = scores.softmax(dim=1)[0].detach().numpy()
            np.testing.assert_allclose(found[row, col], expected, rtol=1e-5, atol=1e-6)


def test_sharpened_probabilities_are_powers_of_the_others() -> None:
    values = np.random.default_rng(0).normal(size=(6, 7, 2)).astype(np.float32)
    powers = predict_patches(small_network(), values, 3, "cpu") ** 2.5
    found = predict_patches(small_network(), values, 3, "cpu", sharpness=2.5)
    np.testing.assert_allclose(found, powers / powers.sum(axis=-1, keepdims=True), rtol=1e-4)


def fit(n: int, batch_size: int, n_steps: int, random_state: int) -> list[list[int]]:
    network = Recorder()
    patches = np.arange(n, dtype=np.float32)[:, None, None, None]
    recipe = Recipe(n_steps=n_steps, learning_rate=1e-3)
    fit_patch_classifier(
        network, patches, np.zeros(n, int), recipe, batch_size, random_state, "cpu"
    )
    return network.batches


def test_every_sample_is_shown_once_per_epoch() -> None:
    batches = fit(n=10, batch_size=4, n_steps=5, random_state=0)
    assert [len(batch) for batch in batches] == [4] * 5
    shown = [number for batch in batches for number in batch]
    assert sorted(shown[:10]) == sorted(shown[10:]) == list(range(10))
    assert shown[:10] != shown[10:]


def test_few_samples_make_one_batch() -> None:
    assert [sorted(batch) for batch in fit(3, 64, 2, 0)] == [[0, 1, 2]] * 2


def test_the_order_follows_from_the_random_state_alone() -> None:
    first = fit(20, 4, 5, random_state=1)
    torch.rand(7)
    assert fit(20, 4, 5, random_state=1) == first
    assert fit(20, 4, 5, random_state=2) != first


def test_classes_that_can_be_told_apart_are_learned() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 4, 80)
    patches = rng.normal(0, 0.1, (80, 3, 3, 2)).astype(np.float32)
    patches[..., 0] += (classes // 2)[:, None, None]
    patches[..., 1] += (classes % 2)[:, None, None]
    network = small_network()
    recipe = Recipe(n_steps=150, learning_rate=0.02)
    fit_patch_classifier(network, patches, classes, recipe, 16, 0, "cpu")
    probabilities = [predict_patches(network, patch, 3, "cpu")[0, 0] for patch in patches]
    assert (np.argmax(probabilities, axis=1) == classes).all()


@pytest.mark.parametrize("n", [2, 7, 64, 65])
def test_statistics_are_those_of_all_patches_under_the_weights_as_they_are(n: int) -> None:
    patches = np.random.default_rng(0).normal(3, 2, size=(n, 1, 1, 4)).astype(np.float32)
    norm = nn.BatchNorm2d(4)
    norm.running_mean.fill_(100)  # type: ignore[union-attr]
    network = nn.Sequential(norm, nn.Flatten()).eval()
    settle_normalisation(network, patches, 64, "cpu")
    assert not norm.training
    seen = patches.reshape(n, 4)
    np.testing.assert_allclose(norm.running_mean, seen.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.running_var, seen.var(axis=0, ddof=1), rtol=1e-4)


def test_a_network_without_normalisation_stays_as_it_is() -> None:
    network = small_network()
    before = [weights.clone() for weights in network.parameters()]
    settle_normalisation(network, np.ones((5, 3, 3, 2), dtype=np.float32), 2, "cpu")
    assert not network.training
    for weights, old in zip(network.parameters(), before, strict=True):
        assert torch.equal(weights, old)
