// Results as a layer over the scene: which map, what of it, opacity, swipe; scores and export.

import { tileSource } from "./view.js";

const byId = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const LIVE = "live";

export class Results {
  constructor(scene, map) {
    Object.assign(this, { scene, map, layers: [], live: { version: 0 }, labels: { version: 0, classes: [] }, shown: "", swipeAt: 0.5 });
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
  }

  // A map that is new is shown at once.
  fillLists(newest) {
    const name = (id) => (id === LIVE ? "Live map" : `Map ${id}: ${this.about(id).method}`);
    for (const list of [byId("layer"), byId("other")]) {
      const chosen = list.value;
      list.replaceChildren(...this.ids.map((id) => new Option(name(id), id)));
      if (this.ids.includes(chosen)) list.value = chosen;
    }
    if (newest) byId("layer").value = newest;
    if (byId("other").value === byId("layer").value) byId("other").value = this.ids.find((id) => id !== byId("layer").value) ?? byId("layer").value;
  }

  about(id) { return this.layers.find((layer) => layer.id === id) ?? {}; }

  draw() {
    if (!this.ids.length) { this.layer.setVisible(false); this.shown = ""; return; }
    const [id, kind, other] = [byId("layer").value, byId("kind").value, byId("other").value];
    byId("other").hidden = kind !== "difference";
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
    this.showScores(id);
    this.showExports(id);
  }

  showLegend(id, kind) {
    const legend = byId("legend");
    const ramps = { confidence: ["chance", "sure"], entropy: ["one class", "all alike"] };
    if (kind in ramps) {
      legend.innerHTML = `<div class="ramp">${ramps[kind][0]}<i></i>${ramps[kind][1]}</div>`;
      return;
    }
    const pairs = { errors: [["#0072b2", "map agrees with the label"], ["#d55e00", "it does not"]], difference: [["#ffffff", "same class"], ["#d55e00", "another class"]] };
    const known = new Map([...(this.about(id).classes ?? []), ...this.labels.classes].map((c) => [c.id, [c.color, c.name]]));
    legend.replaceChildren(listOf(pairs[kind] ?? [...known.values()]));
  }

  showScores(id) {
    const { scores, n_labels: nLabels, method, profile } = this.about(id);
    const box = byId("scores");
    if (id === LIVE || !scores) { box.innerHTML = '<p class="hint">The live map is a quick look and has no scores: train a map for them.</p>'; return; }
    const about = paragraph("hint", `${method}${profile ? `, ${profile}` : ""}: fitted to all ${nLabels} labelled pixels.`);
    if (scores.reason) { box.replaceChildren(about, paragraph("caution", scores.reason)); return; }
    const table = document.createElement("table");
    const rows = [["Overall accuracy", percent(scores.overall_accuracy)], ["Average accuracy", percent(scores.average_accuracy)], ["Kappa", scores.kappa === null ? "–" : scores.kappa.toFixed(3)], ["Held-out pixels", `${scores.n_scored} (${scores.n_train} trained)`]];
    for (const row of rows) for (const [i, text] of row.entries()) (i ? table.rows[table.rows.length - 1] : table.insertRow()).insertCell().textContent = text;
    const leakage = `Held out in ${scores.split}: ${percent(scores.receptive_field_share)} of these pixels see a training pixel; position alone, without spectra, reaches ${percent(scores.position_overall_accuracy)}.`;
    const isBlind = scores.position_overall_accuracy >= scores.overall_accuracy;
    const advice = isBlind ? " So these scores say nothing of the spectra yet: label more places, spread over the scene." : "";
    box.replaceChildren(about, table, paragraph("caution", leakage + advice));
  }

  showExports(id) {
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

function paragraph(kind, text) { return Object.assign(document.createElement("p"), { className: kind, textContent: text }); }

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
