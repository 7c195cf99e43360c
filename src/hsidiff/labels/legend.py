"""Names and colours of classes, as raster files keep them.

ENVI keeps them in its header. GDAL keeps the names of a GeoTIFF's classes in a sidecar
``.aux.xml``, as category names or as a raster attribute table; rasterio has no call for either, so
the sidecar is read here. ArcGIS keeps them in a ``.vat.dbf``.
Source: https://gdal.org/en/stable/user/raster_data_model.html
"""

import re
import shutil
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

import pyogrio
from rasterio.io import DatasetReader

from hsidiff.errors import HsidiffWarning, LabelError, one_line
from hsidiff.labels.columns import plain_title
from hsidiff.labels.dbf_text import BYTES, with_right_text
from hsidiff.labels.hex_colors import hex_color
from hsidiff.labels.shapefile_text import check_length
from hsidiff.scenes.formats.envi_header import EnviHeader

_BLACK = "#000000"

ZERO_MEANS = ("unlabelled", "class")
"""What the id 0 may mean in a file of labels; the first unless something says otherwise."""
COUNTS_FROM_0 = (
    "if 0 is a class, give zero='class' (--zero class), which raises all ids by 1 and takes -1 for "
    "unlabelled"
)

_NO_CLASS_NAMES = re.compile(
    r"|not?class(ified)?|un(classified|label+ed|assigned|defined|known|set)|background|"
    r"no(data|label|ne|thing|value)|null|na|nan|empty|void|invalid|mask(ed)?(pixels|out)?|ignored?|"
    r"outside|fill(value)?|unklassifiziert|hintergrund|keine?(klasse|daten)?|class0|0"
)

# Numbers of GDALRATFieldUsage, and what other programs call columns that have no usage.
_COLUMNS = {
    "id": ("5", {"value", "id", "classid", "classvalue", "gridcode", "code"}),
    "name": ("2", {"name", "class", "classname", "label", "landcover", "category"}),
    "red": ("6", {"red", "r"}),
    "green": ("7", {"green", "g"}),
    "blue": ("8", {"blue", "b"}),
}


def means_no_class(name: str) -> bool:
    """Whether a name is one that programs give to id 0, which labels nothing."""
    return bool(_NO_CLASS_NAMES.fullmatch(re.sub(r"[\W_]", "", name.casefold())))


def warn_of_raised_ids(name: str, first_class: str) -> None:
    """Say that labels whose first class has the id 0 were given ids that are one more.

    Args:
        name: what to call the labels.
        first_class: the name of the class with the id 0.
    """
    warnings.warn(
        f"{name}: the class {first_class!r} has the id 0, which means no label here: all ids are "
        "raised by 1",
        HsidiffWarning,
        stacklevel=2,
    )


@dataclass(frozen=True)
class Legend:
    """Names and colours (``#rrggbb``) by class id; either may lack some classes.

    Id 0 has a name where the file gives it one, ``Water`` or ``Unclassified``.
    """

    names: dict[int, str] = field(default_factory=dict)
    colors: dict[int, str] = field(default_factory=dict)

    def over(self, other: "Legend") -> "Legend":
        """This legend, completed by another where it says nothing."""
        return Legend({**other.names, **self.names}, {**other.colors, **self.colors})


def palette_legend(dataset: DatasetReader) -> Legend:
    """Read the colours of band 1 of an open raster file."""
    try:
        palette = dataset.colormap(1)
    except ValueError:  # the band has none
        return Legend()
    colors = {number: hex_color(*rgba[:3]) for number, rgba in palette.items()}
    # GDAL pads palettes with black up to the last number of the type.
    return Legend({}, {number: color for number, color in colors.items() if color != _BLACK})


def envi_legend(header: EnviHeader) -> Legend:
    """Read names and colours of the classes of an ENVI classification.

    Raises:
        LabelError: if a colour is not three numbers in 0..255.
    """
    names = header.fields.get("class names", "").strip("{} \n\t").split(",")
    numbers = header.numbers("class lookup")
    colors = {}
    if numbers is not None:
        try:
            colors = {i: hex_color(*map(int, rgb)) for i, rgb in enumerate(numbers.reshape(-1, 3))}
        except (ValueError, OverflowError) as error:
            raise LabelError(
                f"{header.path}: 'class lookup' must be three numbers in 0..255 per class ({error})"
            ) from error
    return Legend(_by_position([" ".join(name.split()) for name in names]), colors)


