"""The style sheet of the report, and the few colours that page and charts share."""

INK, MUTED, LINE, PAPER, ACCENT = "#1f2a33", "#5b6770", "#d9dfe3", "#f6f8f9", "#0072b2"
# Right and wrong in the confusion matrix: blue and vermilion stay apart for colour-blind readers.
RIGHT, WRONG = (0, 114, 178), (213, 94, 0)
# Colours that colour-blind readers tell apart: those of Okabe and Ito (2008) without their yellow,
# which is lost on white, then four of Paul Tol's "muted" scheme.
METHOD_COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#999933",
    "#332288", "#117733",
)  # fmt: skip

STYLE = f"""
:root {{ color-scheme: light; }}
* {{ box-sizing: border-box; }}
body {{
  margin: 0; background: {PAPER}; color: {INK};
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  -webkit-text-size-adjust: 100%;
}}
main {{ max-width: 1200px; margin: 0 auto; padding: 32px 24px 48px; }}
h1 {{ font-size: 1.9rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.2rem; margin: 0 0 12px; }}
h3 {{ font-size: 1rem; margin: 24px 0 8px; overflow-wrap: anywhere; }}
a {{ color: {ACCENT}; }}
p {{ margin: 0 0 12px; max-width: 72ch; }}
.subtitle {{ color: {MUTED}; margin: 4px 0 24px; }}
section {{
  background: #fff; border: 1px solid {LINE}; border-radius: 10px;
  padding: 20px 24px; margin-top: 20px;
}}
.tiles {{ display: grid; gap: 16px; grid-template-columns: repeat(4, minmax(0, 1fr)); }}
.tile {{ background: #fff; border: 1px solid {LINE}; border-radius: 10px; padding: 16px 20px; }}
.tile b {{ display: block; font-size: 2rem; line-height: 1.2; font-weight: 650; }}
.tile span {{ font-weight: 600; }}
.tile small {{ display: block; color: {MUTED}; line-height: 1.4; }}
.more {{ color: {MUTED}; margin: 12px 0 0; }}
.pictures {{ display: flex; flex-wrap: wrap; gap: 20px 24px; align-items: flex-start; }}
figure {{ margin: 0; max-width: 100%; }}
figcaption {{ color: {MUTED}; font-size: .875rem; margin-top: 6px; max-width: 60ch; }}
img {{ display: block; max-width: 100%; height: auto; }}
img.pixels {{ image-rendering: pixelated; }}
.legend {{
  list-style: none; margin: 16px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 6px 20px;
}}
figure .legend {{ margin-top: 8px; font-size: .875rem; }}
.legend li {{ display: flex; align-items: center; overflow-wrap: anywhere; }}
.swatch {{
  flex: none; display: inline-block; width: 14px; height: 14px; margin-right: 8px;
  border: 1px solid rgba(0, 0, 0, .25); border-radius: 3px; vertical-align: -1px;
}}
.contents {{ columns: 3; column-gap: 32px; margin: 0; padding-left: 28px; }}
.contents li {{ break-inside: avoid; overflow-wrap: anywhere; }}
.chart {{ margin: 20px 0 28px; }}
.pictures .chart {{ margin: 12px 0 0; }}
.chart figcaption {{ max-width: 90ch; }}
.data {{ font-size: .875rem; }}
.data th, .data td {{ padding: 5px 8px; }}
.data th, .data td {{ white-space: nowrap; }}
.data .wrapped {{ min-width: 260px; max-width: 360px; white-space: normal; }}
.data .wrapped {{ overflow-wrap: anywhere; }}
.data .ruled > * {{ border-top: 2px solid {MUTED}; }}
.data tbody tr > :first-child {{ position: sticky; left: 0; background: #fff; }}
.note {{ color: {MUTED}; font-size: .875rem; max-width: 90ch; margin: 8px 0 0; }}
section > :last-child {{ margin-bottom: 0; }}
.ramp {{
  display: flex; align-items: center; gap: 8px;
  margin: 8px 0 0; font-size: .875rem; color: {MUTED};
}}
.ramp i {{ width: 180px; height: 12px; border-radius: 3px; }}
.columns {{
  display: grid; gap: 20px 40px; margin-bottom: 16px;
  grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
}}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
th, td {{ padding: 5px 10px; text-align: left; border-bottom: 1px solid {LINE}; }}
thead th {{ color: {MUTED}; font-size: .875rem; font-weight: 600; }}
tbody th {{ font-weight: 400; }}
.number {{ text-align: right; white-space: nowrap; }}
.scores, .bars {{ width: 100%; }}
.bars {{ margin-bottom: 14px; }}
.wide {{ width: 45%; }}
.bar {{ display: block; height: 10px; background: #e9eef1; border-radius: 5px; }}
.bar i {{ display: block; height: 100%; background: {ACCENT}; border-radius: 5px; }}
.matrix td {{ text-align: center; border: 1px solid #fff; min-width: 60px; padding: 5px 6px; }}
.matrix thead th {{ text-align: center; }}
.matrix tbody th {{ white-space: nowrap; }}
.caution {{
  border-left: 4px solid #e69f00; background: #fff8e6; padding: 10px 14px; border-radius: 4px;
}}
dl {{ display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 20px; margin: 0; }}
dt {{ color: {MUTED}; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
pre {{
  overflow-x: auto; background: {PAPER}; padding: 12px; border-radius: 6px; font-size: .8rem;
}}
summary {{ cursor: pointer; margin-top: 14px; color: {MUTED}; }}
footer {{ color: {MUTED}; font-size: .875rem; margin-top: 20px; }}
.swatch, .bar, .bar i, .ramp i, .matrix td, .caution {{
  print-color-adjust: exact; -webkit-print-color-adjust: exact;
}}
@media (max-width: 760px) {{
  main {{ padding: 20px 12px 32px; }}
  section {{ padding: 16px 14px; }}
  .tiles {{ grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }}
  .tile {{ padding: 12px 14px; }}
  .tile b {{ font-size: 1.5rem; }}
  .columns {{ grid-template-columns: minmax(0, 1fr); }}
  .contents {{ columns: 1; }}
  .chart img {{ max-width: none; }}
  .data tbody th {{ white-space: normal; min-width: 84px; }}
  .wide {{ width: 30%; }}
  .scores .wide {{ display: none; }}
  th, td {{ padding: 5px 6px; }}
  dl {{ grid-template-columns: minmax(0, 1fr); }}
  dd {{ margin-bottom: 8px; }}
  img.pixels {{ image-rendering: auto; }}
}}
@media print {{
  body {{ background: #fff; font-size: 11pt; }}
  main {{ padding: 0; max-width: none; }}
  section, .tile {{ border-color: #bbb; }}
  section, figure, tr {{ break-inside: avoid; }}
  .scroll {{ overflow: visible; }}
  .pictures figure {{ max-width: 48%; }}
  .pictures .chart {{ max-width: 100%; }}
  .chart img {{ max-width: 100%; min-width: 0 !important; }}
  .data {{ font-size: .6rem; }}
  .data th, .data td {{ padding: 2px 4px; font-size: .6rem; white-space: normal; }}
  .data .wrapped {{ min-width: 0; }}
  details::details-content {{ content-visibility: visible; }}
}}
"""


def shade(share: float, color: tuple[int, int, int]) -> tuple[str, str]:
    """Background and ink of a cell of a matrix, as ``#rrggbb``.

    Args:
        share: 0 gives white, 1 the full colour.
        color: red, green, blue; ``RIGHT`` or ``WRONG``.
    """
    # Few pixels must not look like none: small shares get a visible tint (square root).
    strength = share**0.5
    mixed = (round(255 + (part - 255) * strength) for part in color)
    # The luminance contrast of white on either colour passes 4.5:1 only near the full colour.
    ink = "#ffffff" if strength > 0.9 and color == RIGHT else "#111111"
    return "#" + "".join(f"{part:02x}" for part in mixed), ink
