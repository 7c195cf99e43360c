"""The commands on real scenes, in the formats that their makers gave them."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

import hsidiff
from command_line import Run
from hsidiff.errors import HsidiffWarning
from hsidiff.maps.geotiff import read_class_map

pytestmark = pytest.mark.real_data

HYMAP = "berlin-hymap/HyMap02_Berlin_Urban_Gradient_2009.bsq"
HYMAP_LABELS = "berlin-hymap/LandCov_Vec_Berlin_Urban_Gradient_2009.shp"
SIMULATED = "berlin-enmap-simulated/EnMAP_BerlinUrbanGradient.bsq"
SIMULATED_LABELS = "berlin-enmap-simulated/LandCov_BerlinUrbanGradient.shp"
POTSDAM, POTSDAM_LABELS = "enmap_potsdam.tif", "enmap_potsdam_labels.tif"


@pytest.mark.slow
def test_the_unscaled_crop_of_potsdam_is_refused_with_its_factor(
    run: Run, real_data: Path, tmp_path: Path
) -> None:
    folder, model = real_data / "enmap-potsdam", tmp_path / "model"
    ended = run("fit", folder / POTSDAM, folder / POTSDAM_LABELS, "--method", "lda", "-o", model)
    assert ended.exit_code == 0, ended.err
    # As the product stores it, and without the scale that the mosaic states.
    with rasterio.open(folder / POTSDAM) as dataset:
        profile = {**dataset.profile, "width": 96, "height": 96, "blockxsize": 32, "blockysize": 32}
        stored, tags = dataset.read(window=((0, 96), (0, 96))), dataset.tags()
        of_bands = [dataset.tags(band, ns="IMAGERY") for band in dataset.indexes]
    with rasterio.open(tmp_path / "crop.tif", "w", **profile) as crop:
        crop.write(stored)
        crop.update_tags(**{name: tags[name] for name in ("bbl",) if name in tags})
        for band, of_band in enumerate(of_bands, start=1):
            crop.update_tags(band, ns="IMAGERY", **of_band)
    words = ("predict", model, tmp_path / "crop.tif", "-o", tmp_path / "map.tif")
    refused = run(*words)
    assert refused.exit_code == 2
    assert "crop: values are 10,000 times larger than those the model learned from" in refused.error
    assert "--rescale 0.0001" in refused.error
    ended = run(*words, "--rescale", 0.0001)
    assert ended.exit_code == 0, ended.err
    mapped = read_class_map(tmp_path / "map.tif")
    whole = hsidiff.load_classifier(model).predict(hsidiff.open_scene(folder / POTSDAM))
    assert (mapped == whole[:96, :96]).mean() > 0.999  # float32 rounds the product otherwise
    assert (mapped > 0).sum() == np.count_nonzero(whole[:96, :96])


@pytest.mark.slow
def test_a_model_of_the_airborne_scene_maps_the_simulated_one_by_wavelength(
    run: Run, real_data: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    words = ("--field", "Level_2", "--drop-nm", "1500-1510,1790-2030,2420-2450", "--method", "lda")
    ended = run("fit", real_data / HYMAP, real_data / HYMAP_LABELS, *words, "-o", model)
    assert ended.exit_code == 0, ended.err
    own = run("predict", model, real_data / HYMAP, "-o", tmp_path / "own.tif", "--json")
    assert own.exit_code == 0, own.err
    assert json.loads(own.out)["unlike"]["share"] < 0.05
    # Reflectances of 0 to 1 and of 0 to 10,000.
    refused = run("predict", model, real_data / SIMULATED, "-o", tmp_path / "other.tif")
    assert refused.exit_code == 2
    assert "10,000 times larger" in refused.error
    ended = run(
        "predict", model, real_data / SIMULATED, "--rescale", 0.0001, "-o", tmp_path / "other.tif",
        "--json",
    )  # fmt: skip
    assert ended.exit_code == 0, ended.err
    assert "bands of the model are found by wavelength among its 177" in ended.err
    scene = hsidiff.open_scene(real_data / SIMULATED)
    with pytest.warns(HsidiffWarning, match="869 of 3\u202f531 labels lie outside the scene"):
        labels = hsidiff.read_labels(real_data / SIMULATED_LABELS, scene, field="Level_2")
    mapped = read_class_map(tmp_path / "other.tif")
    names = {c.id: c.name for c in hsidiff.load_classifier(model).classes_}
    trees = labels.values == next(c.id for c in labels.classes if c.name == "Tree")
    assert np.mean([names.get(i) == "Tree" for i in mapped[trees]]) > 0.5
