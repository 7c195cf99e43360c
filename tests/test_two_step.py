import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from hsidiff.errors import SettingError
from hsidiff.heads.chosen_head import ChosenHead
from hsidiff.heads.head import LabelledValues
from hsidiff.heads.linear_head import LinearHead
from hsidiff.heads.patch_head import PatchHead
from hsidiff.labels.ground import held_out_units
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods import METHODS
from hsidiff.methods.controls import DenoisingAutoencoder, RandomFeatures, RawSpectra
from hsidiff.methods.diffcrn import DiffCRN
from hsidiff.methods.spectraldiff import SpectralDiff
from hsidiff.scenes.window import Window
from hsidiff.training import pace
from hsidiff.training.budget import Budget
from hsidiff.two_step import TwoStepClassifier
from hsidiff.values.pretraining import Denoising
from small_scenes import scene_of, small_cube, small_fields, small_labels, small_scene

pytestmark = pytest.mark.usefixtures("quick_experts")

SHAPE = (48, 64)
SMALLER_SHAPE = (30, 36)


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE, n_per_class=(12, 12, 12))


@pytest.mark.parametrize("unit", ["blocks", "fields"])
def test_the_head_judges_by_the_units_of_the_labels(
    labels: LabelMap, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[LabelledValues] = []
    monkeypatch.setattr(LinearHead, "fit", lambda self, samples: seen.append(samples))
    of_unit = replace(labels, unit=unit)
    RawSpectra(head="linear").fit(small_scene(SHAPE, 6), of_unit)
    (samples,) = seen
    expected = held_out_units(of_unit, samples.rows, samples.cols)
    np.testing.assert_array_equal(samples.groups, expected)


def test_the_head_follows_the_classes_shares_in_the_scene_where_asked_to(
    labels: LabelMap,
) -> None:
    """Labels are drawn evenly; most of the scene is of one class."""
    cube, fields = small_cube(SHAPE, 6), small_fields(SHAPE)
    common = cube[fields == 0][: (fields == 1).sum()]
    cube[fields == 1] = np.where(
        (labels.values[fields == 1] > 0)[:, None],
        cube[fields == 1],
        np.resize(common, cube[fields == 1].shape),
    )
    scene = scene_of(cube)
    of_labels = RawSpectra().fit(scene, labels)
    of_scene = RawSpectra(class_shares="scene").fit(scene, labels)
    assert of_labels.head_.class_weights_ is None
    weights = np.array(of_scene.head_.class_weights_)
    assert weights.argmax() == 0
    assert weights[1] < 1 < weights[0]
    expected = of_labels.predict_proba(scene) * weights
    expected /= expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(of_scene.predict_proba(scene), expected, atol=1e-5)


def test_shares_are_not_followed_where_nothing_was_held_out() -> None:
    model = RawSpectra(class_shares="scene")
    model.fit(small_scene(SHAPE, 6), small_labels(SHAPE, n_per_class=(1, 1, 1)))
    assert model.head_.held_out_log_loss is None
    assert model.head_.class_weights_ is None


@pytest.mark.parametrize("learner", [RawSpectra, partial(RandomFeatures, head="linear")])
def test_only_training_blocks_tell_the_shares(
    learner: Callable[..., TwoStepClassifier], labels: LabelMap
) -> None:
    region = np.zeros(SHAPE, dtype=bool)
    region[:, :32] = True
    seen_by_no_label = np.zeros(SHAPE, dtype=bool)
    seen_by_no_label[:, 32 - learner().halo_px :] = True
    values = np.where(seen_by_no_label, 0, labels.values)
    labels = replace(labels, values=values, region=region)
    cube = small_cube(SHAPE, 6)
    changed = np.where(region[..., None], cube, 5 + 40 * cube[::-1, ::-1])
    scenes = [scene_of(values) for values in (cube, changed)]
    settings = {"pretrain_on": "train_blocks", "class_shares": "scene"}
    first, second = (learner(**settings).fit(scene, labels) for scene in scenes)
    assert first.head_.class_weights_ is not None
    assert first.head_.class_weights_ == second.head_.class_weights_
    # The head may weigh little of what it sees.
    parts = first.values_, first.head_
    seen = [first._without_labels(*parts, scene, region) for scene in scenes]
    assert len(seen[0]) > 500
    np.testing.assert_array_equal(*seen)


def test_of_blocks_that_hold_no_whole_context_no_shares_are_taken(labels: LabelMap) -> None:
    model = RandomFeatures(
        pretrain_on="train_blocks", class_shares="scene", head="linear", device="cpu"
    )
    lines = np.zeros(SHAPE, dtype=bool)
    lines[:: model.halo_px + 1] = True
    labels = replace(labels, values=np.where(lines, labels.values, 0), region=lines)
    assert model.fit(small_scene(SHAPE, 6), labels).head_.class_weights_ is None


def test_an_unknown_way_to_take_shares_is_refused(labels: LabelMap) -> None:
    with pytest.raises(SettingError, match="class_shares='map'"):
        RawSpectra(class_shares="map").fit(small_scene(SHAPE, 6), labels)


# How long the denoiser learns

LEARNERS = [m for m in METHODS.values() if m not in (RawSpectra, RandomFeatures)]


SMALL: dict[type[TwoStepClassifier], dict[str, object]] = {
    DiffCRN: {"timesteps": (50,), "stages": ("spatial",), "head": "linear", "device": "cpu"},
    SpectralDiff: {"timesteps": (200,), "head": "linear", "device": "cpu"},
}


def denoising_of(model: TwoStepClassifier) -> Denoising:
    """How the denoiser of a classifier that is not fitted would learn."""
    values, _ = model.set_params(head="linear")._checked_parts()
    return values.stages.denoising if isinstance(model, DiffCRN) else values.denoising


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_budget_takes_the_place_of_the_steps(
    learner: type[TwoStepClassifier], tmp_path: Path
) -> None:
    scene, labels = small_scene(SMALLER_SHAPE, 6), small_labels(SMALLER_SHAPE)
    small = SMALL.get(learner, {"head": "linear", "device": "cpu"})
    model = learner(budget="2 steps", **small).fit(scene, labels)
    facts = model.learned_facts()["pretraining"]
    assert facts == {"steps": 2, "seconds": facts["seconds"], "stopped": "steps"}
    assert "experts" in model.learned_facts()
    same = learner(pretrain_steps=2, **small).fit(scene, labels)
    window = Window(3, 4, 9, 8)
    first, second = (m.predict_proba_window(scene, window) for m in (model, same))
    np.testing.assert_array_equal(first, second)

    model.save(tmp_path / "model")
    loaded = learner.load(tmp_path / "model")
    assert loaded.budget == "2 steps"
    assert loaded.learned_facts() == json.loads(json.dumps(model.learned_facts()))


def test_a_time_ends_the_training_of_a_method(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]

    def a_second_later() -> float:
        now_s[0] += 1
        return now_s[0]

    monkeypatch.setattr(pace, "clock", a_second_later)
    model = DiffCRN(budget="5s", **SMALL[DiffCRN])
    model.fit(small_scene(SMALLER_SHAPE, 6), small_labels(SMALLER_SHAPE))
    facts = model.learned_facts()["pretraining"]
    assert (facts["steps"], facts["stopped"]) == (5, "budget")


@pytest.mark.parametrize("learner", LEARNERS)
def test_settings_say_how_long_and_none_leaves_it_to_the_profile(
    learner: type[TwoStepClassifier],
) -> None:
    of_profile = denoising_of(learner())
    assert of_profile.budget is None
    budget = denoising_of(learner(budget="90s"))
    assert budget == replace(of_profile, budget=Budget(90, "seconds"))
    steps = denoising_of(learner(pretrain_steps=7))
    assert steps == replace(of_profile, recipe=replace(of_profile.recipe, n_steps=7))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budget": "60 s", "pretrain_steps": 5}, "pretrain_steps=5 and budget='60 s': both say"),
        ({"budget": "soon"}, "budget='soon': expected a time"),
        ({"budget": 60}, "budget=60: expected a time"),
    ],
)
@pytest.mark.parametrize("learner", LEARNERS)
def test_unclear_lengths_are_refused(
    learner: type[TwoStepClassifier], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingError) as refused:
        learner(**settings)._checked_parts()
    assert str(refused.value).startswith(message)


