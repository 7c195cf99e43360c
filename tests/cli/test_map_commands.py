"""Commands for maps that exist: classes, edit, polygons, change; and areas of interest."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
from scipy import ndimage
from shapely.geometry import box

from command_line import Run, SmallFiles
from hsidiff.maps.geotiff import read_class_map
from hsidiff.maps.read_map import read_map
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from small_scenes import scene_of, small_cube

LDA = ("--method", "lda", "--block-px", 5)


@pytest.fixture
def model(run: Run, small_files: SmallFiles, tmp_path: Path) -> Path:
    path = tmp_path / "model"
    assert run("fit", *small_files.paths, "--method", "lda", "-o", path).exit_code == 0
    return path


@pytest.fixture
def area(small_files: SmallFiles, tmp_path: Path) -> Path:
    """The 20 columns on the left, in degrees."""
    transform = small_files.scene.transform
    left, top = transform.c, transform.f
    shape = box(left, top - 40 * 30, left + 20 * 30, top)
    table = geopandas.GeoDataFrame(geometry=[shape], crs=small_files.scene.crs)
    table.to_crs(4326).to_file(tmp_path / "area.gpkg")
    return tmp_path / "area.gpkg"


@pytest.fixture
def drawn(run: Run, small_files: SmallFiles, model: Path, tmp_path: Path) -> Path:
    assert run("predict", model, small_files.scene_path, "-o", tmp_path / "m.tif").exit_code == 0
    return tmp_path / "m.tif"


def write_table(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(("class,name,colour", *rows)))
    return path


def test_predict_draws_an_area_alone(
    run: Run, small_files: SmallFiles, model: Path, drawn: Path, area: Path, tmp_path: Path
) -> None:
    shares = tmp_path / "shares.tif"
    words = ("--area", area, "--probabilities", shares, "--tile-size", 10)
    ended = run("predict", model, small_files.scene_path, "-o", tmp_path / "cut.tif", *words)
    assert ended.exit_code == 0, ended.err
    assert "(no value, or outside)" in ended.out
    whole, cut = read_map(drawn).values, read_map(tmp_path / "cut.tif").values
    np.testing.assert_array_equal(cut[:, :20], whole[:, :20])
    assert not cut[:, 20:].any()
    with rasterio.open(shares) as dataset:
        assert (dataset.read()[:, :, 20:] == 255).all()


def test_map_scores_inside_the_area(
    run: Run, small_files: SmallFiles, area: Path, tmp_path: Path
) -> None:
    words = ("map", *small_files.paths, *LDA, "-o", tmp_path / "out", "--json")
    whole = json.loads(run(*words).out)
    ended = run(*words, "--area", area, "--overwrite")
    assert ended.exit_code == 0, ended.err
    inside = json.loads(ended.out)
    assert 0 < inside["n_scored"] < whole["n_scored"]
    assert inside["n_train"] == whole["n_train"]
    assert not read_map(tmp_path / "out" / "map.tif").values[:, 20:].any()


def test_an_area_elsewhere_is_refused(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    far = geopandas.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=4326)
    far.to_file(tmp_path / "far.gpkg")
    out = tmp_path / "no.tif"
    ended = run(
        "predict", model, small_files.scene_path, "-o", out, "--area", tmp_path / "far.gpkg"
    )
    assert ended.exit_code == 2
    assert "far.gpkg: all polygons lie outside" in ended.error
    assert not out.exists()


def test_classes_writes_a_table_that_map_takes(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    path = tmp_path / "legend.csv"
    ended = run("classes", small_files.labels_path, "-o", path)
    assert ended.exit_code == 0, ended.err
    assert "   3  roof [red]" in ended.out
    text = path.read_text(encoding="utf-8-sig").replace("grass,grass", "grass,corn")
    path.write_text(text, encoding="utf-8")
    ended = run(
        "map", *small_files.paths, *LDA, "--classes", path, "-o", tmp_path / "out", "--json"
    )
    assert ended.exit_code == 0, ended.err
    result = json.loads(ended.out)
    assert [(c["id"], c["name"]) for c in result["per_class"]] == [(1, "corn"), (3, "roof [red]")]
    run_facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert str(path) in json.dumps(run_facts)


def test_classes_of_points_need_a_scene(run: Run, small_files: SmallFiles, area: Path) -> None:
    ended = run("classes", area)
    assert ended.exit_code == 2
    assert "points and polygons have no pixels: add --scene SCENE" in ended.error


def test_an_unknown_class_is_refused_with_the_list(
    run: Run, small_files: SmallFiles, drawn: Path, tmp_path: Path
) -> None:
    table = write_table(tmp_path / "legend.csv", "Corn,maize,")
    out = tmp_path / "out"
    ended = run("map", *small_files.paths, *LDA, "--classes", table, "-o", out)
    assert ended.exit_code == 2
    known = "no class 'Corn', did you mean 'corn'? known are 'corn', 'grass', 'roof [red]'"
    assert f"legend.csv: {known}" in ended.error
    assert not out.exists()
    ended = run("edit", drawn, "--classes", table, "-o", tmp_path / "e.tif")
    assert ended.exit_code == 2
    assert known in ended.error


def test_edit_merges_colours_cuts_and_sieves(
    run: Run, drawn: Path, area: Path, tmp_path: Path
) -> None:
    table = write_table(tmp_path / "legend.csv", "corn,field,gold", "grass,field,")
    out = tmp_path / "e.tif"
    words = ("--classes", table, "--area", area, "--min-size", 4, "--json")
    ended = run("edit", drawn, *words, "-o", out)
    assert ended.exit_code == 0, ended.err
    before, after = read_map(drawn), read_map(out)
    assert [(c.id, c.name) for c in after.classes] == [(1, "field"), (3, "roof [red]")]
    assert after.classes[0].color == "#ffd700"
    assert not after.values[:, 20:].any()
    np.testing.assert_array_equal(after.values[:, :20] > 0, before.values[:, :20] > 0)
    assert json.loads(ended.out)["pixels"]["field"] == (after.values == 1).sum()
    assert out.with_suffix(".qml").exists()
    assert "field" in out.with_name("e.tif.aux.xml").read_text()


def test_edit_has_to_be_told_what_to_do(run: Run, drawn: Path, tmp_path: Path) -> None:
    ended = run("edit", drawn, "-o", tmp_path / "e.tif")
    assert ended.exit_code == 2
    assert "nothing to do: give --classes, --area or --min-size" in ended.error
    ended = run("edit", drawn, "-o", drawn, "--min-size", 3)
    assert ended.exit_code == 2
    assert "is read by this command" in ended.error
    ended = run("edit", drawn, "-o", tmp_path / "e.tif", "--min-size", 1)
    assert ended.exit_code == 2


def test_polygons_take_the_confidence_beside_the_map(run: Run, drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.gpkg"
    ended = run("polygons", drawn, "-o", out, "--json")
    assert ended.exit_code == 0, ended.err
    answer = json.loads(ended.out)
    table = geopandas.read_file(out)
    assert len(table) == sum(answer["n_polygons"].values())
    assert answer["confidence"] is None
    assert table["pixels"].sum() == np.count_nonzero(read_map(drawn).values)
    assert table["area_ha"].sum() == pytest.approx(table.geometry.area.sum() / 1e4, rel=1e-2)

    with rasterio.open(drawn) as dataset:
        profile = dataset.profile | {"dtype": "uint8", "nodata": 255, "driver": "GTiff"}
    with rasterio.open(tmp_path / "confidence.tif", "w", **profile) as dataset:
        dataset.write(np.full((1, 40, 50), 125, dtype=np.uint8))
        dataset.scales = [1 / 250]
    ended = run("polygons", drawn, "-o", out)
    assert "confidence from" in ended.out
    np.testing.assert_allclose(geopandas.read_file(out)["confidence"], 0.5)
    ended = run("polygons", drawn, "-o", out, "--confidence", tmp_path / "no.tif")
    assert ended.exit_code == 2
    assert "there is no such raster of confidence" in ended.error


def test_change_says_pixels_and_hectares(run: Run, drawn: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "legend.csv", "grass,corn,")
    run("edit", drawn, "--classes", table, "-o", tmp_path / "e.tif")
    words = ("-o", tmp_path / "c.csv", "--change-map", tmp_path / "c.tif")
    ended = run("change", drawn, tmp_path / "e.tif", *words)
    assert ended.exit_code == 0, ended.err
    before, after = read_map(drawn).values, read_map(tmp_path / "e.tif").values
    n_changed = np.count_nonzero(before != after)
    assert n_changed > 0
    assert ended.out.startswith(f"changed: {n_changed} pixels (")
    table = pd.read_csv(tmp_path / "c.csv")
    assert table["pixels"].sum() == before.size
    assert table[table["changed"]]["pixels"].sum() == n_changed
    np.testing.assert_allclose(table["hectares"], table["pixels"] * 0.09, rtol=1e-2)
    np.testing.assert_array_equal(read_map(tmp_path / "c.tif").values > 0, before != after)
    content = json.loads(run("change", drawn, tmp_path / "e.tif", "--json").out)
    assert {row["class"] for row in content["classes"]} == {"corn", "grass", "roof [red]"}

    ended = run("change", drawn, drawn, "--change-map", tmp_path / "d.tif")
    assert ended.exit_code == 2
    assert "nothing changed between the two maps" in ended.error
    assert run("change", drawn, drawn).out.startswith("changed: 0 pixels")


def test_commands_for_maps_refuse_a_scene(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    for words in (("polygons", "-o", tmp_path / "a.gpkg"), ("edit", "-o", tmp_path / "b.tif")):
        more = ("--min-size", 3) if words[0] == "edit" else ()
        ended = run(words[0], small_files.scene_path, *words[1:], *more)
        assert ended.exit_code == 2
        assert "scene.tif has 12 bands, a map has one" in ended.error


def test_spectra_writes_a_page_and_a_table(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    page = tmp_path / "spectra.html"
    ended = run("spectra", *small_files.paths, "-o", page)
    assert ended.exit_code == 0, ended.err
    assert "roof [red]" in ended.out
    assert "modified z-score above 3.5" in ended.out
    table = pd.read_csv(tmp_path / "spectra.csv")
    assert (table["distance"] > table["limit"]).all()
    text = page.read_text(encoding="utf-8")
    assert "Suspicious pixels" in text
    assert "data:image/svg" in text
    counts = json.loads(run("spectra", *small_files.paths, "-o", page, "--json").out)["suspicious"]
    assert sum(counts.values()) == len(table)
    assert run("spectra", *small_files.paths, "-o", tmp_path / "a.png").exit_code == 2


def test_map_drops_small_patches(run: Run, small_files: SmallFiles, tmp_path: Path) -> None:
    noisy = tmp_path / "noisy.tif"
    write_geotiff(scene_of(small_cube(noise=0.4, n_bands=3)), noisy)
    words = ("map", noisy, small_files.labels_path, *LDA, "--json", "--out")
    plain = json.loads(run(*words, tmp_path / "plain").out)
    kept = json.loads(run(*words, tmp_path / "kept", "--min-size", 12).out)
    before, after = (read_class_map(tmp_path / name / "map.tif") for name in ("plain", "kept"))
    n_changed = int(np.count_nonzero(before != after))
    assert n_changed > 0
    assert plain["small_patches"] is None
    assert kept["small_patches"] == {"min_size_px": 12, "n_pixels": n_changed}
    for area in kept["areas"]:
        assert area["pixels"] == np.count_nonzero(after == area["id"])
        parts, n_parts = ndimage.label(after == area["id"])
        assert all((parts == part).sum() >= 12 for part in range(1, n_parts + 1))


@pytest.mark.parametrize("more", [(), ("--abstain", 0.6)])
def test_the_confidence_of_a_sieved_map_is_that_of_the_class_it_shows(
    run: Run, small_files: SmallFiles, tmp_path: Path, more: tuple[object, ...]
) -> None:
    noisy = tmp_path / "noisy.tif"
    write_geotiff(scene_of(small_cube(noise=0.4, n_bands=3)), noisy)
    words = ("map", noisy, small_files.labels_path, *LDA, "--json", *more, "--out")
    run(*words, tmp_path / "plain")
    run(*words, tmp_path / "kept", "--min-size", 12)
    before, after = (read_class_map(tmp_path / name / "map.tif") for name in ("plain", "kept"))
    was, now = (read_bands(tmp_path / name / "confidence.tif")[0] for name in ("plain", "kept"))
    probabilities = read_bands(tmp_path / "kept" / "probabilities.tif")
    changed = (before != after) & (after <= len(probabilities))
    assert changed.any()
    np.testing.assert_array_equal(now[~changed], was[~changed])
    rows, cols = np.nonzero(changed)
    of_class = probabilities[after[rows, cols] - 1, rows, cols] / 250  # ids are 1, 2, ...
    np.testing.assert_array_equal(now[rows, cols], np.round(of_class * 100))
    assert (now[changed] <= was[changed] + 1).all()
    with rasterio.open(tmp_path / "kept" / "confidence.tif") as dataset:
        assert dataset.descriptions == ("probability of the mapped class (calibrated)",)


def read_bands(path: Path) -> np.ndarray:
    """(bands, rows, cols) stored numbers of a GeoTIFF."""
    with rasterio.open(path) as dataset:
        return dataset.read()
