"""The confidence of a map as a file, and what a map shows where it is in doubt."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.calibrated import Calibrated
from hsidiff.errors import HsidiffWarning, ModelError, SettingError
from hsidiff.maps.confidence import COLORS, ConfidenceLayer, confidence_style
from hsidiff.maps.doubt import Doubt
from hsidiff.maps.geotiff import read_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.maps.sets import SetsLayer
from hsidiff.scenes.scene import Scene
from small_scenes import scene_of, small_cube, small_invalid, small_labels

STRANGE = (slice(12, 18), slice(20, 28))


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Classes that overlap, invalid pixels, and a part that is like no class."""
    cube = small_cube(noise=0.3)
    cube[STRANGE] = np.linspace(4, -4, 12)
    cube[small_invalid()] = np.nan
    return scene_of(cube)


@pytest.fixture(scope="module")
def model(scene: Scene) -> Calibrated:
    labels = small_labels(ids=(2, 5, 9))
    outside = np.ones(labels.shape, dtype=bool)
    outside[STRANGE] = False
    return Calibrated(LinearDiscriminant()).fit(scene, labels.keeping(outside))


def test_the_band_holds_percents_and_says_what_they_are(
    scene: Scene, model: Calibrated, tmp_path: Path
) -> None:
    path = tmp_path / "confidence.tif"
    predict_to_file(model, scene, tmp_path / "m.tif", layers=[ConfidenceLayer(path)], tile_size=17)
    expected = np.round(100 * model.predict_proba(scene).max(axis=-1))
    with rasterio.open(path) as dataset:
        values = dataset.read(1)
        assert dataset.units == ("%",)
        assert dataset.descriptions == ("probability of the mapped class (calibrated)",)
        assert (dataset.dtypes, dataset.nodata, dataset.count) == (("uint8",), 255, 1)
        assert (dataset.crs, dataset.transform) == (scene.crs, scene.transform)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    valid = ~small_invalid()
    assert np.abs(values[valid] - expected[valid]).max() <= 1  # tiles round differently
    assert (values[~valid] == 255).all()
    assert values[valid].min() >= 33
    assert {file.name for file in tmp_path.iterdir()} == {
        "m.tif", "m.tif.aux.xml", "m.qml", "confidence.tif", "confidence.qml",
    }  # fmt: skip


def test_the_band_says_where_nothing_was_calibrated(
    scene: Scene, model: Calibrated, tmp_path: Path
) -> None:
    layers = [ConfidenceLayer(tmp_path / "c.tif")]
    predict_to_file(model.model_, scene, tmp_path / "m.tif", layers=layers)
    with rasterio.open(tmp_path / "c.tif") as dataset:
        assert dataset.descriptions == ("probability of the mapped class (not calibrated)",)


@pytest.mark.parametrize(("n_classes", "lowest"), [(2, 50), (3, 34), (16, 7)])
def test_the_style_begins_at_what_a_guess_would_be(n_classes: int, lowest: int) -> None:
    root = ElementTree.fromstring(confidence_style(n_classes))
    renderer = root.find("pipe/rasterrenderer")
    assert renderer is not None
    assert renderer.get("type") == "singlebandpseudocolor"
    items = root.findall(".//colorrampshader/item")
    assert [float(item.get("value", "")) for item in items] == pytest.approx(
        np.linspace(lowest, 100, len(COLORS)).tolist()
    )
    assert items[0].get("label") == f"{lowest} % (as good as a guess among {n_classes})"


def test_map_and_confidence_need_two_names(scene: Scene, model: Calibrated, tmp_path: Path) -> None:
    path = tmp_path / "m.tif"
    with pytest.raises(SettingError, match="need a name each"):
        predict_to_file(model, scene, path, layers=[ConfidenceLayer(path)])
    assert not any(tmp_path.iterdir())