# Parts


@pytest.mark.parametrize(
    ("head", "made"), [("linear", LinearHead), ("transformer", PatchHead), ("chosen", ChosenHead)]
)
def test_a_head_is_taken_by_its_name(head: str, made: type) -> None:
    for method in (SpectralDiff, RawSpectra, RandomFeatures, DenoisingAutoencoder):
        assert type(method(head=head)._checked_parts()[1]) is made


def test_two_classifiers_share_no_part() -> None:
    """A profile is a template: fitting one classifier must not be seen by another."""
    for method in METHODS.values():
        first, second = (method()._checked_parts() for _ in range(2))
        assert all(one is not other for one, other in zip(first, second, strict=True))
    chosen = SpectralDiff(head="chosen")._checked_parts()[1]
    of_profile = SpectralDiff.profiles["fast"].transformer
    assert chosen.transformer is not of_profile
    SpectralDiff(head="transformer", random_state=7)._checked_parts()
    assert of_profile.random_state == 0


@pytest.mark.parametrize("method", METHODS.values())
def test_parts_that_have_learned_nothing_can_be_printed_and_compared(
    method: type[TwoStepClassifier],
) -> None:
    for part, other in zip(method()._checked_parts(), method()._checked_parts(), strict=True):
        assert type(part).__name__ in repr(part)
        assert part == part  # noqa: PLR0124
        assert part != other


