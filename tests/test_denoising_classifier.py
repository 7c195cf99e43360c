import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hsidiff.baselines.denoising_autoencoder import DenoisingAutoencoder
from hsidiff.baselines.random_features import RandomFeatures
from hsidiff.baselines.raw import RawSpectra
from hsidiff.denoising_classifier import DenoisingClassifier
from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods import METHODS
from hsidiff.training import pace
from hsidiff.training.budget import Budget
from small_scenes import scene_of, small_cube, small_fields, small_labels, small_scene

SHAPE = (48, 64)


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE, n_per_class=(12, 12, 12))


def test_the_head_follows_the_classes_shares_in_the_scene_unless_told_not_to(
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
    of_labels = RawSpectra(class_shares="labels").fit(scene, labels)
    of_scene = RawSpectra().fit(scene, labels)
    assert of_labels.head_.class_weights is None
    weights = np.array(of_scene.head_.class_weights)
    assert weights.argmax() == 0
    assert weights[1] < 1 < weights[0]
    expected = of_labels.predict_proba(scene) * weights
    expected /= expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(of_scene.predict_proba(scene), expected, atol=1e-5)


def test_shares_are_not_followed_where_nothing_was_held_out() -> None:
    model = RawSpectra().fit(small_scene(SHAPE, 6), small_labels(SHAPE, n_per_class=(1, 1, 1)))
    assert model.head_.held_out_log_loss is None
    assert model.head_.class_weights is None


@pytest.mark.parametrize("learner", [RawSpectra, RandomFeatures])
def test_only_training_blocks_tell_the_shares(
    learner: type[DenoisingClassifier], labels: LabelMap
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
    first, second = (learner(pretrain_on="train_blocks").fit(scene, labels) for scene in scenes)
    assert first.head_.class_weights is not None
    assert first.head_.class_weights == second.head_.class_weights
    # The head may weigh little of what it sees.
    seen = [first._values_without_labels(scene, region) for scene in scenes]
    assert len(seen[0]) > 500
    np.testing.assert_array_equal(*seen)


def test_of_blocks_that_hold_no_whole_context_no_shares_are_taken(labels: LabelMap) -> None:
    model = RandomFeatures(pretrain_on="train_blocks")
    lines = np.zeros(SHAPE, dtype=bool)
    lines[:: model.halo_px + 1] = True
    labels = replace(labels, values=np.where(lines, labels.values, 0), region=lines)
    assert model.fit(small_scene(SHAPE, 6), labels).head_.class_weights is None


def test_an_unknown_way_to_take_shares_is_refused(labels: LabelMap) -> None:
    with pytest.raises(SettingError, match="class_shares='map'"):
        RawSpectra(class_shares="map").fit(small_scene(SHAPE, 6), labels)


# How long the denoiser learns

LEARNERS = [DenoisingAutoencoder, *METHODS.values()]


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_budget_takes_the_place_of_the_steps(
    learner: type[DenoisingClassifier], labels: LabelMap, tmp_path: Path
) -> None:
    scene = small_scene(SHAPE, 6)
    model = learner(budget="2 steps", device="cpu").fit(scene, labels)
    facts = model.learned_facts()["pretraining"]
    assert facts == {
        "steps": 2, "seconds": facts["seconds"], "stopped": "steps", "held_out_loss": None
    }  # fmt: skip
    assert "experts" in model.learned_facts()
    same = learner(pretrain_steps=2, device="cpu").fit(scene, labels)
    np.testing.assert_array_equal(model.predict(scene), same.predict(scene))

    model.save(tmp_path / "model")
    loaded = learner.load(tmp_path / "model")
    assert loaded.budget == "2 steps"
    assert loaded.learned_facts() == json.loads(json.dumps(model.learned_facts()))
    # A model of an earlier version says nothing of it.
    file = tmp_path / "model" / "preprocess.json"
    about = json.loads(file.read_text())
    del about["facts"]["pretraining"]
    file.write_text(json.dumps(about))
    assert "pretraining" not in learner.load(tmp_path / "model").learned_facts()


def test_a_time_and_a_flat_loss_end_the_training_of_a_method(
    labels: LabelMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]

    def a_second_later() -> float:
        now_s[0] += 1
        return now_s[0]

    monkeypatch.setattr(pace, "clock", a_second_later)
    scene, diffcrn = small_scene(SHAPE, 6), METHODS["diffcrn"]
    model = diffcrn(budget="5s", device="cpu").fit(scene, labels)
    facts = model.learned_facts()["pretraining"]
    assert (facts["steps"], facts["stopped"], facts["held_out_loss"]) == (5, "budget", None)

    monkeypatch.setattr(pace, "FLAT_GAIN", 1.0)  # nothing falls
    model.set_params(budget="60 steps", stop_when_flat=True).fit(scene, labels)
    facts = model.learned_facts()["pretraining"]
    # The first look is flat as well: better than nothing by less than all of it.
    assert (facts["steps"], facts["stopped"]) == (9 + 2, "flat")
    assert facts["held_out_loss"] > 0


@pytest.mark.parametrize("learner", LEARNERS)
def test_settings_say_how_long_and_none_leaves_it_to_the_profile(
    learner: type[DenoisingClassifier],
) -> None:
    of_profile = learner.profiles["fast"].denoising
    assert not of_profile.stop_when_flat
    assert learner()._lasting(of_profile) == of_profile
    given = learner(budget="90s", stop_when_flat=True).settings().denoising
    assert given.budget == Budget(90, "seconds")
    assert given.stop_when_flat
    assert learner(pretrain_steps=7).settings().denoising.recipe.n_steps == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budget": "60 s", "pretrain_steps": 5}, "pretrain_steps=5 and budget='60 s': both say"),
        ({"budget": "soon"}, "budget='soon': expected a time"),
        ({"budget": 60}, "budget=60: expected a time"),
        ({"stop_when_flat": "yes"}, "stop_when_flat='yes': expected True or False"),
        ({"stop_when_flat": 1}, "stop_when_flat=1: expected True or False"),
    ],
)
@pytest.mark.parametrize("learner", LEARNERS)
def test_unclear_lengths_are_refused(
    learner: type[DenoisingClassifier], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingError) as refused:
        learner(**settings).settings()
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("settings", [{"budget": "5 steps"}, {"stop_when_flat": False}])
@pytest.mark.parametrize("learner", [RawSpectra, RandomFeatures])
def test_where_no_denoiser_learns_its_length_is_refused(
    learner: type[DenoisingClassifier], settings: dict[str, object]
) -> None:
    with pytest.raises(SettingError, match="; leave it out"):
        learner(**settings).settings()
