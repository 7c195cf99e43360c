"""Check what `hsidiff evaluate -o FOLDER` wrote, by other means: weighted means and a bootstrap.

    python experiments/check_accuracy.py FOLDER

FOLDER holds accuracy.json. The map and the filled sample that it names are read again: the map by
rasterio alone, the sample by geopandas alone. Areas and accuracies are recomputed as means weighted
by pixels / samples of each point's stratum, standard errors by drawing points again within strata.
Fails with a message if a number differs; hectares are those of a projected CRS.
"""

import json
import sys
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import rasterio

N_DRAWS = 2000


def main(folder: str) -> None:
    """Recompute, compare, and print how far the numbers are apart at most."""
    told = json.loads((Path(folder) / "accuracy.json").read_text(encoding="utf-8"))
    names = {entry["name"]: entry["id"] for entry in told["classes"]}
    with rasterio.open(told["map"]) as dataset:
        values, transform = dataset.read(1), dataset.transform
    points = read_points(told["labels"])
    reference = np.array([names.get(text, text) for text in points["reference"]], dtype=int)
    places = np.array([points["x"], points["y"], np.ones(len(points))])
    cols, rows = np.floor(~transform @ places)[:2]
    mapped = values[rows.astype(int), cols.astype(int)]

    apart = []
    for entry in told["areas"]:
        n_pixels = int((values == entry["id"]).sum())
        apart.append(abs(n_pixels - entry["pixels"]))
        hectares = n_pixels * abs(transform.determinant) / 1e4
        apart.append(abs(hectares - entry["hectares"]))
    generator = np.random.default_rng(0)
    strata = points["stratum"].to_numpy()
    places = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    draws = [
        np.concatenate([generator.choice(place, len(place)) for place in places])
        for _ in range(N_DRAWS)
    ]
    errors = []
    for entry in told["classes"]:
        is_it, says_it = reference == entry["id"], mapped == entry["id"]
        for key, hits, of in (
            ("area_share", is_it, np.ones(len(points), dtype=bool)),
            ("users_accuracy", is_it & says_it, says_it),
            ("producers_accuracy", is_it & says_it, is_it),
        ):
            if entry[key] is not None:
                apart.append(abs(ratio(points, hits, of) - entry[key]["value"]))
                again = [ratio(points.iloc[draw], hits[draw], of[draw]) for draw in draws[:400]]
                errors.append((entry["name"], key, entry[key]["standard_error"], np.nanstd(again)))
                assert entry[key]["low"] < entry[key]["high"], (entry["name"], key)
    has_class = np.isin(mapped, list(names.values()))
    for key, of in (("overall_accuracy", has_class | True), ("accuracy_where_mapped", has_class)):
        if told[key] is not None:
            apart.append(abs(ratio(points, reference == mapped, of) - told[key]["value"]))
    assert max(apart) < 1e-6, f"numbers differ by up to {max(apart)}"
    print(f"values agree to {max(apart):.1e}; standard errors, told and drawn:")
    print(pd.DataFrame(errors, columns=["class", "of", "told", "drawn"]).round(4).to_string())


def read_points(path: str) -> pd.DataFrame:
    """The points that have a reference class."""
    table = pd.read_csv(path) if path.endswith(".csv") else geopandas.read_file(path, layer=0)
    return table[table["reference"].notna() & (table["reference"] != "")].reset_index(drop=True)


def ratio(points: pd.DataFrame, hits: np.ndarray, of: np.ndarray) -> float:
    """Weighted share of ``hits`` among ``of``."""
    strata = points["stratum"]
    weights = points["stratum_pixels"] / strata.map(strata.value_counts())
    total = weights[of].sum()
    return float(weights[hits].sum() / total) if total else np.nan


if __name__ == "__main__":
    main(*sys.argv[1:])
