// Results as a layer over the scene: which map, what of it, opacity, swipe; export.

import { Accuracy } from "./accuracy.js";
import { tileSource } from "./view.js";

const byId = (id) => document.getElementById(id);
// RIGHT_PIXEL and WRONG_PIXEL of hsidiff/report/style.py, in which the tiles are drawn.
const RIGHT = "#8cc8ee", WRONG = "#b34700";
const LIVE = "live", OPENED = "opened";
const LIVE_KINDS = ["map", "confidence", "entropy", "errors", "difference"];

export class Results {
  // `showLabels` shows the labels, or hides them.
  constructor(scene, map, showLabels) {
    Object.assign(this, { scene, map, showLabels, layers: [], live: { version: 0 }, labels: { version: 0, classes: [] }, shown: "", swipeAt: 0.5 });
    this.accuracy = new Accuracy();
    this.layer = new ol.layer.Tile({ zIndex: 5, visible: false });
    map.addLayer(this.layer);
    for (const id of ["layer", "kind", "other"]) byId(id).onchange = () => this.draw();
    byId("opacity").oninput = () => this.layer.setOpacity(byId("opacity").value / 100);
    byId("opacity").oninput();
    this.addSwipe();
  }

  show(state, labels) {
    const before = this.ids ?? [];
    Object.assign(this, { layers: state.layers, live: state.live, labels });
    this.ids = [...(state.live.version ? [LIVE] : []), ...state.layers.map(({ id }) => id).reverse()];
    byId("results").hidden = !this.ids.length;
    if (this.ids.join() !== before.join()) this.fillLists(this.ids.find((id) => !before.includes(id)));
    this.draw();
    // A trained map is what was waited for; the live one comes while somebody labels.
    const isNew = this.ids.some((id) => id !== LIVE && !before.includes(id));
    if (this.isKnown && isNew) this.goTo();
    this.isKnown = true;
  }

  // Again once the scores are there: what is short cannot be scrolled to the top.
  goTo() {
    const scroll = () => byId("results").scrollIntoView();
    scroll();
    this.accuracy.onceFilled = scroll;
  }

  // A map that is new is shown at once.
  fillLists(newest) {
    const name = (id) => (id === LIVE ? "Live map" : this.about(id).title);
    for (const list of [byId("layer"), byId("other")]) {
      const chosen = list.value;
      list.replaceChildren(...this.ids.map((id) => new Option(name(id), id)));
      if (this.ids.includes(chosen)) list.value = chosen;
    }
    if (newest) byId("layer").value = newest;
    if (byId("other").value === byId("layer").value) byId("other").value = this.ids.find((id) => id !== byId("layer").value) ?? byId("layer").value;
  }

  about(id) { return this.layers.find((layer) => layer.id === id) ?? {}; }

  // Not all that can be shown of one map is known of another.
  offerKinds(id) {
    const known = this.about(id).kinds ?? LIVE_KINDS;
    for (const option of byId("kind").options) {
      const isKnown = known.includes(option.value) && (option.value !== "difference" || this.ids.length > 1);
      option.hidden = option.disabled = !isKnown;
    }
    if (byId("kind").selectedOptions[0]?.disabled ?? true) byId("kind").value = "map";
  }

  // Labels would cover the colours that say where they are right.
  uncover() {
    const isOfLabels = ["held-out", "errors"].includes(byId("kind").value);
    if (isOfLabels === Boolean(this.isUncovered)) return;
    this.isUncovered = isOfLabels;
    this.showLabels(!isOfLabels);
  }