def test_the_halo_is_that_of_the_values_and_the_context_of_the_head() -> None:
    values, head = SpectralDiff(head="transformer")._checked_parts()
    assert (values.halo_px, head.context_px) == (4, 2)
    assert SpectralDiff(head="transformer").halo_px == 4 + 2
    assert SpectralDiff(head="linear").halo_px == 4


def test_a_setting_that_is_changed_by_hand_counts_at_the_next_fit() -> None:
    scene, labels = small_scene(SMALLER_SHAPE, 6), small_labels(SMALLER_SHAPE)
    model = RandomFeatures(device="cpu", head="linear").fit(scene, labels)
    model.layers, model.timesteps = (0,), (90,)
    model.fit(scene, labels)
    assert (model.values_.layers, model.values_.timesteps) == ((0,), (90,))


def test_arrays_of_both_parts_are_stored_apart(labels: LabelMap) -> None:
    model = RawSpectra(head="linear").fit(small_scene(SHAPE, 6), labels)
    names = set(model._get_learned().arrays)
    of_values = {
        f"values.{part}.{array}"
        for part in ("transform", "scaling")
        for array in ("shift", "matrix")
    }
    assert names == of_values | {"head.weights", "head.biases"}


def test_a_way_back_needs_a_denoiser(labels: LabelMap) -> None:
    scene = small_scene(SHAPE, 6)
    model = RawSpectra().fit(scene, labels)
    with pytest.raises(SettingError, match="nothing can be reconstructed: take a method with"):
        model.reconstruct(scene)


@pytest.mark.parametrize(
    ("model", "n_cores_used"),
    [(SpectralDiff(), 1), (RawSpectra(), 1), (SpectralDiff(profile="paper"), 0)],
)
def test_tiles_of_few_values_are_left_to_one_core_each(
    model: TwoStepClassifier, n_cores_used: int
) -> None:
    assert model.small_tiles is (n_cores_used == 1)


def test_a_device_is_asked_for_only_where_a_network_computes() -> None:
    with pytest.raises(SettingError, match="device='gpu'"):
        _ = SpectralDiff(device="gpu").compute_device
    assert RawSpectra(device="gpu").compute_device == "cpu"
    with pytest.raises(SettingError, match="device='gpu'"):
        _ = RawSpectra(device="gpu", head="transformer").compute_device


# What a map costs


@pytest.mark.parametrize(("n_bands", "n_components"), [(5, 20), (40, 200)])
def test_the_cost_is_that_of_what_was_learned(n_bands: int, n_components: int) -> None:
    settings = {"pretrain_steps": 1, "head": "linear", "device": "cpu"}
    model = SpectralDiff(n_components=n_components, **settings)
    unfitted = model.cost(n_bands, 3)
    model.fit(small_scene(SMALLER_SHAPE, n_bands), small_labels(SMALLER_SHAPE))
    cost = model.cost(n_bands, 3)
    assert cost == unfitted

    values, head = model.values_, model.head_
    n_weights = sum(weights.numel() for weights in values.denoiser_.parameters())
    assert cost.n_parameters == n_weights + head.weights_.size + head.biases_.size

    # Convolutions as they run; their count grows with the tile, up to what knows no pixel.
    counts = []
    for side in (6, 12):
        x_t = torch.zeros(1, values.transform_.n_outputs, side, side)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            values.denoiser_.taps(x_t, torch.tensor([200]), (1,))
        counts.append(counter.get_total_flops() / 2)
    features = 2 * (counts[1] - counts[0]) / (12**2 - 6**2)
    matrices = [values.transform_.matrix, head.weights_]
    matrices += [projection.components for projection in values.projections_]
    expected = features + sum(matrix.size for matrix in matrices)
    assert cost.macs_per_pixel == pytest.approx(expected, abs=5)
