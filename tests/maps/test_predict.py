"""Maps written tile by tile: same values, same place on earth, whole or not at all."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioIOError

from hsidiff import progress
from hsidiff.contract import SceneClassifier
from hsidiff.errors import ModelError, SettingError
from hsidiff.half_written import alone_in
from hsidiff.labels.label_map import LandClass
from hsidiff.maps.confidence import ConfidenceLayer
from hsidiff.maps.geotiff import stored_probabilities
from hsidiff.maps.predict import Unfinished, predict_to_file
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.seen_bands import SeenBands

WINDOW_PX = 16
UTM_33N = CRS.from_epsg(32633)
NORTH_UP = Affine(30.0, 0.0, 380_000.5, 0.0, -30.0, 5_800_000.25)


@dataclass
class Brightness(SceneClassifier):
    """Splits by the mean of the 3 x 3 pixels around a pixel: it needs a halo of one pixel."""

    fail_at_tile: int | None = None
    error: type[BaseException] = RuntimeError

    name = "brightness"

    @property
    def halo_px(self):
        return 1

    def _fit(self, scene, labels):
        self.n_tiles_ = 0

    def _predict_proba_tile(self, cube, window):
        if self.n_tiles_ == self.fail_at_tile:
            raise self.error
        self.n_tiles_ += 1
        first = np.nan_to_num(cube[:, :, 0])
        mean = np.lib.stride_tricks.sliding_window_view(first, (3, 3)).mean(axis=(2, 3))
        middles = (np.arange(len(self.classes_)) + 0.5) / len(self.classes_)
        score = np.exp(-20 * np.abs(mean[:, :, None] - middles))
        return (score / score.sum(axis=-1, keepdims=True)).astype(np.float32)

    def _get_learned(self):
        return Learned({}, {})

    def _set_learned(self, learned):
        pass


@pytest.fixture(autouse=True)
def small_windows(monkeypatch):
    """Of small scenes there are many windows, too."""
    monkeypatch.setattr("hsidiff.contract.WINDOW_PX", WINDOW_PX)


def fitted(ids=(1, 2, 5), **settings_of_model):
    model = Brightness(**settings_of_model)
    model.classes_ = tuple(LandClass(i, f"class <{i}> & more", "#aa3377") for i in ids)
    model.n_bands_, model.bands_, model.seen_values_ = 2, SeenBands(None), None
    model.n_tiles_ = 0
    return model


def make_scene(shape=(70, 50), crs=UTM_33N, transform=NORTH_UP):
    values = np.random.default_rng(0).random((*shape, 2)).astype(np.float32)
    values[shape[0] // 2 :, : shape[1] // 3] = np.nan
    good_bands = np.ones(2, dtype=bool)
    return Scene("made", ArraySource(values), good_bands, crs=crs, transform=transform)


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_the_file_holds_what_predict_gives(tmp_path):
    scene, model = make_scene(), fitted()
    predict_to_file(model, scene, tmp_path / "map.tif", tile_size=32)
    expected = model.predict(scene)
    assert set(np.unique(expected)) == {0, 1, 2, 5}
    np.testing.assert_array_equal(read(tmp_path / "map.tif")[0], expected)


def test_map_does_not_depend_on_the_tile_size(tmp_path):
    scene = make_scene((131, 97))
    stored = []
    for tile_size in (32, 64, 132):  # 132: the whole scene in one tile
        names = tmp_path / f"map{tile_size}.tif", tmp_path / f"probabilities{tile_size}.tif"
        predict_to_file(fitted(), scene, names[0], probabilities_path=names[1], tile_size=tile_size)
        stored.append([read(name) for name in names])
    for maps in stored[1:]:
        np.testing.assert_array_equal(maps[0], stored[0][0])
        np.testing.assert_array_equal(maps[1], stored[0][1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (259, 3)])
def test_any_shape_of_scene_is_mapped(tmp_path, shape):
    scene = make_scene(shape)
    predict_to_file(fitted(), scene, tmp_path / "map.tif", tile_size=256)
    np.testing.assert_array_equal(read(tmp_path / "map.tif")[0], fitted().predict(scene))


def test_the_map_is_a_cog_with_overviews_and_nodata_0(tmp_path):
    predict_to_file(fitted(), make_scene((600, 300)), tmp_path / "map.tif")
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.profile["compress"] == "deflate"
        assert dataset.overviews(1)
        assert dataset.nodata == 0
        assert dataset.dtypes == ("uint8",)


@pytest.mark.parametrize("n_classes", [2, 3, 4, 5])
def test_probabilities_come_back_to_half_a_step(tmp_path, n_classes):
    scene, model = make_scene(), fitted(range(1, n_classes + 1))
    path = tmp_path / "probabilities.tif"
    predict_to_file(model, scene, tmp_path / "map.tif", probabilities_path=path, tile_size=32)
    expected = model.predict_proba(scene)
    with rasterio.open(path) as dataset:
        assert dataset.descriptions == tuple(c.name for c in model.classes_)
        assert dataset.colorinterp[0] == ColorInterp.gray
        assert set(dataset.colorinterp[1:]) == {ColorInterp.undefined}
        stored = np.moveaxis(dataset.read(masked=True), 0, -1)
        probabilities = stored * dataset.scales[0] + dataset.offsets[0]
    invalid = ~expected.any(axis=-1)
    np.testing.assert_array_equal(stored.mask, np.repeat(invalid[:, :, None], n_classes, axis=2))
    np.testing.assert_allclose(probabilities[~invalid], expected[~invalid], atol=0.5 / 250 + 1e-6)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    a=st.floats(0.01, 5000),
    shear=st.tuples(st.floats(-100, 100), st.floats(-100, 100)),
    origin=st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)),
    e=st.one_of(st.floats(-5000, -0.01), st.floats(0.01, 5000)),
    epsg=st.sampled_from([None, 32633, 4326, 3035, 25833]),
)
def test_map_keeps_crs_and_transform_exactly(tmp_path, a, shear, origin, e, epsg):
    assume(not np.isclose(a * e, shear[0] * shear[1]))  # pixels without an area are refused
    transform = Affine(a, shear[0], origin[0], shear[1], e, origin[1])
    crs = None if epsg is None else CRS.from_epsg(epsg)
    names = tmp_path / "map.tif", tmp_path / "probabilities.tif"
    scene = make_scene((3, 4), crs=crs, transform=transform)
    predict_to_file(fitted(), scene, names[0], probabilities_path=names[1])
    for name in names:
        with rasterio.open(name) as dataset:
            assert tuple(dataset.transform) == tuple(transform)
            assert dataset.crs == crs


def test_a_scene_without_georeference_gives_a_map_without_and_no_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict_to_file(fitted(), make_scene(crs=None, transform=None), tmp_path / "map.tif")
    with (
        pytest.warns(rasterio.errors.NotGeoreferencedWarning),
        rasterio.open(tmp_path / "map.tif") as dataset,
    ):
        assert dataset.crs is None


def test_a_scene_without_a_valid_pixel_is_0_everywhere(tmp_path):
    scene = make_scene()
    scene = replace(scene, source=ArraySource(np.full((70, 50, 2), np.nan)))
    names = tmp_path / "map.tif", tmp_path / "probabilities.tif"
    predict_to_file(fitted(), scene, names[0], probabilities_path=names[1])
    assert not read(names[0]).any()
    assert (read(names[1]) == 255).all()


@pytest.mark.parametrize(
    ("ids", "dtype"), [((1, 255), "uint8"), ((3, 256), "uint16"), ((9, 70_000), "uint32")]
)
def test_class_ids_of_any_size_travel_to_the_map(tmp_path, ids, dtype):
    predict_to_file(fitted(ids), make_scene(), tmp_path / "map.tif")
    values = read(tmp_path / "map.tif")
    assert values.dtype == dtype
    assert set(np.unique(values)) == {0, *ids}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_stopped_run_leaves_nothing_behind(tmp_path, error):
    model = fitted(fail_at_tile=2, error=error)
    names = tmp_path / "map.tif", tmp_path / "probabilities.tif"
    with pytest.raises(error):
        predict_to_file(model, make_scene(), names[0], probabilities_path=names[1], tile_size=16)
    assert model.n_tiles_ == 2
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_clear_error_and_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_, **__):
        raise RasterioIOError("Write operation failed\nmore")

    monkeypatch.setattr("hsidiff.maps.geotiff.rasterio.shutil.copy", full)
    with pytest.raises(OSError, match=r"cannot be written; is there space left\?") as raised:
        predict_to_file(fitted(), make_scene(), tmp_path / "map.tif")
    assert raised.value.filename == str(tmp_path / "map.tif")
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_run_keeps_an_older_map(tmp_path):
    predict_to_file(fitted(), make_scene(), tmp_path / "map.tif")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(RuntimeError):
        predict_to_file(fitted(fail_at_tile=0), make_scene(), tmp_path / "map.tif")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_nothing_but_the_named_files_is_written(tmp_path):
    names = tmp_path / "map.tif", tmp_path / "probabilities.tif"
    predict_to_file(fitted(), make_scene(), names[0], probabilities_path=names[1])
    found = {file.name for file in tmp_path.iterdir()}
    assert found == {"map.tif", "map.tif.aux.xml", "map.qml", "probabilities.tif"}


def test_the_attribute_table_counts_the_pixels_of_the_map(tmp_path):
    predict_to_file(fitted(), make_scene(), tmp_path / "map.tif", tile_size=16)
    rows = ElementTree.parse(tmp_path / "map.tif.aux.xml").findall(".//Row")
    counts = {int(row[0].text): int(row[5].text) for row in rows}
    values = read(tmp_path / "map.tif")
    assert counts == {i: int((values == i).sum()) for i in (1, 2, 5)}


def test_each_window_is_computed_once_and_reported(tmp_path):
    model, heard = fitted(), []
    with progress.listen(lambda *report: heard.append(report)):
        predict_to_file(
            model,
            make_scene((32, 32)),
            tmp_path / "map.tif",
            probabilities_path=tmp_path / "p.tif",
            tile_size=32,
        )
    assert heard == [("map", n_done, 4) for n_done in range(5)]
    assert model.n_tiles_ == 4


def test_refusals_say_what_to_do_and_write_nothing(tmp_path):
    scene, model = make_scene(), fitted()
    with pytest.raises(SettingError, match="tile_size=0: must be at least 1"):
        predict_to_file(model, scene, tmp_path / "map.tif", tile_size=0)
    with pytest.raises(SettingError, match=r"ending in \.tif"):
        predict_to_file(model, scene, tmp_path / "map.png")
    with pytest.raises(SettingError, match="need a name each"):
        predict_to_file(
            model, scene, tmp_path / "map.tif", probabilities_path=tmp_path / "." / "map.tif"
        )
    with pytest.raises(ModelError, match="usable bands"):
        predict_to_file(model, scene.without_bands([1]), tmp_path / "map.tif")
    assert list(tmp_path.iterdir()) == []


def test_the_scene_is_never_overwritten(tmp_path):
    path = tmp_path / "scene.tif"
    path.write_bytes(b"the only copy")
    with pytest.raises(SettingError, match="the scene itself"):
        predict_to_file(fitted(), replace(make_scene(), files=(path,)), path)
    assert path.read_bytes() == b"the only copy"


def test_only_tiles_are_held_in_memory(tmp_path):
    largest = []

    class Watched(Brightness):
        def _predict_proba_tile(self, cube, window):
            largest.append(cube.size)
            return super()._predict_proba_tile(cube, window)

    model = Watched()
    model.__dict__.update(fitted().__dict__)
    predict_to_file(model, make_scene((320, 320)), tmp_path / "map.tif", tile_size=32)
    assert max(largest) == (WINDOW_PX + 2) ** 2 * 2


def test_paths_may_be_text_and_folders_are_made(tmp_path):
    target = Path(tmp_path) / "new" / "map.tif"
    predict_to_file(fitted(), make_scene(), str(target))
    assert target.is_file()


def test_a_window_of_the_contract_is_what_the_file_holds(tmp_path):
    scene, model = make_scene(), fitted()
    predict_to_file(model, scene, tmp_path / "map.tif", tile_size=16)
    window = Window(3, 7, 10, 12)
    expected = model.most_probable(model.predict_proba_window(scene, window))
    np.testing.assert_array_equal(read(tmp_path / "map.tif")[0][window.slices], expected)


def test_outside_an_area_nothing_is_mapped_and_no_window_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr("hsidiff.contract.WINDOW_PX", 10)
    scene, whole, part = make_scene(), fitted(), fitted()
    area = np.zeros(scene.shape, dtype=bool)
    area[3:9, 12:40] = True
    shares = tmp_path / "shares.tif"
    predict_to_file(
        part, scene, tmp_path / "map.tif", probabilities_path=shares, tile_size=10, area=area
    )
    expected = np.where(area, whole.predict(scene), 0)
    np.testing.assert_array_equal(read(tmp_path / "map.tif")[0], expected)
    assert (read(shares)[:, ~area] == 255).all()
    assert part.n_tiles_ == 3


@pytest.mark.parametrize("tile_size", [10, 30, 500])
def test_a_window_outside_an_area_is_not_mapped_whatever_tile_it_lies_in(tmp_path, tile_size):
    scene, area = make_scene(), np.zeros((70, 50), dtype=bool)
    area[3:9, 12:40] = True
    shares, path = tmp_path / "shares.tif", tmp_path / "map.tif"
    given = {"probabilities_path": shares, "tile_size": tile_size, "area": area}
    predict_to_file(fitted(), scene, path, **given)
    assert (read(shares)[:, ~area] == 255).all()
    np.testing.assert_array_equal(read(path)[0], np.where(area, fitted().predict(scene), 0))


class Telltale(Brightness):
    """Says how sure it is by the window that a pixel is computed in."""

    def _predict_proba_tile(self, cube, window):
        probabilities = super()._predict_proba_tile(cube, window)
        own = np.random.default_rng([window.row, window.col, window.n_rows, window.n_cols])
        blend = np.float32(own.uniform(0.1, 0.9))
        return blend * probabilities + (1 - blend) / probabilities.shape[-1]


def telltale(**settings_of_model):
    model = Telltale(**settings_of_model)
    model.__dict__.update(fitted(**settings_of_model).__dict__)
    return model


def draw_all(model, folder, **given):
    """Every raster of a map; gives the bytes of all files by name."""
    folder.mkdir(exist_ok=True)
    layers = [ConfidenceLayer(folder / "confidence.tif")]
    names = folder / "map.tif", folder / "probabilities.tif"
    predict_to_file(
        model, make_scene(), names[0], probabilities_path=names[1], layers=layers, **given
    )
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_files_are_the_same_for_any_tile_size_and_number_of_cores(tmp_path, monkeypatch):
    expected = draw_all(telltale(), tmp_path / "first")
    for tile_size, n_cores in ((1, 1), (16, 3), (40, 2), (1000, 1)):
        monkeypatch.setattr("hsidiff.contract.usable_cores", lambda n_cores=n_cores: n_cores)
        found = draw_all(telltale(), tmp_path / f"{tile_size}", tile_size=tile_size)
        assert found == expected
    probabilities = telltale().predict_proba(make_scene())
    np.testing.assert_array_equal(
        read(tmp_path / "first" / "probabilities.tif"),
        np.moveaxis(stored_probabilities(probabilities), -1, 0),
    )
    class_map = telltale().predict(make_scene())
    np.testing.assert_array_equal(read(tmp_path / "first" / "map.tif")[0], class_map)


def test_a_stopped_map_goes_on_and_computes_only_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("hsidiff.contract.usable_cores", lambda: 1)
    expected = draw_all(telltale(), tmp_path / "at once")
    kept = Unfinished(tmp_path / ".kept", {"model": "a"})
    for _ in range(3):
        model = telltale(fail_at_tile=4, error=KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            draw_all(model, tmp_path / "stopped", tile_size=16, unfinished=kept)
        assert list((tmp_path / "stopped").iterdir()) == []
    every = telltale()
    every.predict(make_scene())
    last = telltale()
    # A tile size that memory suggests on another day goes on with the tiles that were begun.
    found = draw_all(last, tmp_path / "stopped", tile_size=48, unfinished=kept)
    assert found == expected
    assert last.n_tiles_ == every.n_tiles_ - 3 * 4
    assert not kept.folder.exists()


def test_two_commands_do_not_share_out_one_map(tmp_path):
    kept = Unfinished(tmp_path / ".kept")
    with (
        alone_in(kept.folder),
        pytest.raises(SettingError, match="another command is drawing this map"),
    ):
        draw_all(telltale(), tmp_path / "a", unfinished=kept)
    assert draw_all(telltale(), tmp_path / "a", unfinished=kept)
    assert not kept.folder.exists()


def test_another_map_in_the_folder_of_an_unfinished_one_is_refused(tmp_path):
    kept = tmp_path / ".kept"
    with pytest.raises(RuntimeError):
        draw_all(
            telltale(fail_at_tile=3), tmp_path / "a", unfinished=Unfinished(kept, {"model": "a"})
        )
    with pytest.raises(SettingError, match="unfinished map with another model"):
        draw_all(telltale(), tmp_path / "a", unfinished=Unfinished(kept, {"model": "b"}))
    assert list((tmp_path / "a").iterdir()) == []
    assert draw_all(telltale(), tmp_path / "a", unfinished=Unfinished(kept, {"model": "a"}))