  draw() {
    if (!this.ids.length) { this.layer.setVisible(false); this.shown = ""; return; }
    this.offerKinds(byId("layer").value);
    const [id, kind, other] = [byId("layer").value, byId("kind").value, byId("other").value];
    byId("other").hidden = kind !== "difference";
    this.uncover();
    const versions = [id, other].includes(LIVE) ? `l${this.live.version}` : "";
    // Colours of classes and errors at labels depend on the labels, too.
    const colors = kind === "map" ? this.labels.classes.map(({ id: n, color }) => n + color).join("").replaceAll("#", "") : "";
    const query = new URLSearchParams({ other, v: `${versions}${kind === "errors" ? `e${this.labels.version}` : ""}${colors}` });
    const shown = `${id}/${kind}?${query}`;
    if (shown !== this.shown) {
      this.shown = shown;
      this.layer.setSource(tileSource(this.scene, this.map, (step, col, row) => `tiles/${id}/${kind}/${step}/${col}/${row}.png?${query}`));
      this.layer.setVisible(true);
    }
    this.showLegend(id, kind);
    this.accuracy.show(id, id === LIVE ? this.live.version : 0, this.about(id));
    this.showExports(id);
  }

  showLegend(id, kind) {
    const legend = byId("legend");
    const ramps = { confidence: ["chance", "sure"], entropy: ["one class", "all alike"] };
    if (kind in ramps) {
      legend.innerHTML = `<div class="ramp">${ramps[kind][0]}<i></i>${ramps[kind][1]}</div>`;
      return;
    }
    const pairs = {
      "held-out": [[RIGHT, "predicted right, without having learned it"], [WRONG, "predicted wrong"]],
      errors: [[RIGHT, "map agrees with the label"], [WRONG, "it does not"]],
      difference: [["#ffffff", "same class"], [WRONG, "another class"]],
    };
    // A map from elsewhere may mean another class by a number.
    const own = id === OPENED ? [] : this.labels.classes;
    const known = new Map([...(this.about(id).classes ?? []), ...own].map((c) => [c.id, [c.color, c.name]]));
    legend.replaceChildren(listOf(pairs[kind] ?? [...known.values()]));
  }

  showExports(id) {
    byId("no-export").hidden = id !== LIVE;
    const links = id === LIVE ? [] : [["Map, labels, report (.zip)", `export/${id}.zip`, "main"], ["map.tif", `export/${id}/map.tif`]];
    if (this.about(id).report) links.push(["Report", `export/${id}/report.html`]);
    links.push(["labels.gpkg", "export/labels.gpkg"]);
    byId("exports").replaceChildren(...links.map(([text, href, kind = ""]) => {
      const link = Object.assign(document.createElement("a"), { textContent: text, href, className: kind });
      if (text === "Report") link.target = "_blank";
      return link;
    }));
  }

  toggle() { this.layer.setVisible(!this.layer.getVisible() && this.ids.length > 0); }

  // With swipe the layer ends at a line that can be dragged.
  addSwipe() {
    const [handle, target] = [byId("swipe-handle"), byId("map")];
    const place = () => { handle.style.left = `${100 * this.swipeAt}%`; this.map.render(); };
    byId("swipe").onchange = () => { handle.hidden = !byId("swipe").checked; place(); };
    handle.onpointerdown = (event) => { handle.setPointerCapture(event.pointerId); event.stopPropagation(); };
    handle.onpointermove = (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { left, width } = target.getBoundingClientRect();
      this.swipeAt = Math.min(Math.max((event.clientX - left) / width, 0), 1);
      place();
    };
    this.layer.on("prerender", (event) => {
      const [width, height] = this.map.getSize();
      const corners = [[0, 0], [width * this.swipeAt, 0], [width * this.swipeAt, height], [0, height]];
      const context = event.context;
      context.save();
      if (handle.hidden) return;
      context.beginPath();
      corners.forEach((corner, i) => context[i ? "lineTo" : "moveTo"](...ol.render.getRenderPixel(event, corner)));
      context.closePath();
      context.clip();
    });
    this.layer.on("postrender", ({ context }) => context.restore());
  }
}

function listOf(pairs) {
  const list = Object.assign(document.createElement("ul"), { className: "legend" });
  for (const [color, name] of pairs) {
    const item = document.createElement("li");
    const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
    swatch.style.background = color;
    item.append(swatch, name);
    list.append(item);
  }
  return list;
}
