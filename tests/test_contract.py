import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from safetensors.numpy import load_file
from sklearn.exceptions import NotFittedError

from hsidiff.contract import SceneClassifier
from hsidiff.errors import LabelError, MissingFileError, ModelError, SceneError
from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.geotiff import read_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.progress import listen
from hsidiff.saved_model import Learned, read_config
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.window import Window
from small_scenes import scene_of, small_cube, small_labels, small_scene

SHAPE = (12, 15)


@dataclass(repr=False, eq=False)
class Nearest(SceneClassifier):
    """Chooses the class whose mean lies nearest to the mean over a pixel's surroundings."""

    name: ClassVar[str] = "nearest"

    reach_px: int = 1
    means_: np.ndarray = field(init=False)

    @property
    def halo_px(self) -> int:
        return self.reach_px

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        cube = scene.read().mean(axis=-1)
        self.seen_labels = labels
        self.means_ = np.array([cube[labels.values == c.id].mean() for c in self.classes_])

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        side = 2 * self.reach_px + 1
        assert cube.shape[:2] == (window.n_rows + side - 1, window.n_cols + side - 1)
        around = np.lib.stride_tricks.sliding_window_view(cube.mean(axis=-1), (side, side), (0, 1))
        near = -np.abs(np.nan_to_num(around).mean(axis=(2, 3))[..., None] - self.means_)
        return (near == near.max(axis=-1, keepdims=True)).astype(np.float32)

    def _get_learned(self) -> Learned:
        return Learned({"means": self.means_[::-1]}, {"reversed": True})

    def _set_learned(self, learned: Learned) -> None:
        assert learned.facts == {"reversed": True}
        self.means_ = learned.arrays["means"][::-1]


def covers(cube: np.ndarray) -> LabelMap:
    """Labels 3 and 7 for the darker and the brighter half of the pixels."""
    bright = np.nanmean(cube, axis=-1) > np.nanmean(cube)
    return LabelMap.from_array(np.where(bright, 7, 3), names={3: "dark", 5: "none", 7: "bright"})


@pytest.fixture
def scene() -> Scene:
    return scene_of(small_cube(SHAPE, n_bands=4))


@pytest.fixture
def fitted(scene: Scene) -> Nearest:
    return Nearest().fit(scene, covers(scene.read()))


# Fitting


def test_labels_of_another_shape_are_refused_with_both_shapes(scene: Scene) -> None:
    labels = LabelMap.from_array(np.ones((3, 4), dtype=int))
    with pytest.raises(LabelError, match=r"labels are \(3, 4\) .*small scene is \(12, 15\)"):
        Nearest().fit(scene, labels)


def test_no_label_at_all_is_refused(scene: Scene) -> None:
    with pytest.raises(LabelError, match="no training label: label some pixels"):
        Nearest().fit(scene, LabelMap.from_array(np.zeros(SHAPE, dtype=int)))


def test_one_class_is_refused(scene: Scene) -> None:
    with pytest.raises(LabelError, match="of one class only: label at least two"):
        Nearest().fit(scene, LabelMap.from_array(np.ones(SHAPE, dtype=int)))


def test_labels_on_invalid_pixels_only_are_refused() -> None:
    cube = small_cube(SHAPE, n_bands=4)
    cube[:6] = np.nan
    labels = np.zeros(SHAPE, dtype=int)
    labels[2, 3], labels[3, 3] = 1, 2
    with pytest.raises(
        (LabelError, SceneError), match="none of the training labels lies on a valid"
    ):
        Nearest().fit(scene_of(cube), LabelMap.from_array(labels))


def test_a_class_whose_only_label_is_invalid_does_not_count() -> None:
    cube = small_cube(SHAPE, n_bands=4)
    cube[0, 0] = np.nan
    labels = np.zeros(SHAPE, dtype=int)
    labels[0, 0], labels[5, 5] = 1, 2
    with pytest.raises(LabelError, match="of one class only"):
        Nearest().fit(scene_of(cube), LabelMap.from_array(labels))


def test_a_method_sees_labels_on_valid_pixels_only_and_their_region(scene: Scene) -> None:
    cube = scene.read()
    cube[2:5, 3] = np.nan
    region = np.zeros(SHAPE, dtype=bool)
    region[:, 4:] = True
    labels = LabelMap.from_array(covers(scene.read()).values, region=region)
    seen = Nearest().fit(scene_of(cube), labels).seen_labels
    assert seen.n_labelled == SHAPE[0] * SHAPE[1] - 3
    assert np.array_equal(seen.region, region)


