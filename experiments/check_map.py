"""Check what `hsidiff map -o FOLDER` wrote of one scene, by other means.

    python experiments/check_map.py FOLDER [SCENE]

The rasters are read by rasterio alone, names and colours from the files that QGIS and GDAL read,
and compared with result.json: grid (that of SCENE, a file that rasterio opens), palette and names,
pixels and hectares, the confidence band against the probabilities, the scores of the held-out
labels by scikit-learn, and the calibration error of the labels that the model keeps for it. Fails
with a message if anything differs. `check_accuracy.py` does the same for areas with intervals and
the assessment by a sample.
"""

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import rasterio
from safetensors.numpy import load_file
from sklearn import metrics

CONFIDENCE_STEP = 0.5 + 0.2
"""In per cent: confidence is rounded to whole ones, probabilities to 1/250."""


def main(folder: str, scene: str | None = None) -> None:
    """Compare, and print how much was."""
    path = Path(folder)
    told = json.loads((path / "result.json").read_text(encoding="utf-8"))
    bands = {name: _read(path / f"{name}.tif") for name in ("map", "confidence", "probabilities")}
    _check_grids(bands, scene)
    _check_legend(path, told)
    ids = bands["map"][0][0]
    n_hectares = _check_areas(ids, told, bands["map"][1])
    n_confident = _check_confidence(ids, bands["confidence"][0][0], bands["probabilities"], told)
    n_scored = _check_scores(path / "held_out.npz", told)
    _check_calibration(path / "model" / "learned.safetensors", told)
    on_grid = "" if scene is None else " on the scene's grid"
    print(
        f"{path}: {ids.shape[0]} x {ids.shape[1]} pixels{on_grid}, "
        f"{len(told['areas'])} classes with names and colours, {n_hectares} areas, confidence of "
        f"{n_confident} pixels, scores of {n_scored} held-out labels: all agree"
    )


def _read(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    with rasterio.open(path) as dataset:
        about = {"crs": dataset.crs, "transform": dataset.transform, "nodata": dataset.nodata}
        about |= {"scales": dataset.scales, "names": dataset.descriptions}
        return dataset.read(), about


def _check_grids(bands: dict[str, tuple[np.ndarray, dict[str, Any]]], scene: str | None) -> None:
    """All rasters lie on one grid, that of the scene if it is given."""
    grids = {n: (about["crs"], about["transform"]) for n, (_, about) in bands.items()}
    shapes = {name: values.shape[1:] for name, (values, _) in bands.items()}
    if scene is not None:
        with rasterio.open(scene) as dataset:
            grids["scene"], shapes["scene"] = (dataset.crs, dataset.transform), dataset.shape
    assert len(set(shapes.values())) == 1, f"shapes differ: {shapes}"
    for name, grid in grids.items():
        assert grid == grids["map"], f"the grid of {name} is {grid}, that of the map {grids['map']}"


def _check_legend(path: Path, told: dict[str, Any]) -> None:
    """Palette, names for GDAL, and style for QGIS hold the names and colours of result.json."""
    wanted = {e["id"]: (e["name"], e["color"]) for e in (*told["per_class"], *told["doubt"])}
    with rasterio.open(path / "map.tif") as dataset:
        palette = dataset.colormap(1)
    found = {i: f"#{bytes(palette[i][:3]).hex()}" for i in wanted}
    assert found == {i: color for i, (_, color) in wanted.items()}, f"palette: {found}"
    names = [e.text for e in ElementTree.parse(path / "map.tif.aux.xml").iter("Category")]
    assert {i: names[i] for i in wanted} == {i: name for i, (name, _) in wanted.items()}, names
    style = {
        int(e.attrib["value"]): (e.attrib["label"], e.attrib["color"])
        for e in ElementTree.parse(path / "map.qml").iter("paletteEntry")
    }
    assert style == wanted, f"map.qml: {style}"


def _check_areas(ids: np.ndarray, told: dict[str, Any], about: dict[str, Any]) -> int:
    """Pixels and hectares, these in a projected CRS; the number of areas that were compared."""
    crs, n_compared = about["crs"], 0
    pixel_ha = abs(about["transform"].determinant) / 1e4
    is_projected = crs is not None and crs.is_projected
    for entry in told["areas"]:
        n_pixels = int((ids == entry["id"]).sum())
        assert n_pixels == entry["pixels"], f"{entry['name']}: {n_pixels} pixels"
        if is_projected:
            apart = abs(n_pixels * pixel_ha - entry["hectares"])
            assert apart < 1e-6 * max(n_pixels, 1), f"{entry['name']}: {n_pixels * pixel_ha} ha"
            n_compared += 1
        else:
            assert crs is not None or entry["hectares"] is None, entry
    assert sum(entry["pixels"] for entry in told["areas"]) == int((ids > 0).sum())
    return n_compared


def _check_confidence(
    ids: np.ndarray,
    confidence: np.ndarray,
    probabilities: tuple[np.ndarray, dict[str, Any]],
    told: dict[str, Any],
) -> int:
    """The confidence is the probability of the class that the map shows, and missing where it is.

    The class that is shown is the most probable one, unless small patches were taken away.
    """
    (values, about), n_compared = probabilities, 0
    has_data = values[0] != about["nodata"]
    assert np.array_equal(has_data, ids > 0), "the map has no data where there are probabilities"
    assert np.array_equal(has_data, confidence != 255), "confidence.tif has other gaps"
    percent = 100 * values.astype(float) * about["scales"][0]
    for band, name in enumerate(about["names"]):
        entry = next(e for e in told["per_class"] if e["name"] == name)
        shown = ids == entry["id"]
        apart = np.abs(percent[band][shown] - confidence[shown])
        assert not (apart > CONFIDENCE_STEP + 1e-6).any(), f"{name}: confidence off by {max(apart)}"
        if not told["small_patches"]:
            assert (percent[band][shown] >= percent[:, shown].max(axis=0) - 0.4 - 1e-6).all(), name
        n_compared += int(shown.sum())
    return n_compared


def _check_scores(path: Path, told: dict[str, Any]) -> int:
    """The scores of the held-out labels, by scikit-learn; their number."""
    if not path.exists():
        return 0
    with np.load(path) as held_out:
        labels, predicted = held_out["labels"], held_out["class_map"]
    truth, predicted = labels[labels > 0], predicted[labels > 0]
    recalls = metrics.recall_score(truth, predicted, labels=np.unique(truth), average=None)
    again = {
        "overall_accuracy": metrics.accuracy_score(truth, predicted),
        "average_accuracy": recalls.mean(),
        "kappa": metrics.cohen_kappa_score(truth, predicted),
    }
    for name, value in again.items():
        assert abs(value - told[name]) < 1e-9, f"{name}: {value}, told {told[name]}"
    return len(truth)


def _check_calibration(path: Path, told: dict[str, Any]) -> None:
    """The calibration error before calibration, of the labels that the model keeps for it."""
    if not told["reliability"]:
        return
    kept = load_file(path)
    probabilities, classes = kept["by_groups.proba"], kept["by_groups.classes"]
    assert len(classes) == told["reliability"]["n_pixels"], f"{len(classes)} labels calibrate"
    confidence, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == classes
    bins = np.digitize(confidence, np.linspace(0, 1, 16)[1:-1], right=True)
    error = sum(
        abs(confidence[bins == b].sum() - is_right[bins == b].sum()) for b in np.unique(bins)
    ) / len(classes)
    before = told["reliability"]["before"]["expected_calibration_error"]
    assert abs(error - before) < 1e-5, f"calibration error: {error}, told {before}"


if __name__ == "__main__":
    main(*sys.argv[1:])
