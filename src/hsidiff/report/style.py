"""The colours that page and charts share; the page's layout is in ``templates/style.css``."""

from hsidiff.labels.hex_colors import rgb

INK, MUTED, LINE, PAPER, ACCENT = "#1f2a33", "#5b6770", "#d9dfe3", "#f6f8f9", "#0072b2"
# Right and wrong, better and worse: blue and vermilion stay apart for colour-blind readers.
RIGHT, WRONG = "#0072b2", "#d55e00"
# On maps, where no number stands beside them, they differ in lightness as well.
RIGHT_PIXEL, WRONG_PIXEL = "#8cc8ee", "#b34700"
# No data is hatched, since white is a colour of the scene.
HATCH = "#aab4bb"
HATCH_CSS = f"repeating-linear-gradient(135deg, {PAPER} 0 3px, {HATCH} 3px 5px)"
# Colours that colour-blind readers tell apart: those of Okabe and Ito (2008) without their yellow,
# which is lost on white, then four of Paul Tol's "muted" scheme.
METHOD_COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#999933",
    "#332288", "#117733",
)  # fmt: skip


def shade(share: float, color: str) -> str:
    """How a cell of a matrix looks, as CSS: 0 gives white, 1 the full colour (``#rrggbb``)."""
    # Few pixels must not look like none: small shares get a visible tint (square root).
    strength = share**0.5
    mixed = bytes(round(255 + (part - 255) * strength) for part in rgb(color))
    # White on blue passes 4.5:1 only near the full colour, black everywhere before; on vermilion
    # black always does.
    ink = "#ffffff" if strength > 0.92 and color == RIGHT else "#000000"
    return f"background-color:#{mixed.hex()};color:{ink};"
