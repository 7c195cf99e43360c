"""``docs/papers-tables.md`` says what the committed rows say."""

import re

import pandas as pd
import pytest

from documents import ROOT, text_of

RESULTS = ROOT / "docs" / "results"
RANDOM, BLOCKS = "random 10 %", "blocks, 30 per class"
IN_TABLE_6 = range(3)
"""Seeds of the cells of Table VI; others were run for Table V alone."""


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading of the page, without its two first lines."""
    _, _, below = text_of("docs/papers-tables.md").partition(f"\n{heading}\n")
    assert below, heading
    (table, *_) = re.findall(r"(?:^\|.*\n)+", below, flags=re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()][
        2:
    ]


def told(cells: pd.DataFrame, *others: str) -> str:
    """Overall accuracy, with its deviation over several seeds, and means of other scores."""
    overall = 100 * cells["overall_accuracy"]
    spread = f" ± {overall.std():.1f}" if len(cells) > 1 else ""
    return " / ".join(
        [f"{overall.mean():.1f}{spread}", *(f"{100 * cells[name].mean():.1f}" for name in others)]
    )


def results(name: str, split: str | None = None) -> pd.DataFrame:
    cells = pd.read_csv(RESULTS / name)
    return cells if split is None else cells[cells["split"] == split]


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_table_6_has_the_rows_of_its_file(layer: int) -> None:
    cells = results("spectraldiff-tables-5-6.csv", RANDOM)
    cells = cells[cells["seed"].isin(IN_TABLE_6)]
    row = rows_of("## Table VI: timestep by layer")[layer]
    assert row[0] == str(layer)
    for timestep, text in zip((5, 10, 100, 200), row[1:], strict=True):
        own = cells[cells["method"] == f"features layers=[{layer}] timesteps=[{timestep}]"]
        assert len(own) == len(IN_TABLE_6)
        assert text.endswith(f"; {told(own, 'average_accuracy')}")


@pytest.mark.parametrize(
    ("heading", "name", "ours"),
    [
        ("## Table V: what diffusion features are worth", "spectraldiff-tables-5-6.csv", 3),
        ("## Table II: the baselines", "spectraldiff-table-2.csv", 2),
        ("## DiffCRN's parts", "diffcrn-parts-indian-pines.csv", 1),
        ("## The checks of DiffSpectralNet's summary", "diffspectralnet-checks.csv", 1),
    ],
)
def test_the_other_tables_have_the_rows_of_their_files(heading: str, name: str, ours: int) -> None:
    names = {"features": "features layers=[1] timesteps=[5]"}
    checked = 0
    for row in rows_of(heading):
        split = row[1] if row[1] in (RANDOM, BLOCKS) else None
        cells = results(name, split)
        own = cells[cells["method"] == names.get(row[0], row[0])]
        if len(own):
            assert row[ours] == told(own, "average_accuracy", "kappa"), row
            assert row[ours + 1] == str(len(own)), row
            checked += 1
    assert checked >= 3


def test_class_accuracies_are_those_of_their_file() -> None:
    table = pd.read_csv(RESULTS / "spectraldiff-table-2-classes.csv").set_index(["class", "method"])
    rows = rows_of("### Class by class")
    assert len(rows) == 16
    for class_id, row in enumerate(rows, 1):
        for method, text in zip(("features", "spectra"), row[2:4], strict=True):
            assert text == f"{100 * table.loc[(class_id, method), 'mean']:.1f}", row
