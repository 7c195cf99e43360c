"""The table of the docs is that of the file that the script writes."""

from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]


def test_the_docs_have_the_figures_of_the_file() -> None:
    table = pd.read_csv(ROOT / "docs/results/area-coverage.csv", keep_default_na=False)
    page = (ROOT / "docs/accuracy-and-areas.md").read_text(encoding="utf-8")
    n_rows = 0
    for (name, quantity), part in table.groupby(["map", "quantity"], sort=False):
        if quantity != "overall accuracy":
            columns = (part["coverage"], part["usual_interval"])
            shown = [", ".join(f"{100 * x:.1f}" for x in column) for column in columns]
            assert f"| {name} | {quantity} | {' | '.join(shown)} |" in page
            n_rows += 1
    assert n_rows == 12
    areas = table[(table["quantity"] == "area") & (table["truth"] > 0)]
    is_exception = (areas["map"] == "with an accurate class") & (areas["class"] == "A")
    assert areas.loc[~is_exception, "coverage"].between(0.93, 0.97).all()
    assert areas.loc[is_exception, "coverage"].gt(0.97).all()
