"""Smoothing of probabilities as a part of the contract: what it sees, what it learns, its tiles."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from hsidiff.baselines.cnn2d import SpatialCNN
from hsidiff.baselines.position import PositionOnly
from hsidiff.baselines.raw import RawSpectra
from hsidiff.baselines.svm import SupportVectorMachine
from hsidiff.classifier import SceneClassifier
from hsidiff.errors import ModelError, SettingError
from hsidiff.labels.block_split import block_split
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.methods.spectraldiff import SpectralDiff
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.smoothing import find_guide, smooth_probabilities
from small_scenes import scene_of, small_cube, small_fields, small_invalid, small_labels

SMOOTH = {"smoothing": "guided", "smoothing_radius_px": 2}
FIXED_SVM = {"C": 10.0, "gamma": 1.0}


@pytest.fixture
def scene() -> Scene:
    """A scene whose covers are hard to tell apart pixel by pixel."""
    cube = small_cube(noise=0.4)
    cube[small_invalid(), -1] = np.nan
    return scene_of(cube)


@pytest.fixture
def fitted(scene: Scene) -> SupportVectorMachine:
    return SupportVectorMachine(**FIXED_SVM, **SMOOTH).fit(scene, small_labels())


@pytest.mark.parametrize("made_by", [SupportVectorMachine, PositionOnly])
def test_the_map_is_the_smoothed_map_of_the_classifier(
    scene: Scene, made_by: type[SceneClassifier]
) -> None:
    bare = made_by().fit(scene, small_labels()).predict_proba(scene)
    model = made_by(**SMOOTH).fit(scene, small_labels())
    expected = smooth_probabilities(bare, scene.read(), find_guide(scene, None), 2)
    assert np.abs(expected - bare).max() > 0.2
    for tile_size in (7, 16, 64):
        found = model.predict_proba(scene, tile_size)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_it_makes_a_map_of_noisy_spectra_better(scene: Scene, fitted: SupportVectorMachine) -> None:
    bare = SupportVectorMachine(**FIXED_SVM).fit(scene, small_labels())
    valid = ~small_invalid()
    before, after = (
        (model.predict(scene) == small_fields() + 1)[valid].mean() for model in (bare, fitted)
    )
    assert after > before + 0.05


@pytest.mark.parametrize("radius_px", [1, 3])
def test_a_change_reaches_as_far_as_the_halo_says(scene: Scene, radius_px: int) -> None:
    model = SupportVectorMachine(**FIXED_SVM, smoothing="guided", smoothing_radius_px=radius_px)
    model.fit(scene, small_labels())
    changed = scene.read()
    changed[15, 30] += 0.3
    moved = (model.predict_proba(scene_of(changed)) != model.predict_proba(scene)).any(axis=-1)
    row, col = np.indices(moved.shape)
    distance = np.maximum(np.abs(row - 15), np.abs(col - 30))
    assert model.halo_px == 2 * radius_px
    assert distance[moved].max() == model.halo_px


@pytest.mark.parametrize(
    ("model", "context_px"),
    [
        (PositionOnly(**SMOOTH), 0),
        (SpatialCNN(**SMOOTH), 3),
        (RawSpectra(head="transformer", **SMOOTH), RawSpectra(head="transformer").halo_px),
        (SpectralDiff(**SMOOTH), SpectralDiff().halo_px),
    ],
)
def test_the_receptive_field_counts_it(model: SceneClassifier, context_px: int) -> None:
    assert model.context_px == context_px
    assert model.halo_px == context_px + 4
    assert model.receptive_field_px == 2 * context_px + 9


def test_a_network_is_given_no_larger_patches_for_it() -> None:
    assert SpatialCNN(**SMOOTH).cost(12, 3) == SpatialCNN().cost(12, 3)
    assert SpatialCNN(**SMOOTH).input_px == 7


def test_the_guard_and_the_measured_leakage_count_it() -> None:
    labels = LabelMap.from_array(small_fields((120, 120)) + 1)
    receptive_field_px = SupportVectorMachine(**SMOOTH).receptive_field_px
    split = block_split(labels, receptive_field_px=receptive_field_px)
    assert split.parameters["guard_px"] == receptive_field_px == 9
    assert measure_leakage(split, receptive_field_px).receptive_field_share == 0


def test_it_is_refused_at_fit_if_it_is_unknown(scene: Scene) -> None:
    for settings in ({"smoothing": "box"}, {"smoothing_radius_px": 0}):
        model = PositionOnly(**settings)
        with pytest.raises(SettingError, match=next(iter(settings))):
            model.fit(scene, small_labels())


# What it learns


def test_its_guide_is_learned_from_the_scene_and_it_says_so() -> None:
    assert not SupportVectorMachine().transductive
    assert SupportVectorMachine(**SMOOTH).transductive
    assert RawSpectra(**SMOOTH).transductive
    assert not RawSpectra(pretrain_on="train_blocks", **SMOOTH).transductive


def test_on_training_blocks_nothing_beyond_them_has_a_part_in_it() -> None:
    cube, labels = small_cube(noise=0.2), small_labels()
    region = np.zeros(labels.shape, dtype=bool)
    region[:, :30] = True
    labels = labels.keeping(region, region)
    maps = []
    for other in (cube, np.where(region[..., None], cube, 9 - 4 * cube)):
        model = RawSpectra(pretrain_on="train_blocks", device="cpu", **SMOOTH)
        maps.append(model.fit(scene_of(other), labels).predict_proba(scene_of(cube)))
    np.testing.assert_array_equal(*maps)


def test_without_it_nothing_is_learned_or_stored(scene: Scene, tmp_path: Path) -> None:
    model = PositionOnly().fit(scene, small_labels())
    model.save(tmp_path / "model")
    assert not hasattr(model, "guide_")
    stored = load_file(tmp_path / "model" / "learned.safetensors")
    assert set(stored) == {"rows", "cols", "class_ids"}


def test_a_change_of_it_asks_for_a_new_fit(fitted: SupportVectorMachine) -> None:
    fitted.set_params(smoothing="none")
    assert not hasattr(fitted, "guide_")
    assert not hasattr(fitted, "classes_")


# Saving


def test_a_model_with_it_comes_back(
    scene: Scene, fitted: SupportVectorMachine, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    fitted.save(folder)
    stored = load_file(folder / "learned.safetensors")
    names = {"smoothing.mean", "smoothing.components", "smoothing.scale"}
    assert names <= set(stored)
    assert json.loads((folder / "config.json").read_text())["settings"].items() >= SMOOTH.items()
    loaded = SupportVectorMachine.load(folder)
    np.testing.assert_array_equal(loaded.predict_proba(scene), fitted.predict_proba(scene))


def test_a_model_whose_guide_is_missing_is_not_complete(
    fitted: SupportVectorMachine, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "learned.safetensors"
    save_file({k: a for k, a in load_file(path).items() if k != "smoothing.mean"}, path)
    with pytest.raises(ModelError, match=r"is broken, or of another version.*smoothing\.mean"):
        SupportVectorMachine.load(tmp_path / "model")


def test_a_model_saved_before_there_was_smoothing_loads(scene: Scene, tmp_path: Path) -> None:
    model = PositionOnly(random_state=3).fit(scene, small_labels())
    model.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    del config["settings"]["smoothing"], config["settings"]["smoothing_radius_px"]
    path.write_text(json.dumps(config))
    loaded = PositionOnly.load(tmp_path / "model")
    assert loaded.smoothing == "none"
    np.testing.assert_array_equal(loaded.predict_proba(scene), model.predict_proba(scene))


# Tiles


@dataclass(repr=False, eq=False)
class OnGrid(PositionOnly):
    """Refuses tiles that do not begin on a grid of 4 pixels."""

    name: ClassVar[str] = "on-grid"
    tile_multiple: ClassVar[int] = 4

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        assert window.row % 4 == window.col % 4 == 0
        assert (window.row, window.col) >= (0, 0)
        return super()._predict_proba_tile(cube, window)


@pytest.mark.parametrize("radius_px", [1, 2, 3])
def test_a_grid_of_tiles_is_kept(scene: Scene, radius_px: int) -> None:
    settings = {"smoothing": "guided", "smoothing_radius_px": radius_px}
    model = OnGrid(**settings).fit(scene, small_labels())
    expected = PositionOnly(**settings).fit(scene, small_labels()).predict_proba(scene)
    np.testing.assert_array_equal(model.predict_proba(scene, tile_size=12), expected)
