"""How QGIS shows a sample that is being labelled: its QML, as QGIS itself writes it."""

from collections.abc import Sequence
from xml.etree import ElementTree

_TO_DO, _DONE = "213,94,0,255", "0,114,178,255"
_EMPTY = '"reference" IS NULL OR "reference" = \'\''


def sample_style(class_names: Sequence[str], side: float) -> str:
    """The text of a style: outlines of the pixels, orange until labelled, then blue.

    In the form of a point ``reference`` is a list of the classes, and nothing else can be changed.

    Args:
        class_names: what may be chosen.
        side: side of a pixel in units of the CRS.
    """
    root = ElementTree.Element("qgis", version="3.22", styleCategories="Symbology|Fields|Forms")
    renderer = ElementTree.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0")
    rules = ElementTree.SubElement(renderer, "rules", key="root")
    symbols = ElementTree.SubElement(renderer, "symbols")
    looks = ((_EMPTY, "to be labelled", _TO_DO), ("ELSE", "labelled", _DONE))
    for number, (condition, label, color) in enumerate(looks):
        ElementTree.SubElement(
            rules, "rule", key=label, filter=condition, label=label, symbol=str(number)
        )
        symbol = ElementTree.SubElement(symbols, "symbol", type="marker", name=str(number))
        layer = ElementTree.SubElement(symbol, "layer", attrib={"class": "SimpleMarker"})
        _add_options(
            layer,
            {
                "name": "square",
                "color": "0,0,0,0",
                "outline_color": color,
                "outline_width": "0.5",
                "size": f"{side:.12g}",
                "size_unit": "MapUnit",
            },
        )
    fields = ElementTree.SubElement(root, "fieldConfiguration")
    field = ElementTree.SubElement(fields, "field", name="reference")
    widget = ElementTree.SubElement(field, "editWidget", type="ValueMap")
    config = ElementTree.SubElement(widget, "config")
    whole = ElementTree.SubElement(config, "Option", type="Map")
    choices = ElementTree.SubElement(whole, "Option", type="List", name="map")
    for name in class_names:
        plain = "".join(letter for letter in name if letter.isprintable())
        _add_options(choices, {plain: plain})
    editable = ElementTree.SubElement(root, "editable")
    for name in ("id", "x", "y", "stratum", "stratum_pixels", "stratum_hectares",
                 "population_pixels", "map_class"):  # fmt: skip
        ElementTree.SubElement(editable, "field", name=name, editable="0")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_options(parent: ElementTree.Element, values: dict[str, str]) -> None:
    """QGIS keeps a dictionary as one ``Option`` of the type ``Map``."""
    whole = ElementTree.SubElement(parent, "Option", type="Map")
    for name, value in values.items():
        ElementTree.SubElement(whole, "Option", type="QString", name=name, value=value)
