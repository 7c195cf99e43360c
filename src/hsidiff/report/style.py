"""The colours that page and charts share; the page's layout is in ``templates/style.css``."""

INK, MUTED, LINE, PAPER, ACCENT = "#1f2a33", "#5b6770", "#d9dfe3", "#f6f8f9", "#0072b2"
# Right and wrong in the confusion matrix: blue and vermilion stay apart for colour-blind readers.
RIGHT, WRONG = (0, 114, 178), (213, 94, 0)
RIGHT_COLOR, WRONG_COLOR = ("#" + bytes(color).hex() for color in (RIGHT, WRONG))
# Colours that colour-blind readers tell apart: those of Okabe and Ito (2008) without their yellow,
# which is lost on white, then four of Paul Tol's "muted" scheme.
METHOD_COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#999933",
    "#332288", "#117733",
)  # fmt: skip


def shade(share: float, color: tuple[int, int, int]) -> tuple[str, str]:
    """Background and ink of a cell of a matrix, as ``#rrggbb``.

    Args:
        share: 0 gives white, 1 the full colour.
        color: red, green, blue; ``RIGHT`` or ``WRONG``.
    """
    # Few pixels must not look like none: small shares get a visible tint (square root).
    strength = share**0.5
    mixed = bytes(round(255 + (part - 255) * strength) for part in color)
    # The luminance contrast of white on either colour passes 4.5:1 only near the full colour.
    return "#" + mixed.hex(), "#ffffff" if strength > 0.9 and color == RIGHT else "#111111"
