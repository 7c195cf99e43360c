import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from hsidiff.baselines.raw import RawSpectra
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.diffspectralnet import DiffSpectralNet
from hsidiff.methods.spectraldiff import SpectralDiff
from hsidiff.patch_head_classifier import PatchHeadClassifier
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.linear_head import LinearHead
from small_scenes import scene_of, small_cube, small_labels, small_scene

SHAPE = (40, 50)
N_BANDS = 6
WINDOW = Window(12, 30, 6, 9)
Make = Callable[..., PatchHeadClassifier]


def make_raw(**settings: object) -> RawSpectra:
    return RawSpectra(head_epochs=1, device="cpu", **settings)


def make_spectraldiff(**settings: object) -> SpectralDiff:
    return SpectralDiff(
        pretrain_steps=2, n_components=4, head_epochs=1, device="cpu", random_state=1, **settings
    )


def make_diffspectralnet(**settings: object) -> DiffSpectralNet:
    return DiffSpectralNet(
        pretrain_steps=2, n_components=2, head_epochs=1, device="cpu", **settings
    )


MAKERS = (make_raw, make_spectraldiff, make_diffspectralnet)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE, n_per_class=(9, 9, 9))


def take_the_transformer(patch: pytest.MonkeyPatch) -> None:
    """Make the linear head look bad when heads are compared."""
    fit_linear_head = PatchHeadClassifier._fit_linear_head
    patch.setattr(
        PatchHeadClassifier,
        "_fit_linear_head",
        lambda self, *given: replace(fit_linear_head(self, *given), held_out_log_loss=99.0),
    )


@pytest.fixture(scope="module", params=[(m, t) for m in MAKERS for t in ("linear", "transformer")])
def chosen(
    request: pytest.FixtureRequest, scene: Scene, labels: LabelMap
) -> tuple[Make, str, PatchHeadClassifier]:
    """How a classifier is made, which head it takes, and the fitted classifier."""
    make, taken = request.param
    with pytest.MonkeyPatch.context() as patch:
        if taken == "transformer":
            take_the_transformer(patch)
        return make, taken, make(head="chosen").fit(scene, labels)


def test_it_says_which_head_was_taken_and_why(
    chosen: tuple[Make, str, PatchHeadClassifier],
) -> None:
    _, taken, model = chosen
    facts = model.learned_facts()
    losses = facts["held_out_log_loss"]
    assert facts["head"] == taken == min(losses, key=losses.__getitem__)
    assert set(losses) == {"linear", "transformer"}
    assert isinstance(model.head_, LinearHead if taken == "linear" else nn.Module)
    assert ("experts" in facts) == (taken == "linear")


def test_a_chosen_head_is_the_head_that_could_have_been_asked_for(
    chosen: tuple[Make, str, PatchHeadClassifier], scene: Scene, labels: LabelMap
) -> None:
    make, taken, model = chosen
    asked = make(head=taken).fit(scene, labels)
    expected, found = (each.predict_proba_window(scene, WINDOW) for each in (asked, model))
    if taken == "transformer":  # the factor makes it more or less sure
        expected = expected.astype(np.float64) ** float(model.head_.factor)
        expected /= expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_chosen_head_has_the_transformers_context_whichever_was_taken(
    chosen: tuple[Make, str, PatchHeadClassifier],
) -> None:
    make, _, model = chosen
    assert model.halo_px == make(head="transformer").halo_px > make(head="linear").halo_px


def test_a_chosen_head_costs_at_most_what_the_dearer_does(
    chosen: tuple[Make, str, PatchHeadClassifier],
) -> None:
    make, _, model = chosen
    costs = {
        head: make(head=head).cost(N_BANDS, 3).macs_per_pixel for head in ("linear", "transformer")
    }
    found = model.cost(N_BANDS, 3).macs_per_pixel
    assert found is not None
    assert costs["linear"] < costs["transformer"] <= found < 1.1 * costs["transformer"]


def test_the_map_of_a_chosen_head_does_not_depend_on_the_tiles(
    chosen: tuple[Make, str, PatchHeadClassifier], scene: Scene
) -> None:
    model = chosen[-1]
    whole = model.predict_proba_window(scene, WINDOW)
    part = model.predict_proba_window(scene, Window(WINDOW.row + 2, WINDOW.col + 3, 3, 4))
    np.testing.assert_allclose(part, whole[2:5, 3:7], atol=1e-5)
    np.testing.assert_allclose(whole.sum(axis=-1), 1, atol=1e-5)


def test_a_saved_model_of_a_chosen_head_comes_back(
    chosen: tuple[Make, str, PatchHeadClassifier], scene: Scene, tmp_path: Path
) -> None:
    model = chosen[-1]
    model.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model")
    assert again.head_choice_ == model.head_choice_
    found, expected = (each.predict_proba_window(scene, WINDOW) for each in (again, model))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    again.save(tmp_path / "again")
    facts = json.loads(json.dumps(model.learned_facts()))
    assert type(model).load(tmp_path / "again").learned_facts() == facts


def test_where_the_neighbours_tell_the_class_the_transformer_is_taken() -> None:
    """Pixels of all classes are drawn alike; of which class they are their surroundings say."""
    rng = np.random.default_rng(0)
    cube = rng.normal(0, 1, (64, 64, 3)).astype(np.float32)
    values = np.zeros((64, 64), dtype=np.int32)
    for position, (row, col) in enumerate(np.ndindex(8, 8)):
        class_id = (position + row) % 2
        middle = (8 * row + 4, 8 * col + 4)
        drawn = cube[middle].copy()
        cube[8 * row : 8 * row + 8, 8 * col : 8 * col + 8] += 3 * class_id
        cube[middle] = drawn
        values[middle] = class_id + 1
    labels = LabelMap.from_array(values, {1: "low", 2: "high"})
    model = RawSpectra(head="chosen", head_epochs=8, device="cpu").fit(scene_of(cube), labels)
    facts = model.learned_facts()
    assert facts["head"] == "transformer"
    assert facts["held_out_log_loss"]["transformer"] < 0.5 < facts["held_out_log_loss"]["linear"]


def test_where_nothing_can_be_held_out_the_linear_head_is_taken() -> None:
    model = make_raw(head="chosen")
    model.fit(small_scene(SHAPE, N_BANDS), small_labels(SHAPE, n_per_class=(1, 1, 1)))
    facts = model.learned_facts()
    assert facts["head"] == "linear"
    assert facts["held_out_log_loss"] == {"linear": None, "transformer": None}


@pytest.mark.parametrize("make", MAKERS)
def test_a_given_head_says_nothing_of_a_choice(make: Make, scene: Scene, labels: LabelMap) -> None:
    model = make(head="linear").fit(scene, labels)
    assert model.head_choice_ is None
    assert "head" not in model.learned_facts()


def test_a_map_without_features_sees_only_training_blocks_where_told(labels: LabelMap) -> None:
    region = np.zeros(SHAPE, dtype=bool)
    region[:, :25] = True
    inside = replace(labels, values=np.where(region, labels.values, 0), region=region)
    cube = small_cube(SHAPE, N_BANDS)
    changed = np.where(region[..., None], cube, 5 + 40 * cube[::-1, ::-1])
    first, second = (
        make_raw(head="chosen", pretrain_on="train_blocks").fit(scene_of(c), inside)
        for c in (cube, changed)
    )
    np.testing.assert_array_equal(first.range_transform_.matrix, second.range_transform_.matrix)
    np.testing.assert_array_equal(first.transform_.matrix, second.transform_.matrix)
