"""The setting ``head="chosen"`` of a method, on spectra: other methods have the same heads."""

import json
from pathlib import Path

import numpy as np
import pytest

from hsidiff.heads.chosen_head import ChosenHead
from hsidiff.heads.linear_head import LinearHead
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.controls import RawSpectra
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from small_scenes import scene_of, small_labels, small_scene

SHAPE, N_BANDS = (40, 50), 6
WINDOW = Window(12, 30, 6, 9)


def made(**settings: object) -> RawSpectra:
    return RawSpectra(**({"head": "chosen", "head_epochs": 1, "device": "cpu"} | settings))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE, n_per_class=(9, 9, 9))


@pytest.fixture(scope="module", params=["linear", "transformer"])
def chosen(request: pytest.FixtureRequest, scene: Scene, labels: LabelMap) -> RawSpectra:
    """A classifier that took this head: the linear head looks bad where it should not be taken."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "transformer":
            patch.setattr(LinearHead, "held_out_log_loss", property(lambda self: 99.0))
        model = made().fit(scene, labels)
        assert isinstance(model.head_, ChosenHead)
        assert model.head_.chosen_ == request.param
        return model


def head_of(model: RawSpectra) -> ChosenHead:
    assert isinstance(model.head_, ChosenHead)
    return model.head_


def test_a_chosen_head_is_the_head_that_could_have_been_asked_for(
    chosen: RawSpectra, scene: Scene, labels: LabelMap
) -> None:
    taken = head_of(chosen).chosen_
    asked = made(head=taken).fit(scene, labels)
    expected, found = (each.predict_proba_window(scene, WINDOW) for each in (asked, chosen))
    if taken == "transformer":  # the factor makes it more or less sure
        expected = expected.astype(np.float64) ** head_of(chosen).transformer.sharpness_
        expected /= np.maximum(expected.sum(axis=-1, keepdims=True), 1e-9)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_it_has_the_transformers_context_and_cost_whichever_was_taken(chosen: RawSpectra) -> None:
    assert chosen.halo_px == made(head="transformer").halo_px > made(head="linear").halo_px
    assert chosen.cost(N_BANDS, 3) == made(head="transformer").cost(N_BANDS, 3)


def test_its_map_does_not_depend_on_the_tiles(chosen: RawSpectra, scene: Scene) -> None:
    whole = chosen.predict_proba_window(scene, WINDOW)
    part = chosen.predict_proba_window(scene, Window(WINDOW.row + 2, WINDOW.col + 3, 3, 4))
    np.testing.assert_allclose(part, whole[2:5, 3:7], atol=1e-5)


def test_a_saved_model_comes_back(chosen: RawSpectra, scene: Scene, tmp_path: Path) -> None:
    chosen.save(tmp_path / "model")
    again = RawSpectra.load(tmp_path / "model")
    assert head_of(again).losses_ == head_of(chosen).losses_
    found, expected = (each.predict_proba_window(scene, WINDOW) for each in (again, chosen))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert again.learned_facts() == json.loads(json.dumps(chosen.learned_facts()))


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
    facts = made(head_epochs=5).fit(scene_of(cube), labels).learned_facts()
    assert facts["head"] == "transformer"
    assert facts["held_out_log_loss"]["transformer"] < 0.5 < facts["held_out_log_loss"]["linear"]


def test_a_given_head_says_nothing_of_a_choice(scene: Scene, labels: LabelMap) -> None:
    assert "head" not in made(head="linear").fit(scene, labels).learned_facts()
