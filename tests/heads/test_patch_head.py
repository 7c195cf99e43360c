from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from labelled import N_CLASSES, WINDOW, Scores, labelled_of, linear_network, patches_of_classes
from scipy.special import log_softmax, softmax
from torch import Tensor, nn

from hsidiff.errors import SettingError
from hsidiff.heads.head import LabelledValues
from hsidiff.heads.held_out import folds_of
from hsidiff.heads.patch_head import PatchHead
from hsidiff.heads.regularisation import Regularisation, networks_of
from hsidiff.kinds import DENOISER_INPUT, SPECTRUM, Kinds
from hsidiff.training.loop import Recipe

SIDE = 3
KINDS: Kinds = {"features": (N_CLASSES,)}
STILL = Recipe(n_steps=1, learning_rate=0.0)
"""Trains nothing, so that a network says what it said before."""


def head_of(make: Callable[[], nn.Module]) -> PatchHead:
    """A head whose network is as it was made, whatever it is shown."""
    return PatchHead(
        make_network=lambda widths, patch_px, n_classes: make(),
        patch_px=SIDE,
        recipe=STILL,
        n_epochs=1,
        device="cpu",
    )


def middles(samples: LabelledValues) -> np.ndarray:
    return samples.values[:, 1, 1]


class Recorder(Scores):
    """Remembers the patches that it learned from, and those that it was asked about."""

    made: list["Recorder"]

    def __init__(self) -> None:
        super().__init__()
        self.learned: list[Tensor] = []
        self.made.append(self)

    def forward(self, patches: Tensor) -> Tensor:
        if self.training:
            self.learned.append(patches.detach().clone())
        return super().forward(patches)


@pytest.fixture
def recorders(monkeypatch: pytest.MonkeyPatch) -> list[Recorder]:
    """The recorders in the order in which they are made."""
    made: list[Recorder] = []
    monkeypatch.setattr(Recorder, "made", made, raising=False)
    return made


# Settings


def test_a_number_of_epochs_out_of_range_is_refused() -> None:
    with pytest.raises(SettingError, match="head_epochs=0: must be at least 1"):
        head_of(Scores).with_epochs(0)


def test_epochs_can_be_given_or_left_alone() -> None:
    head = head_of(Scores)
    assert head.with_epochs(None).n_epochs == 1
    assert head.with_epochs(7).n_epochs == 7
    assert head.n_epochs == 1


@pytest.mark.parametrize(("patch_px", "context_px"), [(1, 0), (3, 1), (13, 6)])
def test_the_context_is_half_the_patch(patch_px: int, context_px: int) -> None:
    assert replace(head_of(Scores), patch_px=patch_px).context_px == context_px


# Learning


@pytest.mark.parametrize(("n_epochs", "batch_size", "n_steps"), [(1, 64, 1), (3, 16, 12)])
def test_each_epoch_passes_over_all_samples(
    recorders: list[Recorder], n_epochs: int, batch_size: int, n_steps: int
) -> None:
    head = replace(head_of(Recorder), n_epochs=n_epochs, batch_size=batch_size)
    head.fit(patches_of_classes())
    (recorder,) = recorders
    assert len(recorder.learned) == n_steps
    assert sum(map(len, recorder.learned)) >= 60 * n_epochs


def test_a_rate_in_steps_falls_as_often_as_it_should() -> None:
    """A gradient of one sign moves Adam by its rate."""
    weights: list[float] = []

    class Biased(Scores):
        def forward(self, patches: Tensor) -> Tensor:
            weights.append(self.factor.item())
            return self.factor * torch.tensor([1.0, -1.0, 0.0]).expand(len(patches), -1)

    head = replace(
        head_of(Biased),
        recipe=Recipe(n_steps=1, learning_rate=1e-3, rate="steps", fall_factor=0.5),
        n_epochs=8,
        n_falls=4,
    )
    samples = replace(patches_of_classes(), classes=np.zeros(60, dtype=int))
    head.fit(samples)
    rates = np.diff([*weights, head.network_.factor.item()])
    expected = np.repeat([1e-3, 5e-4, 2.5e-4, 1.25e-4], 2)
    np.testing.assert_allclose(rates, expected, rtol=0.05)


def test_a_network_learns_to_look_at_its_neighbours() -> None:
    """Pixels of all classes are drawn alike; of which class they are their surroundings say."""
    rng = np.random.default_rng(0)
    classes = np.arange(90) % N_CLASSES
    patches = rng.normal(0, 1, (90, SIDE, SIDE, N_CLASSES)).astype(np.float32)
    patches[np.arange(90), :, 0, classes] += 3
    samples = labelled_of(patches, classes, KINDS)
    head = PatchHead(
        make_network=linear_network,
        patch_px=SIDE,
        recipe=Recipe(n_steps=1, learning_rate=0.03),
        n_epochs=20,
        device="cpu",
    )
    loss = head.cross_validate(samples)
    assert loss is not None
    assert loss < 0.3
    head.fit(samples)
    right = [head.predict_proba(patch, WINDOW)[0, 0].argmax() for patch in patches]
    assert np.mean(right == classes) > 0.95