def _by_position(names: list[str]) -> dict[int, str]:
    """Names by class id, from a list that starts with id 0, which most often is no class."""
    return {number: name for number, name in enumerate(names) if name}


def sidecar_legend(path: Path) -> Legend:
    """Read names and colours from the sidecar ``.aux.xml`` of a raster file, if there is one.

    Raises:
        LabelError: if the sidecar is broken.
    """
    sidecar = path.with_name(path.name + ".aux.xml")
    return _read_sidecar(sidecar) if sidecar.is_file() else Legend()


def _read_sidecar(path: Path) -> Legend:
    try:
        band = ElementTree.parse(path).find("PAMRasterBand[@band='1']")
        if band is None:
            return Legend()
        categories = [item.text or "" for item in band.iterfind("CategoryNames/Category")]
        table = _read_attribute_table(band.find("GDALRasterAttributeTable"))
    except (ElementTree.ParseError, ValueError, IndexError, OverflowError) as error:
        raise _unreadable(path, error) from error
    return Legend({**table.names, **_by_position(categories)}, table.colors)


def _read_attribute_table(table: ElementTree.Element | None) -> Legend:
    if table is None:
        return Legend()
    rows = [[cell.text or "" for cell in row.iterfind("F")] for row in table.iterfind("Row")]
    return _legend_of_rows(rows, _find_columns(table))


def _legend_of_rows(rows: Iterable[Sequence[Any]], columns: dict[str, int]) -> Legend:
    """The legend in the cells of an attribute table, given where its columns stand."""
    legend = Legend()
    if "id" not in columns:
        return legend
    for cells in rows:
        number = int(float(cells[columns["id"]]))
        text = str(cells[columns["name"]]).strip() if "name" in columns else ""
        if text:
            legend.names[number] = text
        if {"red", "green", "blue"} <= columns.keys():
            rgb = (int(float(cells[columns[key]])) for key in ("red", "green", "blue"))
            legend.colors[number] = hex_color(*rgb)
    return legend


def arcgis_legend(path: Path) -> Legend:
    """Read names and colours from the ``.vat.dbf`` of ArcGIS beside a raster, if there is one.

    Raises:
        LabelError: if the table is broken.
    """
    beside = path.with_name(path.name + ".vat.dbf")
    if not beside.is_file():
        return Legend()
    try:
        with TemporaryDirectory() as folder:  # a name that cannot be taken for an address
            table = Path(folder) / "table.dbf"
            shutil.copyfile(beside, table)
            check_length(table, beside.name)
            rows = pyogrio.read_dataframe(table, read_geometry=False, encoding=BYTES)
    except Exception as error:  # GDAL and Arrow each have their own
        raise _unreadable(beside, error) from error
    rows = with_right_text(rows, beside, beside.name)
    columns: dict[str, int] = {}
    for position, title in enumerate(rows.columns):
        for key, (_, titles) in _COLUMNS.items():
            if plain_title(title) in titles:
                columns.setdefault(key, position)
    try:
        return _legend_of_rows(rows.itertuples(index=False), columns)
    except (TypeError, ValueError, OverflowError) as error:  # cells that are no numbers
        raise _unreadable(beside, error) from error


def _unreadable(path: Path, error: Exception) -> LabelError:
    message = one_line(str(error))
    return LabelError(f"{path}: class names cannot be read ({message}): repair or remove it")


def _find_columns(table: ElementTree.Element) -> dict[str, int]:
    """Position of each column of interest, by its usage or else its name."""
    columns = {}
    for position, definition in enumerate(table.iterfind("FieldDefn")):
        usage = definition.findtext("Usage", "")
        title = plain_title(definition.findtext("Name", ""))
        for key, (number, titles) in _COLUMNS.items():
            if key not in columns and (usage == number or title in titles):
                columns[key] = position
    return columns