def test_classes_are_those_with_training_labels_in_order_of_their_ids(fitted: Nearest) -> None:
    assert [c.id for c in fitted.classes_] == [3, 7]
    assert [c.name for c in fitted.classes_] == ["dark", "bright"]


# Mapping


@pytest.mark.parametrize("reach_px", [0, 1, 4])
def test_tiles_and_windows_give_the_probabilities_of_the_whole(scene: Scene, reach_px: int) -> None:
    model = Nearest(reach_px=reach_px).fit(scene, covers(scene.read()))
    whole = model.predict_proba(scene, window_px=64)
    np.testing.assert_array_equal(model.predict_proba(scene, window_px=5), whole)
    window = Window(3, 11, 6, 4)
    np.testing.assert_array_equal(model.predict_proba_window(scene, window), whole[window.slices])


def test_classes_of_the_map_are_ids_and_0_where_invalid(scene: Scene) -> None:
    cube = scene.read()
    cube[4, 4, 1] = np.nan
    holed = scene_of(cube)
    model = Nearest(reach_px=0).fit(holed, covers(scene.read()))
    mapped, probabilities = model.predict(holed), model.predict_proba(holed)
    assert mapped.dtype == np.int32
    assert probabilities.dtype == np.float32
    assert np.argwhere(mapped == 0).tolist() == [[4, 4]]
    assert not probabilities[4, 4].any()
    np.testing.assert_array_equal(mapped == 7, probabilities[..., 1] > 0.5)


def test_the_receptive_field_is_the_square_of_the_halo() -> None:
    assert Nearest(reach_px=4).receptive_field_px == 9


def test_mapping_reports_its_tiles(fitted: Nearest, scene: Scene) -> None:
    heard: list[tuple[str, int, int]] = []
    with listen(lambda *report: heard.append(report)):
        fitted.predict(scene, window_px=8)
    assert heard[0] == ("map", 0, 4)
    assert heard[-1] == ("map", 4, 4)


def test_mapping_before_fitting_is_refused(scene: Scene, tmp_path: Path) -> None:
    for action in (lambda: Nearest().predict(scene), lambda: Nearest().save(tmp_path / "model")):
        with pytest.raises(NotFittedError):
            action()
    assert not (tmp_path / "model").exists()


def test_a_fit_that_fails_leaves_nothing_of_the_one_before(
    fitted: Nearest, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fitted, "_fit", fail)
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(scene, covers(scene.read()))
    with pytest.raises(NotFittedError):
        fitted.predict(scene)


def test_a_changed_setting_asks_for_a_new_fit(fitted: Nearest, scene: Scene) -> None:
    fitted.set_params(reach_px=2)
    with pytest.raises(NotFittedError):
        fitted.predict(scene)
    assert fitted.fit(scene, covers(scene.read())).predict(scene).any()


def without_wavelengths(scene: Scene) -> Scene:
    return replace(scene, file_wavelengths_nm=None)


def test_other_bands_without_wavelengths_are_refused_with_both_numbers(fitted: Nearest) -> None:
    other = without_wavelengths(scene_of(small_cube(SHAPE, n_bands=5)))
    with pytest.raises(ModelError, match="5 usable bands, the model has 4; "):
        fitted.predict(other)


@pytest.mark.parametrize("shift_nm", [0, 1.9, -2])
def test_wavelengths_may_differ_by_two_nanometres(
    fitted: Nearest, scene: Scene, shift_nm: float
) -> None:
    wavelengths = scene.file_wavelengths_nm.copy()
    wavelengths[2] += shift_nm
    other = replace(scene, file_wavelengths_nm=wavelengths)
    assert fitted.check_scene(other) is other


def test_more_bands_in_another_order_are_found_by_wavelength(
    fitted: Nearest, scene: Scene, tmp_path: Path
) -> None:
    cube, wavelengths = scene.read(), scene.wavelengths_nm
    more = np.concatenate([cube[..., ::-1], np.full((*scene.shape, 1), 7.0, np.float32)], axis=-1)
    other = replace(
        scene_of(more), file_wavelengths_nm=np.append(wavelengths[::-1], wavelengths[1] + 200)
    )
    np.testing.assert_array_equal(fitted.check_scene(other).read(), cube)
    np.testing.assert_array_equal(fitted.predict_proba(other), fitted.predict_proba(scene))
    predict_to_file(fitted, other, tmp_path / "map.tif")
    np.testing.assert_array_equal(read_class_map(tmp_path / "map.tif"), fitted.predict(scene))