def test_sets_are_a_band_of_sizes_and_one_for_each_class(
    scene: Scene, model: Calibrated, tmp_path: Path
) -> None:
    path = tmp_path / "sets.tif"
    layers = [SetsLayer(path, 0.9, "random")]
    predict_to_file(model, scene, tmp_path / "m.tif", layers=layers)
    sets = model.prediction_sets(model.predict_proba(scene), 0.9, "random")
    with rasterio.open(path) as dataset:
        sizes, *members = dataset.read()
        assert dataset.descriptions[:2] == (
            "classes in a set of 90 % coverage", "cover 2 is possible",
        )  # fmt: skip
        assert dataset.nodata == 255
    valid = ~small_invalid()
    assert (sizes[~valid] == 255).all()
    assert sizes[valid].min() == 1
    np.testing.assert_array_equal(sizes[valid], sum(members)[valid])
    assert (np.stack(members, axis=-1) != sets)[valid].mean() < 0.001


def test_sets_of_a_model_that_held_nothing_out_are_refused(
    scene: Scene, model: Calibrated, tmp_path: Path
) -> None:
    layers = [SetsLayer(tmp_path / "sets.tif", 0.9)]
    with pytest.raises(ModelError, match="held out no labels"):
        predict_to_file(model.model_, scene, tmp_path / "m.tif", layers=layers)
    with pytest.raises(SettingError, match="coverage=2: must lie"):
        predict_to_file(
            model, scene, tmp_path / "m.tif", layers=[SetsLayer(tmp_path / "sets.tif", 2)]
        )
    assert not any(tmp_path.iterdir())


# Doubt


def test_doubtful_pixels_get_values_of_their_own_in_the_legend(
    scene: Scene, model: Calibrated, tmp_path: Path
) -> None:
    path = tmp_path / "m.tif"
    predict_to_file(model, scene, path, doubt=Doubt(abstain=0.7, false_alarms=0.02), tile_size=17)
    values, probabilities = read_class_map(path), model.predict_proba(scene)
    highest, valid = probabilities.max(axis=-1), ~small_invalid()
    assert (values[STRANGE] == 11).all()
    assert (values == 11).mean() < 0.06
    assert (values[small_invalid()] == 0).all()
    others = valid & (values != 11)
    clear = np.abs(highest - 0.7) > 1e-4
    np.testing.assert_array_equal(values[others & clear] == 10, highest[others & clear] < 0.7)
    sure = others & (values != 10)
    np.testing.assert_array_equal(values[sure], model.predict(scene)[sure])
    sidecar = (tmp_path / "m.tif.aux.xml").read_text(encoding="utf-8")
    style = (tmp_path / "m.qml").read_text(encoding="utf-8")
    for text in (sidecar, style):
        assert "not sure" in text
        assert "none of these" in text


def test_without_doubt_the_legend_has_the_classes_only(
    scene: Scene, model: Calibrated, tmp_path: Path
) -> None:
    predict_to_file(model, scene, tmp_path / "m.tif")
    assert "not sure" not in (tmp_path / "m.qml").read_text(encoding="utf-8")
    predict_to_file(model, scene, tmp_path / "m.tif", doubt=Doubt(false_alarms=0.02))
    values = read_class_map(tmp_path / "m.tif")
    assert set(np.unique(values)) == {0, 2, 5, 9, 11}  # the number means the same in every map


@pytest.mark.parametrize("doubt", [Doubt(abstain=1.2), Doubt(false_alarms=0.0)])
def test_a_doubt_that_is_no_share_is_refused(
    scene: Scene, model: Calibrated, tmp_path: Path, doubt: Doubt
) -> None:
    with pytest.raises(SettingError, match="must lie strictly between 0 and 1"):
        predict_to_file(model, scene, tmp_path / "m.tif", doubt=doubt)
    assert not any(tmp_path.iterdir())


def test_a_model_that_learned_no_distances_is_refused(
    scene: Scene, model: Calibrated, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"hsidiff\.Calibrated"):
        predict_to_file(model.model_, scene, tmp_path / "m.tif", doubt=Doubt(false_alarms=0.01))
    with pytest.warns(HsidiffWarning, match="no held-out label checked"):
        predict_to_file(model.model_, scene, tmp_path / "m.tif", doubt=Doubt(abstain=0.5))
