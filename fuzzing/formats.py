"""Everything that is fuzzed, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzzing import bombs, objects
from fuzzing.mutations import break_folder, copied
from fuzzing.real_seeds import real_seeds
from fuzzing.seeds_of_labels import LABELS
from fuzzing.seeds_of_products import PRODUCTS
from fuzzing.seeds_of_results import RESULTS
from fuzzing.seeds_of_scenes import SCENES


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        kind: what it is opened as, a key of :data:`fuzzing.openers.LOOKS`.
        write_seed: writes a whole example into a folder; gives the name to open.
        make: puts a broken example into an empty folder, given the folder of the whole one, the
            name to open there, the empty folder, and a seed of chance; gives what to open.
        n_files: how many different ones there are; None for endlessly many.
    """

    kind: str
    write_seed: Callable[[Path], str]
    make: Callable[[Path, str, Path, str], Any]
    n_files: int | None = None


def _broken_copy(whole: Path, main: str, folder: Path, seed: str) -> Path:
    copied(whole, folder)
    return folder / break_folder(folder, main, seed)


def _nothing(folder: Path) -> str:
    return ""


def all_formats() -> dict[str, Format]:
    """Every format; those of real files only where HSIDIFF_DATA names them."""
    writers = {name: ("scene", writer) for name, writer in (SCENES | PRODUCTS).items()}
    writers |= {name: ("labels", writer) for name, writer in LABELS.items()}
    writers |= RESULTS | real_seeds()
    formats = {name: Format(kind, seed, _broken_copy) for name, (kind, seed) in writers.items()}
    formats["xarray"] = Format("scene", _nothing, lambda _, __, ___, seed: objects.odd_array(seed))
    formats["table"] = Format("labels", _nothing, lambda _, __, ___, seed: objects.table_of(seed))
    formats["geometries"] = Format(
        "labels", _nothing, lambda _, __, folder, seed: folder / objects.write_shapes(folder, seed)
    )
    for name, kind, made in (
        ("bombs", "scene", bombs.SCENES),
        ("label-bombs", "labels", bombs.LABELS),
        ("model-bombs", "model", bombs.MODELS),
    ):
        formats[name] = Format(kind, _nothing, bombs.made_by_number(made), len(made))
    return formats