def test_bands_that_lack_are_named_with_those_that_are_there(fitted: Nearest, scene: Scene) -> None:
    other = scene.without_bands([3, 4])
    with pytest.raises(ModelError) as error:
        fitted.predict(other)
    assert str(error.value) == (
        "small scene lacks 2 of the 4 bands of the model, at 1750-2400 nm; it has bands at "
        "450-1100 nm: leave them out when you fit (--drop-nm 1750-2400), or take a scene that has "
        "them"
    )


def test_without_wavelengths_the_bands_to_drop_are_named(scene: Scene) -> None:
    plain = without_wavelengths(scene)
    used = plain.without_bands([2])
    fitted = Nearest().fit(used, covers(scene.read()))
    with pytest.raises(ModelError, match=r"3 of as many: leave out band 2 \(--drop-bands 2\)"):
        fitted.predict(plain)
    with pytest.raises(ModelError, match="it needs band 4, which is left out here"):
        fitted.predict(plain.without_bands([4]))
    np.testing.assert_array_equal(fitted.predict(used), fitted.predict(plain.without_bands([2])))


def test_unknown_wavelengths_are_not_compared(fitted: Nearest, scene: Scene) -> None:
    fitted.check_scene(Scene("other", scene.source, scene.good_bands))


# Saving


def test_a_saved_model_is_json_and_safetensors_and_comes_back(
    fitted: Nearest, scene: Scene, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    fitted.save(folder)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["config.json", "learned.safetensors", "preprocess.json"]
    arrays = load_file(folder / "learned.safetensors")
    assert [name for name in arrays if not name.startswith("seen_values.")] == ["means"]
    assert read_config(folder)["settings"] == {"reach_px": 1}
    loaded = Nearest.load(folder)
    np.testing.assert_array_equal(loaded.predict(scene), fitted.predict(scene))
    assert loaded.classes_ == fitted.classes_
    np.testing.assert_array_equal(loaded.bands_.wavelengths_nm, fitted.bands_.wavelengths_nm)


def test_a_model_without_wavelengths_comes_back_without(scene: Scene, tmp_path: Path) -> None:
    bare = Scene("bare", ArraySource(scene.read()), scene.good_bands)
    Nearest().fit(bare, covers(scene.read())).save(tmp_path / "model")
    assert Nearest.load(tmp_path / "model").bands_.wavelengths_nm is None


@dataclass(repr=False, eq=False)
class Other(Nearest):
    name: ClassVar[str] = "other"


def test_a_model_of_another_class_is_refused(fitted: Nearest, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    with pytest.raises(ModelError, match="holds a 'nearest' model, not a 'other'"):
        Other.load(tmp_path / "model")


@pytest.mark.parametrize("name", ["config.json", "preprocess.json", "learned.safetensors"])
def test_a_missing_file_is_named(fitted: Nearest, tmp_path: Path, name: str) -> None:
    fitted.save(tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(MissingFileError, match=name):
        Nearest.load(tmp_path / "model")


@pytest.mark.parametrize("name", ["config.json", "preprocess.json", "learned.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\x01garbage"])
def test_a_broken_file_is_a_model_error(
    fitted: Nearest, tmp_path: Path, name: str, content: bytes
) -> None:
    fitted.save(tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(ModelError):
        Nearest.load(tmp_path / "model")


def test_a_setting_of_another_version_is_a_model_error(fitted: Nearest, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"settings": {"reach": 3}}))
    with pytest.raises(ModelError, match="reach"):
        Nearest.load(tmp_path / "model")


def test_saving_again_replaces_the_older_model(scene: Scene, tmp_path: Path) -> None:
    for reach_px in (1, 2):
        Nearest(reach_px=reach_px).fit(scene, covers(scene.read())).save(tmp_path / "model")
    assert Nearest.load(tmp_path / "model").reach_px == 2


def test_labels_of_the_common_small_scene_fit_it() -> None:
    model = Nearest(reach_px=0).fit(small_scene(), small_labels())
    assert len(model.classes_) == 3