def test_what_it_leaves_out_is_neither_learned_nor_seen() -> None:
    widths: list[tuple[int, ...]] = []
    kinds: Kinds = {DENOISER_INPUT: (2,), "features": (1, 2), SPECTRUM: (4,), "others": (2,)}

    def make(own: tuple[int, ...], patch_px: int, n_classes: int) -> nn.Module:
        widths.append(own)
        return linear_network(own, patch_px, n_classes)

    head = PatchHead(
        make_network=make,
        patch_px=SIDE,
        recipe=Recipe(n_steps=1, learning_rate=1e-3),
        n_epochs=1,
        device="cpu",
    )
    samples = patches_of_classes(kinds=kinds)
    other = replace(samples, values=samples.values.copy())
    other.values[..., [0, 1, 5, 6, 7, 8]] = np.nan
    found = []
    for own in (samples, other):
        head.fit(own)
        found.append(head.predict_proba(own.values[0], WINDOW))
    np.testing.assert_array_equal(*found)
    assert set(widths) == {(1, 2, 2)}


def test_several_networks_learn_in_other_orders(recorders: list[Recorder]) -> None:
    head = replace(head_of(Recorder), regularisation=Regularisation(n_networks=2))
    samples = patches_of_classes()
    head.fit(samples)
    assert networks_of(head.network_) == recorders
    first, second = (torch.cat(recorder.learned)[:, :, 1, 1].numpy() for recorder in recorders)
    assert not np.array_equal(first, second)
    for shown in (first, second):
        np.testing.assert_array_equal(np.sort(shown, axis=0), np.sort(middles(samples), axis=0))


# Holding out


def best_loss(scores: np.ndarray, classes: np.ndarray) -> tuple[float, float]:
    """The lowest log loss over a fine grid of factors, and the factor."""
    at = np.arange(len(classes))
    factors = np.exp(np.linspace(-4, 2, 2000))
    losses = [-log_softmax(f * scores, axis=1)[at, classes].mean() for f in factors]
    return float(np.min(losses)), float(factors[np.argmin(losses)])


def test_the_network_is_calibrated_by_one_factor_before_it_is_judged() -> None:
    samples, head = patches_of_classes(), head_of(lambda: Scores(20.0))
    loss, factor = best_loss(20 * middles(samples), samples.classes)
    assert head.cross_validate(samples) == pytest.approx(loss, abs=1e-4)
    assert head.sharpness_ == pytest.approx(factor, rel=0.02)
    head.fit(samples)
    values = np.random.default_rng(1).normal(size=(6, 7, N_CLASSES)).astype(np.float32)
    expected = softmax(factor * 20 * values[1:-1, 1:-1], axis=-1)
    np.testing.assert_allclose(head.predict_proba(values, WINDOW), expected, atol=0.01)


def test_a_network_is_judged_by_the_folds_of_the_linear_head(recorders: list[Recorder]) -> None:
    samples, head = patches_of_classes(), head_of(Recorder)
    head.cross_validate(samples)
    folds = folds_of(samples.classes, samples.groups, head.random_state)
    assert len(recorders) == len(folds) > 1
    for (inside, _), recorder in zip(folds, recorders, strict=True):
        shown = torch.cat(recorder.learned)[:, 0, 1, 1].numpy()
        np.testing.assert_array_equal(np.sort(shown), np.sort(middles(samples)[inside, 0]))


def test_what_is_learned_by_heart_is_worth_nothing() -> None:
    """The network knows the samples that it was fitted to, and nothing else."""
    samples = patches_of_classes()
    table, classes = torch.from_numpy(middles(samples)), torch.from_numpy(samples.classes)

    class Known(Scores):
        def __init__(self) -> None:
            super().__init__()
            self.known = torch.zeros(len(table), dtype=torch.bool)

        def forward(self, patches: Tensor) -> Tensor:
            place = torch.cdist(patches[:, :, 1, 1], table).argmin(dim=1)
            if self.training:
                self.known[place] = True
            sure = 20.0 * self.known[place, None] * torch.eye(N_CLASSES)[classes[place]]
            return self.factor * sure

    head = head_of(Known)
    assert head.cross_validate(samples) == pytest.approx(np.log(3), abs=1e-3)
    head.fit(samples)
    found = np.array([head.predict_proba(patch, WINDOW)[0, 0] for patch in samples.values])
    assert (found.argmax(axis=1) == samples.classes).all()


def test_a_network_that_diverged_has_no_number_for_a_loss() -> None:
    loss = head_of(lambda: Scores(float("nan"))).cross_validate(patches_of_classes())
    assert loss is not None
    assert np.isnan(loss)


def test_where_nothing_can_be_held_out_nothing_is_tried() -> None:
    def make() -> nn.Module:
        raise AssertionError("nothing to judge")

    samples = replace(patches_of_classes(), groups=np.zeros(60, dtype=int))
    head = head_of(make)
    assert head.cross_validate(samples) is None
    assert head.sharpness_ == 1
